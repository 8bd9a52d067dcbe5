//! Tests of the window over the last turns: when a reason prevails, for how long, and what the numbers are of.

use super::*;
use crate::dialogue::{Bypass, Delivery, HeldBack};
use crate::wire::Dialect;

fn record(change: impl FnOnce(&mut Record)) -> Arc<Record> {
    let mut record = Record::new(Dialect::OpenAiChat, "p".into(), "c".into());
    change(&mut record);
    Arc::new(record)
}

fn tell(recent: &Recent, turns: usize, change: impl Fn(&mut Record)) {
    (0..turns).for_each(|_| recent.turn(&record(&change)));
}

#[test]
fn a_reason_prevails_over_a_half_of_a_full_window_and_ends_below_four_tenths() {
    let recent = Recent::new();
    let saturated = |record: &mut Record| record.bypass = Some(Bypass::Saturated);
    tell(&recent, WINDOW - 1, saturated);
    assert_eq!(recent.prevailing(), None, "too few turns to say so");
    tell(&recent, 1, saturated);
    assert_eq!(recent.prevailing(), Some(Reason::Bypassed(Bypass::Saturated)));
    // Others push them out: a half is still told of, four in ten no more.
    tell(&recent, WINDOW / 2, |_| {});
    assert_eq!(recent.prevailing(), Some(Reason::Bypassed(Bypass::Saturated)));
    let left = |recent: &Recent| recent.summary().held.first().map_or(0, |(_, turns)| *turns);
    while left(&recent) * 10 >= WINDOW * 4 {
        assert!(recent.prevailing().is_some());
        tell(&recent, 1, |_| {});
    }
    assert_eq!(recent.prevailing(), None);
    // And it takes more than a half to begin again.
    tell(&recent, WINDOW - left(&recent), |_| {});
    tell(&recent, WINDOW / 2, saturated);
    assert_eq!(recent.prevailing(), None);
    tell(&recent, 1, saturated);
    assert!(recent.prevailing().is_some());
}

#[test]
fn turns_that_are_only_observed_are_held_back_too() {
    let recent = Recent::new();
    tell(&recent, WINDOW, |record| record.held_back = Some(HeldBack::Tools));
    let prevailing = recent.prevailing();
    assert_eq!(prevailing, Some(Reason::Observed(HeldBack::Tools)));
    assert!(prevailing.is_some_and(|reason| reason.advice().contains("tools = \"steer\"")));
}

#[test]
fn a_summary_counts_acts_and_orders_times() {
    let recent = Recent::new();
    assert_eq!(recent.summary(), Summary::default());
    for micros in 1..=100 {
        recent.turn(&record(|record| {
            record.own_micros = micros;
            record.judge_micros = micros * 10;
            record.act = GroundingAct::Clarify;
            record.delivery = if micros % 2 == 0 { Delivery::Steer } else { Delivery::Observe };
        }));
    }
    let summary = recent.summary();
    assert_eq!((summary.turns, summary.acts), (100, 50), "what is only observed is no act");
    assert_eq!((summary.own_micros, summary.judge_micros), ((51, 100), (510, 1000)));
}

#[test]
fn every_reason_has_a_name_an_index_and_advice_of_its_own() {
    let names: std::collections::BTreeSet<_> = Reason::all().map(Reason::as_str).collect();
    let indices: std::collections::BTreeSet<_> = Reason::all().map(Reason::index).collect();
    assert_eq!((names.len(), indices.len()), (Reason::COUNT, Reason::COUNT));
    assert!(indices.into_iter().eq(0..Reason::COUNT));
    assert!(Reason::all().all(|reason| !reason.advice().is_empty()));
}
