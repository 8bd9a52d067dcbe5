//! What is kept of the units of one arm.

use std::collections::BTreeMap;

use super::super::{ArmFunnel, Design, Name, UnitRow, Value};
use crate::stats::{Moments, Times};

/// Milliseconds to an hour: the grain of the looks.
pub(super) const HOUR: u64 = 3_600_000;

/// What is kept of one metric in one arm.
#[derive(Clone, Debug, Default)]
pub(super) struct MetricTally {
    /// Of units whose covariate is known, or of all where there is none.
    pub(super) moments: Moments,
    /// Of units whose covariate is not known.
    without: Moments,
    pub(super) times: Times,
    /// Units without a value.
    pub(super) missing: u64,
    /// Whether any value was a ratio.
    pub(super) is_ratio: bool,
    /// Of yes and no: how many of each. `None` once a value was something else.
    pub(super) sides: Sides,
}

/// How many units said yes and no.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sides {
    pub(super) yes: u64,
    pub(super) no: u64,
    pub(super) others: u64,
}

impl MetricTally {
    pub(super) fn add(&mut self, value: Option<&Value>, covariate: Option<f64>) {
        let moments = if covariate.is_some() { &mut self.moments } else { &mut self.without };
        let covariate = covariate.unwrap_or(0.0);
        match value {
            Some(Value::Flag(flag)) => {
                moments.add(f64::from(*flag), 1.0, covariate);
                if *flag { self.sides.yes += 1 } else { self.sides.no += 1 }
            }
            Some(Value::Number(number)) if number.is_finite() => {
                moments.add(*number, 1.0, covariate);
                self.sides.others += 1;
            }
            Some(Value::Ratio([y, m])) if y.is_finite() && m.is_finite() && *m != 0.0 => {
                moments.add(*y, *m, covariate);
                self.is_ratio = true;
                self.sides.others += 1;
            }
            Some(Value::Times(counts)) if counts.iter().any(|(_, count)| *count > 0) => {
                self.times.add(counts);
                self.sides.others += 1;
            }
            // A ratio to nothing, a number that is none, and times that are none say as much as no value.
            _ => self.missing += 1,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
        self.without.merge(&other.without);
        self.times.merge(&other.times);
        self.missing += other.missing;
        self.is_ratio |= other.is_ratio;
        self.sides.yes += other.sides.yes;
        self.sides.no += other.sides.no;
        self.sides.others += other.sides.others;
    }

    /// All units, those of unknown covariate as if it were `at`.
    pub(super) fn whole(&self, at: f64) -> Moments {
        let mut whole = self.without.with_covariate(at);
        whole.merge(&self.moments);
        whole
    }

    /// Units with a value.
    pub(super) fn units(&self) -> u64 {
        self.sides.yes + self.sides.no + self.sides.others
    }
}

/// What is kept of one arm.
#[derive(Clone, Debug)]
pub(super) struct ArmTally {
    pub(super) arm: String,
    /// All units, mixed ones too.
    pub(super) seen: u64,
    pub(super) mixed: u64,
    pub(super) enrolled: u64,
    pub(super) triggered: u64,
    pub(super) ripe: u64,
    asked: u64,
    answered: u64,
    resolved: u64,
    /// The primary metric and the guardrails, of ripe units.
    pub(super) metrics: Vec<MetricTally>,
    /// The primary metric by the hour in which units ripened.
    pub(super) hours: BTreeMap<u64, MetricTally>,
}

impl ArmTally {
    pub(super) fn new(arm: &str, metrics: usize) -> Self {
        Self {
            arm: arm.to_owned(),
            seen: 0,
            mixed: 0,
            enrolled: 0,
            triggered: 0,
            ripe: 0,
            asked: 0,
            answered: 0,
            resolved: 0,
            metrics: vec![MetricTally::default(); metrics],
            hours: BTreeMap::new(),
        }
    }

    /// Counts a unit that is ripe since `ripe_at`.
    pub(super) fn count(&mut self, row: &UnitRow, ripe_at: u64, design: &Design) {
        self.ripe += 1;
        self.asked += u64::from(row.asked);
        self.answered += u64::from(row.asked && row.answered);
        let resolved = matches!(row.outcomes.get(&Name::Borrowed("resolved")), Some(Value::Flag(true)));
        self.resolved += u64::from(resolved);
        let covariate = match &design.covariate {
            None => Some(0.0),
            Some(name) => row.covariates.get(name.as_str()).copied().filter(|x| x.is_finite()),
        };
        let primary = row.outcomes.get(&design.primary.name);
        self.hours.entry(ripe_at / HOUR).or_default().add(primary, covariate);
        self.metrics[0].add(primary, covariate);
        for (tally, metric) in self.metrics[1..].iter_mut().zip(&design.guardrails) {
            tally.add(row.outcomes.get(&metric.name), Some(0.0));
        }
    }

    pub(super) fn funnel(&self, design: &Design) -> ArmFunnel {
        ArmFunnel {
            arm: self.arm.clone(),
            weight: design.arms.get(&self.arm).copied().unwrap_or(0),
            enrolled: self.enrolled,
            triggered: self.triggered,
            ripe: self.ripe,
            asked: self.asked,
            answered: self.answered,
            resolved: self.resolved,
        }
    }
}
