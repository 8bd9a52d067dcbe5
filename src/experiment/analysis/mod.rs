//! From rows of units to how an experiment stands.
//!
//! * **Who counts.** Units enter at their first *trigger*: the first turn on which the treatment would have acted, computed alike in every
//!   arm. Until then every arm did the same, so that leaving the others out biases nothing and saves most of the noise. They count by
//!   the arm that they were *assigned* to, whatever was performed (intention to treat).
//! * **When.** A unit counts once its window has closed, a fixed time after its trigger, for good or ill. Were units counted as soon as
//!   something is known of them, the arm whose outcomes come sooner would look better or worse for that alone.
//! * **How often one looks** does not matter: intervals hold at every look at once ([`ConfidenceSequence`]).
//!
//! Rows come in any order, one at a time, and are not kept.

mod compare;
mod tally;
mod verdict;

use std::collections::BTreeMap;

use super::{ArmFunnel, Comparison, Design, Health, Look, MetricStanding, SampleRatio, Scale, Standing, UnitRow};
use crate::stats::{ConfidenceSequence, holm, sample_ratio_p};
pub(crate) use compare::LEAST_UNITS;
use compare::{arm_value, effect, variance_saved};
use tally::{ArmTally, MetricTally};

/// The most looks that a series shows.
const LOOKS: usize = 200;

/// Adds up rows of one version of one experiment.
#[derive(Clone, Debug)]
pub struct Analysis {
    design: Design,
    now: u64,
    /// In the order of the arms' names.
    arms: Vec<ArmTally>,
    strangers: u64,
    crowded: u64,
    most_conversations: u32,
}

impl Analysis {
    /// An analysis as of `now`, in milliseconds since 1970 UTC: what happens later is not known yet.
    pub fn new(design: Design, now: u64) -> Self {
        let metrics = 1 + design.guardrails.len();
        let arms = design.arms.keys().map(|arm| ArmTally::new(arm, metrics)).collect();
        Self { design, now, arms, strangers: 0, crowded: 0, most_conversations: 0 }
    }

    /// Adds one unit.
    pub fn add(&mut self, row: &UnitRow) {
        if row.enrolled > self.now {
            return;
        }
        let Some(arm) = self.design.arms.keys().position(|arm| *arm == row.arm) else {
            self.strangers += 1;
            return;
        };
        self.crowded += u64::from(row.conversations >= self.design.crowd);
        self.most_conversations = self.most_conversations.max(row.conversations);
        let tally = &mut self.arms[arm];
        tally.seen += 1;
        if row.mixed {
            tally.mixed += 1;
            return;
        }
        tally.enrolled += 1;
        let Some(triggered) = row.triggered.filter(|at| *at <= self.now) else { return };
        tally.triggered += 1;
        let ripe_at = triggered.saturating_add(self.design.window_millis);
        if ripe_at > self.now {
            return;
        }
        tally.count(row, ripe_at, &self.design);
    }

    /// How the experiment stands.
    pub fn standing(&self) -> Standing {
        let mut primary = self.metric(0);
        for comparison in &mut primary.comparisons {
            comparison.looks = self.looks(&comparison.arm);
        }
        let guardrails: Vec<MetricStanding> = (1..=self.design.guardrails.len()).map(|at| self.metric(at)).collect();
        let health = self.health();
        let funnel: Vec<ArmFunnel> = self.arms.iter().map(|tally| tally.funnel(&self.design)).collect();
        let verdict = verdict::of(&self.design, &primary, &guardrails, &health, &funnel);
        Standing {
            experiment: self.design.experiment.clone(),
            version: self.design.version,
            at: self.now,
            alpha: self.design.alpha,
            baseline: self.design.baseline.clone(),
            verdict,
            primary,
            guardrails,
            funnel,
            health,
        }
    }

    /// The sequence by which an arm is compared with the baseline. Each of several gets its share of `alpha` (Bonferroni), so that all
    /// intervals hold at once, and is narrowest when the two arms' share of the horizon is there.
    fn sequence(&self, arm: &str) -> ConfidenceSequence {
        let comparisons = self.design.treatments().count().max(1) as f64;
        let weight = |arm: &str| f64::from(self.design.arms.get(arm).copied().unwrap_or(0));
        let total: f64 = self.design.arms.values().map(|weight| f64::from(*weight)).sum();
        let share = (weight(arm) + weight(&self.design.baseline)) / total.max(1.0);
        ConfidenceSequence::tuned(self.design.alpha / comparisons, self.design.horizon as f64 * share)
    }

