//! `[experiment]` and `[[experiments]]`: which units are in which arm, and what the experiment is about.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::text::{Wrong, text_value};
use super::{Config, Period, Whole};
use crate::experiment::{Arm, CONTROL, Design, Direction, Experiment, Experiments, Metric, UnitSource, resolved};
use crate::policy::{Policy, is_shipped};

/// One experiment. Everything but `enrol` is fixed for the life of a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct ExperimentTable {
    /// The name, under which its data is kept.
    pub name: ExperimentName,
    /// The version: other arms, weights or units are another one, with data of its own.
    #[serde(default = "first")]
    pub version: Whole<1, 1_000_000>,
    /// What is assigned to arms.
    #[serde(default)]
    pub unit: Unit,
    /// Per cent of its units that are exposed. Raising it moves nobody.
    #[serde(default = "everybody")]
    pub enrol: Whole<0, 100>,
    /// The layer whose units the experiments share; another name deals them anew.
    #[serde(default = "layer")]
    pub layer: String,
    /// Which per cents of the layer's units are this experiment's, such as `0-50`.
    #[serde(default)]
    pub slice: Slice,
    /// The share of turns on which an arm would act that are decided by chance; up to .5.
    #[serde(default)]
    pub explore: f64,
    /// The arm that the others are compared with.
    #[serde(default = "control")]
    pub baseline: String,
    /// What the experiment is about: `resolved`, or an outcome of the application's own.
    #[serde(default = "primary")]
    pub primary: String,
    /// Which way the primary outcome is better.
    #[serde(default = "higher")]
    pub primary_better: Direction,
    /// Time from a unit's first trigger until its outcomes are frozen.
    #[serde(default = "day")]
    pub window: Period,
    /// User turns after the first trigger within which a failure counts.
    #[serde(default = "three")]
    pub turns: Whole<1, 100>,
    /// What was known of a unit before, that the primary outcome is adjusted by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covariate: Option<String>,
    /// How often an interval may miss the truth, over all looks and comparisons.
    #[serde(default = "alpha")]
    pub alpha: f64,
    /// Triggered units at which intervals are to be narrowest: what `groundwire plan` says.
    #[serde(default = "horizon")]
    pub horizon: Whole<10, 1_000_000_000>,
    /// Conversations from which on a unit is implausibly busy for one user.
    #[serde(default = "crowd")]
    pub crowd: Whole<2, 1_000_000>,
    /// Weights by arm, which add up to 100. `control`, one of the policies that ship, or a `[policies.NAME]`.
    pub arms: BTreeMap<String, Whole<1, 99>>,
}

const fn first() -> Whole<1, 1_000_000> {
    Whole::clamped(1)
}

const fn everybody() -> Whole<0, 100> {
    Whole::clamped(100)
}

fn layer() -> String {
    "default".to_owned()
}

fn control() -> String {
    CONTROL.to_owned()
}

fn primary() -> String {
    resolved().name.into_owned()
}

const fn higher() -> Direction {
    Direction::Higher
}

const fn day() -> Period {
    Period::secs(86_400)
}

const fn three() -> Whole<1, 100> {
    Whole::clamped(3)
}

const fn alpha() -> f64 {
    0.05
}

const fn horizon() -> Whole<10, 1_000_000_000> {
    Whole::clamped(4000)
}

const fn crowd() -> Whole<2, 1_000_000> {
    Whole::clamped(100)
}

impl ExperimentTable {
    /// What an analysis must know of it.
    pub fn design(&self) -> Design {
        let weights = self.arms.iter().map(|(arm, weight)| (arm.clone(), u32::try_from(weight.get()).unwrap_or(0)));
        let known = resolved();
        let primary = match self.primary == known.name {
            true => Metric { better: self.primary_better, ..known },
            false => Metric::named(self.primary.clone(), self.primary_better),
        };
        Design {
            baseline: self.baseline.clone(),
            window_millis: u64::try_from(self.window.0.as_millis()).unwrap_or(u64::MAX),
            turns: u32::try_from(self.turns.get()).unwrap_or(u32::MAX),
            primary,
            covariate: self.covariate.clone(),
            alpha: self.alpha,
            horizon: self.horizon.get() as u64,
            crowd: u32::try_from(self.crowd.get()).unwrap_or(u32::MAX),
            ..Design::new(self.name.0.clone(), self.version(), weights)
        }
    }

    fn version(&self) -> u32 {
        u32::try_from(self.version.get()).unwrap_or(u32::MAX)
    }

