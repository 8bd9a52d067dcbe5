//! How an experiment stands: everything that a report shows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Metric;

/// How one version of an experiment stands at one time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// The experiment.
    pub experiment: String,
    /// Its version.
    pub version: u32,
    /// When, in milliseconds since 1970 UTC.
    pub at: u64,
    /// How often one of the intervals of a metric may miss the truth at any time.
    pub alpha: f64,
    /// The arm that the others are compared with.
    pub baseline: String,
    /// The verdict.
    pub verdict: Verdict,
    /// What the experiment is about.
    pub primary: MetricStanding,
    /// What must not get worse meanwhile.
    pub guardrails: Vec<MetricStanding>,
    /// How far the units of each arm came.
    pub funnel: Vec<ArmFunnel>,
    /// Whether the data can be trusted.
    pub health: Health,
}

/// What is to be made of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// In one word.
    pub kind: VerdictKind,
    /// The arm that it is about, where it is about one.
    pub arm: Option<String>,
    /// In one sentence.
    pub sentence: String,
}

/// A verdict in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum VerdictKind {
    /// Units are not split as they should be: nothing can be concluded.
    Refused,
    /// Too few units are ripe for an interval.
    TooEarly,
    /// The interval holds zero.
    Undecided,
    /// An arm is better than the baseline, and no guardrail is hurt.
    Better,
    /// An arm is better than the baseline, but a guardrail is hurt.
    Costly,
    /// Every arm that differs from the baseline is worse.
    Worse,
}

/// A metric in every arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricStanding {
    /// Which.
    pub metric: Metric,
    /// How its values are to be shown.
    pub scale: Scale,
    /// Its value in each arm.
    pub arms: Vec<ArmValue>,
    /// Each arm beside the baseline.
    pub comparisons: Vec<Comparison>,
}

/// What the values of a metric are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scale {
    /// Shares from 0 to 1; effects are points, hundredths.
    Share,
    /// Numbers.
    Number,
    /// Microseconds.
    Micros,
}

/// A metric in one arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmValue {
    /// The arm.
    pub arm: String,
    /// Ripe units that have a value.
    pub units: u64,
    /// Ripe units that have none.
    pub missing: u64,
    /// Mean, ratio or quantile; `None` of no unit.
    pub value: Option<f64>,
    /// Its standard error by units; `None` where it cannot be estimated.
    pub error: Option<f64>,
}

/// An interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// One arm beside the baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The arm.
    pub arm: String,
    /// Ripe units of both arms.
    pub units: u64,
    /// The arm's value less the baseline's, adjusted by the covariate where there is one.
    pub effect: Option<f64>,
    /// Where it lies: holds at every look at once and, of several arms, for all of them at once. `None` while too few
    /// units are ripe.
    pub interval: Option<Interval>,
    /// The anytime-valid p-value, adjusted for several arms (Holm).
    pub p: Option<f64>,
    /// Whether `p` is small enough, and which way: `true` where the arm is better.
    pub better: Option<bool>,
    /// The share by which the covariate made the variance smaller.
    pub variance_saved: Option<f64>,
    /// The effect as it stood at every look, oldest first. Only of the primary metric.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<Look>,
}

/// The effect as it stood at one time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Look {
    /// When, in milliseconds since 1970 UTC.
    pub at: u64,
    /// Ripe units of both arms by then.
    pub units: u64,
    /// The effect.
    pub effect: f64,
    /// Where it lies; `None` while too few units were ripe.
    pub interval: Option<Interval>,
}

/// How far the units of one arm came.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ArmFunnel {
    /// The arm.
    pub arm: String,
    /// Its weight.
    pub weight: u32,
    /// Units that were seen, mixed ones left out from here on.
    pub enrolled: u64,
    /// Of these, units of which a turn triggered.
    pub triggered: u64,
    /// Of these, units whose window has closed: those that count.
    pub ripe: u64,
    /// Of these, units that were asked something by us.
    pub asked: u64,
    /// Of these, units that answered.
    pub answered: u64,
    /// Ripe units that were resolved.
    pub resolved: u64,
}

/// Whether the data can be trusted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Health {
    /// Whether all units that were seen are split as the weights say.
    pub enrolled: SampleRatio,
    /// The same of those that triggered and are not mixed.
    pub triggered: SampleRatio,
    /// Units seen in more than one arm, by the arm they were first seen in. They are left out.
    pub mixed: BTreeMap<String, u64>,
    /// Units whose arm is none of the design's. They are left out.
    pub strangers: u64,
    /// Triggered units whose window is still open. They are not counted yet.
    pub unripe: u64,
    /// Units in implausibly many conversations for one user. They are counted: look where the unit comes from.
    pub crowded: u64,
    /// The most conversations of one unit.
    pub most_conversations: u32,
    /// What is wrong, or could be, in words.
    pub warnings: Vec<String>,
}

/// Whether units are split as the weights say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SampleRatio {
    /// Units by arm.
    pub counts: BTreeMap<String, u64>,
    /// The anytime-valid p-value of the split: below .01 look for the cause, below .001 nothing can be concluded.
    pub p: f64,
}