    /// Position 0 is the primary metric.
    fn metric(&self, at: usize) -> MetricStanding {
        let metric = match at {
            0 => &self.design.primary,
            guardrail => &self.design.guardrails[guardrail - 1],
        };
        let tally = |arm: &str| self.arms.iter().find(|tally| tally.arm == arm).map(|tally| &tally.metrics[at]);
        let mut comparisons: Vec<Comparison> = Vec::new();
        if let Some(baseline) = tally(&self.design.baseline) {
            for arm in self.design.treatments() {
                let Some(treated) = tally(arm) else { continue };
                let effect = effect(treated, baseline, metric.quantile, &self.sequence(arm));
                comparisons.push(Comparison {
                    arm: arm.to_owned(),
                    units: treated.units() + baseline.units(),
                    effect: effect.as_ref().map(|effect| effect.value),
                    interval: effect.as_ref().and_then(|effect| effect.interval),
                    p: effect.as_ref().and_then(|effect| effect.p),
                    better: None,
                    variance_saved: variance_saved(treated, baseline),
                    looks: Vec::new(),
                });
            }
        }
        // What cannot be compared yet counts among the comparisons all the same.
        let adjusted = holm(&comparisons.iter().map(|c| c.p.unwrap_or(1.0)).collect::<Vec<_>>());
        for (comparison, p) in comparisons.iter_mut().zip(adjusted) {
            comparison.p = comparison.p.map(|_| p);
            let gain = comparison.effect.map(|effect| metric.better.gain(effect));
            let found = comparison.p.is_some_and(|p| p <= self.design.alpha);
            comparison.better = gain.filter(|_| found).map(|gain| gain > 0.0);
            // What is worse by no more than is tolerated is not worse.
            let most = comparison.interval.map(|i| metric.better.gain(i.low).max(metric.better.gain(i.high)));
            let tolerated = metric.tolerance > 0.0 && most.is_none_or(|most| most > -metric.tolerance);
            comparison.better = comparison.better.filter(|better| *better || !tolerated);
        }
        let arms = self.arms.iter().map(|tally| arm_value(&tally.arm, &tally.metrics[at], metric.quantile)).collect();
        let flags = self.arms.iter().all(|tally| tally.metrics[at].sides.others == 0);
        let scale = match metric.quantile {
            Some(_) => Scale::Micros,
            None if metric.share || flags => Scale::Share,
            None => Scale::Number,
        };
        MetricStanding { metric: metric.clone(), scale, arms, comparisons }
    }

    /// The primary effect of `arm` at every hour at which units ripened, thinned to [`LOOKS`].
    fn looks(&self, arm: &str) -> Vec<Look> {
        let series = |arm: &str| self.arms.iter().find(|tally| tally.arm == arm).map(|tally| &tally.hours);
        let (Some(treated), Some(baseline)) = (series(arm), series(&self.design.baseline)) else { return Vec::new() };
        let mut hours: Vec<u64> = treated.keys().chain(baseline.keys()).copied().collect();
        hours.sort_unstable();
        hours.dedup();
        let every = hours.len().div_ceil(LOOKS).max(1);
        let (mut a, mut b) = (MetricTally::default(), MetricTally::default());
        let sequence = self.sequence(arm);
        let mut looks = Vec::new();
        for (i, hour) in hours.iter().enumerate() {
            treated.get(hour).into_iter().for_each(|part| a.merge(part));
            baseline.get(hour).into_iter().for_each(|part| b.merge(part));
            if !(hours.len() - 1 - i).is_multiple_of(every) {
                continue;
            }
            if let Some(effect) = effect(&a, &b, self.design.primary.quantile, &sequence) {
                let at = ((hour + 1) * tally::HOUR).min(self.now);
                looks.push(Look { at, units: a.units() + b.units(), effect: effect.value, interval: effect.interval });
            }
        }
        looks
    }

    fn health(&self) -> Health {
        let split = |count: fn(&ArmTally) -> u64| {
            let counts: BTreeMap<String, u64> =
                self.arms.iter().map(|tally| (tally.arm.clone(), count(tally))).collect();
            let weights: Vec<f64> = self.design.arms.values().map(|weight| f64::from(*weight)).collect();
            let p = sample_ratio_p(&counts.values().copied().collect::<Vec<_>>(), &weights);
            SampleRatio { counts, p }
        };
        let mixed = self.arms.iter().filter(|tally| tally.mixed > 0);
        let mut health = Health {
            enrolled: split(|tally| tally.seen),
            triggered: split(|tally| tally.triggered),
            mixed: mixed.map(|tally| (tally.arm.clone(), tally.mixed)).collect(),
            strangers: self.strangers,
            unripe: self.arms.iter().map(|tally| tally.triggered - tally.ripe).sum(),
            crowded: self.crowded,
            most_conversations: self.most_conversations,
            warnings: Vec::new(),
        };
        health.warnings = verdict::warnings(&self.design, &health, &self.arms);
        health
    }
}
