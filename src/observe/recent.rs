//! The last turns at a glance: what became of them, how long we held them up, and whether most pass for one reason.
//!
//! A proxy that passes nearly everything looks healthy and does nothing. When over half of the last turns were left alone
//! for one reason, that is said in the log, in the metrics and on the admin page, with the setting to change.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use super::{Observer, Reason, Record};
use crate::dialogue::{GroundingAct, Label};

/// Turns that are looked at; and fewer than this many say nothing.
const WINDOW: usize = 256;

/// Looks at the last turns. Clones are one.
#[derive(Clone, Default)]
pub struct Recent(Arc<Mutex<Window>>);

struct Window {
    turns: VecDeque<Turn>,
    /// Turns of the window that each reason holds back.
    held: [usize; Reason::COUNT],
    prevailing: Option<Reason>,
    /// All turns so far, and of them those with each act and each reason.
    total: u64,
    total_acts: [u64; GroundingAct::ALL.len()],
    total_held: [u64; Reason::COUNT],
}

impl Default for Window {
    fn default() -> Self {
        Self {
            turns: VecDeque::with_capacity(WINDOW),
            held: [0; Reason::COUNT],
            prevailing: None,
            total: 0,
            total_acts: [0; GroundingAct::ALL.len()],
            total_held: [0; Reason::COUNT],
        }
    }
}

#[derive(Clone, Copy)]
struct Turn {
    reason: Option<Reason>,
    act: GroundingAct,
    own_micros: u64,
    judge_micros: u64,
}

/// The last turns in numbers.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// How many there are, 256 at most.
    pub turns: usize,
    /// Those on which an act was performed.
    pub acts: usize,
    /// What holds turns back, most frequent first.
    pub held: Vec<(Reason, usize)>,
    /// Microseconds spent in us, classification included: half of the turns took less, 99 in 100 did.
    pub own_micros: (u64, u64),
    /// The same of waiting for the classifier.
    pub judge_micros: (u64, u64),
    /// What holds back over half of them.
    pub prevailing: Option<Reason>,
    /// All turns since the start.
    pub totals: Totals,
}

/// All turns since the start.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Totals {
    /// How many there were.
    pub turns: u64,
    /// Acts that were performed.
    pub acts: Vec<(GroundingAct, u64)>,
    /// What held turns back.
    pub held: Vec<(Reason, u64)>,
}

impl Recent {
    /// Of no turn yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The reason that over half of the last turns were left alone for, if there is one.
    pub fn prevailing(&self) -> Option<Reason> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).prevailing
    }

    /// The last turns in numbers.
    pub fn summary(&self) -> Summary {
        let window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held: Vec<_> = Reason::all().map(|reason| (reason, window.held[reason.index()])).collect();
        held.retain(|(_, turns)| *turns > 0);
        held.sort_by_key(|(_, turns)| std::cmp::Reverse(*turns));
        let quantiles = |of: fn(&Turn) -> u64| {
            let mut micros: Vec<u64> = window.turns.iter().map(of).collect();
            micros.sort_unstable();
            let at = |share: usize| micros.get((micros.len() * share / 100).min(micros.len().saturating_sub(1)));
            (at(50).copied().unwrap_or(0), at(99).copied().unwrap_or(0))
        };
        Summary {
            turns: window.turns.len(),
            acts: window.turns.iter().filter(|turn| turn.act != GroundingAct::None).count(),
            held,
            own_micros: quantiles(|turn| turn.own_micros),
            judge_micros: quantiles(|turn| turn.judge_micros),
            prevailing: window.prevailing,
            totals: window.totals(),
        }
    }
}

impl Window {
    fn totals(&self) -> Totals {
        let acts = GroundingAct::ALL.iter().filter(|act| **act != GroundingAct::None);
        let acts = acts.map(|&act| (act, self.total_acts[act.index()])).filter(|(_, turns)| *turns > 0).collect();
        let held = Reason::all().map(|reason| (reason, self.total_held[reason.index()]));
        Totals { turns: self.total, acts, held: held.filter(|(_, turns)| *turns > 0).collect() }
    }

    /// Takes a turn in; returns what prevails from now on, where that has changed.
    fn push(&mut self, turn: Turn) -> Option<Option<Reason>> {
        if self.turns.len() == WINDOW
            && let Some(reason) = self.turns.pop_front().and_then(|old| old.reason)
        {
            self.held[reason.index()] -= 1;
        }
        self.turns.push_back(turn);
        self.total += 1;
        self.total_acts[turn.act.index()] += 1;
        if let Some(reason) = turn.reason {
            self.held[reason.index()] += 1;
            self.total_held[reason.index()] += 1;
        }
        let now = self.prevails();
        (now != self.prevailing).then(|| {
            self.prevailing = now;
            now
        })
    }

    /// Above a half it begins, below four in ten it ends, so that a share around a half is not told of again and again.
    fn prevails(&self) -> Option<Reason> {
        if self.turns.len() < WINDOW {
            return None;
        }
        let still = self.prevailing.filter(|reason| self.held[reason.index()] * 10 >= WINDOW * 4);
        Reason::all().find(|reason| self.held[reason.index()] * 2 > WINDOW).or(still)
    }
}

impl Observer for Recent {
    fn turn(&self, record: &Arc<Record>) {
        let turn = Turn {
            reason: Reason::of(record),
            act: if record.bypass.is_none() { record.performed() } else { GroundingAct::None },
            own_micros: record.own_micros,
            judge_micros: record.judge_micros,
        };
        let changed = self.0.lock().unwrap_or_else(PoisonError::into_inner).push(turn);
        match changed {
            Some(Some(reason)) => {
                tracing::warn!(%reason, advice = reason.advice(), "over half of the last {WINDOW} turns were left alone for one reason");
            }
            Some(None) => tracing::info!("no reason holds back most turns any more"),
            None => {}
        }
    }
}

impl Collector for Recent {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let prevailing = self.prevailing();
        let help = "1 for the reason that over half of the last 256 turns were left alone for";
        let mut family = encoder.encode_descriptor("prevailing_bypass", help, None, MetricType::Gauge)?;
        for reason in Reason::all() {
            let is = ConstGauge::new(i64::from(prevailing == Some(reason)));
            is.encode(family.encode_family(&[("reason", reason.as_str())])?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recent").field(&self.summary()).finish()
    }
}

#[cfg(test)]
#[path = "recent_tests.rs"]
mod tests;
