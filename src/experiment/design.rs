//! What an analysis must know of an experiment: fixed before the first row, and written down with the rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Metric, guardrails, resolved};

/// What an analysis must know of one version of an experiment.
///
/// It is fixed for the experiment's life: what is changed after data was seen makes intervals mean nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Design {
    /// The experiment.
    pub experiment: String,
    /// Its version: other arms, weights or units are another version, with data of its own.
    pub version: u32,
    /// Weights by arm.
    pub arms: BTreeMap<String, u32>,
    /// The arm that the others are compared with.
    #[serde(default = "control")]
    pub baseline: String,
    /// Milliseconds from a unit's first trigger until its outcomes are frozen.
    pub window_millis: u64,
    /// User turns after the first trigger within which a failure counts.
    #[serde(default = "turns")]
    pub turns: u32,
    /// What the experiment is about.
    #[serde(default = "resolved")]
    pub primary: Metric,
    /// What must not get worse meanwhile.
    #[serde(default = "guardrails")]
    pub guardrails: Vec<Metric>,
    /// The covariate that the primary metric is adjusted by (CUPED), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariate: Option<String>,
    /// How often one of the intervals may miss the truth at any time, over all comparisons of a metric.
    #[serde(default = "alpha")]
    pub alpha: f64,
    /// Triggered units, all arms together, at which intervals are meant to be narrowest; what `plan` says.
    #[serde(default = "horizon")]
    pub horizon: u64,
    /// From this many conversations on a unit is implausibly busy for one user, and flagged.
    #[serde(default = "crowd")]
    pub crowd: u32,
}

impl Design {
    /// A design with the metrics that ship: 24 hours, .05, 4000 units.
    pub fn new(experiment: impl Into<String>, version: u32, arms: impl IntoIterator<Item = (String, u32)>) -> Self {
        Self {
            experiment: experiment.into(),
            version,
            arms: arms.into_iter().collect(),
            baseline: control(),
            window_millis: 24 * 3_600_000,
            turns: turns(),
            primary: resolved(),
            guardrails: guardrails(),
            covariate: None,
            alpha: alpha(),
            horizon: horizon(),
            crowd: crowd(),
        }
    }

    /// The arms that are compared with the baseline.
    pub fn treatments(&self) -> impl Iterator<Item = &str> {
        self.arms.keys().map(String::as_str).filter(|arm| *arm != self.baseline)
    }
}

fn control() -> String {
    "control".to_owned()
}

fn turns() -> u32 {
    3
}

fn alpha() -> f64 {
    0.05
}

fn horizon() -> u64 {
    4000
}

fn crowd() -> u32 {
    100
}