    fn split(&self, policy: impl Fn(&str) -> Arc<dyn Policy>) -> Experiment {
        let percent = |whole: usize| u8::try_from(whole).unwrap_or(100);
        let arms = self.arms.iter().map(|(name, weight)| {
            let weight = u32::try_from(weight.get()).unwrap_or(0);
            if name == CONTROL { Arm::control(weight) } else { Arm::new(name, weight, policy(name)) }
        });
        Experiment::new(&self.name.0, self.version(), arms)
            .enrol(percent(self.enrol.get()))
            .explore(self.explore)
            .slice(self.slice.from, self.slice.to)
    }

    /// Whether only what may change within a version differs.
    pub(crate) fn same_but_for_exposure(&self, other: &Self) -> bool {
        Self { enrol: other.enrol, ..self.clone() } == *other
    }

    /// Name and version, by which its data is told from others'.
    pub(crate) fn key(&self) -> (&str, usize) {
        (&self.name.0, self.version.get())
    }
}

impl Config {
    /// All experiments, with the path under which each stands.
    pub(super) fn tables(&self) -> impl Iterator<Item = (Vec<String>, &ExperimentTable)> {
        let one = self.experiment.iter().map(|table| (vec!["experiment".to_owned()], table));
        let many = self.experiments.iter().enumerate();
        one.chain(many.map(|(i, table)| (vec!["experiments".to_owned(), i.to_string()], table)))
    }

    /// The experiments as they are run; `None` where there are none.
    pub fn experiments(&self) -> Option<Experiments> {
        let (_, first) = self.tables().next()?;
        let all = self.tables().map(|(_, table)| table.split(|name| self.policy_named(name)));
        Some(Experiments::new(first.unit.0.clone(), &first.layer, all))
    }

    /// What an analysis must know of each experiment.
    pub fn designs(&self) -> Vec<Design> {
        self.tables().map(|(_, table)| table.design()).collect()
    }

    /// The name of an experiment that is in both, under the same version, and differs in more than how many are exposed.
    pub(crate) fn changed_experiment(&self, old: &Self) -> Option<String> {
        let mut tables = self.tables();
        // An arm is what its policy does, too.
        let policies = |config: &Self, table: &ExperimentTable| -> Vec<String> {
            table.arms.keys().filter(|arm| *arm != CONTROL).map(|arm| config.policy_named(arm).definition()).collect()
        };
        let changed = tables.find(|(_, new)| {
            let mut before = old.tables().filter(|(_, old)| old.key() == new.key());
            before.any(|(_, before)| !before.same_but_for_exposure(new) || policies(old, before) != policies(self, new))
        });
        changed.map(|(_, table)| table.name.to_string())
    }

    /// Whether there is a policy of this name.
    pub(super) fn has_policy(&self, name: &str) -> bool {
        name == CONTROL || self.policies.contains_key(name) || is_shipped(name)
    }
}

/// The name of an experiment: small letters, digits, `-` and `_`, up to 64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentName(String);

impl FromStr for ExperimentName {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
            let fix = "write up to 64 small letters, digits, `-` and `_`, such as \"ask-or-assume\"";
            return Err(Wrong::new(format!("{} is no name of an experiment", Wrong::shown(text)), fix));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ExperimentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value!(ExperimentName, "a name in quotes, such as \"ask-or-assume\"");

/// Where units come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit(pub UnitSource);

impl Default for Unit {
    fn default() -> Self {
        Self(UnitSource::Conversation)
    }
}

impl FromStr for Unit {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let fix = "write \"conversation\", \"header:NAME\" or \"body:KEY\", such as \"header:x-groundwire-user\"";
        text.parse().map(Self).map_err(|why| Wrong::new(format!("{} {why}", Wrong::shown(text)), fix))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(Unit, "a kind of unit in quotes, such as \"header:x-groundwire-user\"");

/// Per cents of a layer's units, `FROM-TO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The first.
    pub from: u8,
    /// The one behind the last.
    pub to: u8,
}

impl Default for Slice {
    fn default() -> Self {
        Self { from: 0, to: 100 }
    }
}

impl Slice {
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

impl FromStr for Slice {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let bounds =
            text.split_once('-').and_then(|(from, to)| Some((from.trim().parse().ok()?, to.trim().parse().ok()?)));
        match bounds {
            Some((from, to)) if from < to && to <= 100 => Ok(Self { from, to }),
            _ => {
                let fix = "write the per cents it goes from and to, such as \"0-50\" and \"50-100\"";
                Err(Wrong::new(format!("{} is no slice", Wrong::shown(text)), fix))
            }
        }
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

text_value!(Slice, "per cents in quotes, such as \"0-50\"");
