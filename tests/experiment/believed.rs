//! Whether what is concluded can be believed: the simulations in small. `cargo bench --no-default-features --bench experiments` runs them in full.

use groundwire::experiment::{Plan, VerdictKind};

use crate::simulate::{LOOKS, many, mismatches, mixed, ripening};

#[test]
fn no_effect_is_found_where_there_is_none_however_often_one_looks() {
    let tally = many(400, 1200, 0.6, 0.0);
    assert_eq!(tally.looks, LOOKS);
    // 12 of 400 would be at the bound of what fits .05: fewer are expected.
    assert!(tally.bounds(tally.found).1 <= 0.05, "{tally:?}");
    assert!(tally.bounds(tally.missed_by_narrower).0 > 0.05, "the check must be able to fail: {tally:?}");
    assert!(tally.width() <= 1.6, "{}", tally.width());
}

#[test]
fn an_effect_lies_in_the_interval_at_every_look() {
    let tally = many(400, 1200, 0.6, 0.05);
    assert!(tally.bounds(tally.missed).1 <= 0.05, "{tally:?}");
    assert!(tally.bounds(tally.missed_by_narrower).0 > 0.05, "{tally:?}");
}

#[test]
fn five_points_are_found_with_the_power_that_was_planned() {
    let planned = Plan { power: 0.7, effect: 0.15, ..Plan::of_share(0.6, 0.1, 1000.0) }.work_out().unwrap();
    let tally = many(400, planned.horizon, 0.6, 0.15);
    let (low, high) = tally.bounds(tally.found);
    // Three points beside what chance does to 400 runs.
    assert!(low - 0.03 <= planned.power && planned.power <= high + 0.03, "{} {tally:?}", planned.power);
}

#[test]
fn a_split_as_it_should_be_is_not_refused_and_52_to_48_is() {
    let (refused, suspected) = mismatches(100, 4000, 0.5);
    assert!(refused <= 1 && suspected <= 3, "{refused} {suspected}");
    let (refused, _) = mismatches(20, 24_000, 0.52);
    assert!(refused >= 19, "{refused}");
}

#[test]
fn arms_that_ripen_at_different_speed_show_no_effect() {
    assert_eq!(ripening(6, 1500, 8, [1, 8]), 0);
    // With a window that closes before anything is known of one arm, it would look better.
    assert!(ripening(6, 1500, 1, [1, 8]) >= 5);
}

#[test]
fn units_that_got_into_both_arms_are_counted_and_left_out() {
    let standing = mixed(8000, true);
    assert_eq!((standing.health.mixed["control"], standing.health.mixed["treated"]), (400, 400));
    assert_eq!(standing.verdict.kind, VerdictKind::Undecided, "{}", standing.verdict.sentence);
    assert!(standing.health.warnings.iter().any(|warning| warning.contains("more than one arm")));
    assert_eq!(mixed(8000, false).verdict.kind, VerdictKind::Worse, "nobody would have known");
}
