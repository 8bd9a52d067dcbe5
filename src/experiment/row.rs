//! What came of one unit of an experiment: the only thing that an analysis reads.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Design;
use crate::error::Result;

/// The name of an outcome or a covariate.
pub type Name = Cow<'static, str>;

/// One unit of one version of an experiment.
///
/// Everything but `covariates` and `conversations` counts what happened from the unit's first trigger on until the window
/// closed, `triggered + window`; the store adds nothing after that, so that a row which is ripe never changes. Of a unit
/// that did not trigger yet `outcomes` is empty.
///
/// Serialised it is one JSON object, a line of an export.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitRow {
    /// The unit's opaque identity, 32 hexadecimal digits.
    pub unit: String,
    /// The arm that its first record names.
    pub arm: String,
    /// When it was first seen enrolled, in milliseconds since 1970 UTC.
    pub enrolled: u64,
    /// When a turn of it first triggered (the treatment would have acted, in whichever arm it is), in milliseconds since
    /// 1970 UTC; `None` where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggered: Option<u64>,
    /// Whether it, or a conversation it took part in, was seen in more than one arm of this version. Such units are counted
    /// and left out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub mixed: bool,
    /// How many conversations it took part in, while enrolled.
    pub conversations: u32,
    /// Whether we performed an act that asks (`clarify`, `check`), inside the window. Never in `control`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub asked: bool,
    /// Whether the user answered such a question.
    #[serde(default, skip_serializing_if = "is_false")]
    pub answered: bool,
    /// What came of it, by name: [`resolved`](super::resolved), the [guardrails](super::guardrails), and outcomes of the
    /// application's own. What is not known is not here; it is not a zero.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outcomes: BTreeMap<Name, Value>,
    /// What was known of it before its first trigger, by name: to make the estimate sharper (CUPED), never to select.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub covariates: BTreeMap<Name, f64>,
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

/// What is known of one outcome of one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// It happened, or it did not.
    Flag(bool),
    /// A number of the whole unit.
    Number(f64),
    /// A sum and what it is a sum over, such as questions and conversations: `[2, 5]`. Arms are compared by the ratio of
    /// the sums, with units as clusters.
    Ratio([f64; 2]),
    /// Times in microseconds, as counts by [bucket](crate::stats::bucket): `[[96, 3], [97, 1]]`. Arms are compared by a quantile.
    Times(Vec<(u16, u32)>),
}

/// Where rows come from: the store, or a file of JSON lines.
pub trait UnitRows {
    /// The experiments, each version of each, that there are rows of; newest first.
    ///
    /// # Errors
    /// If they cannot be read.
    fn designs(&mut self) -> Result<Vec<Design>>;

    /// Tells `each` every row of one version of one experiment, each unit once, without holding all of them in memory. The order
    /// matters only to the last digit of sums; a store takes that of the units, so that two give the same report byte for byte.
    ///
    /// # Errors
    /// If they cannot be read.
    fn each(&mut self, experiment: &str, version: u32, each: &mut dyn FnMut(UnitRow)) -> Result<()>;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_as_it_is_written() {
        let line = r#"{"unit":"0a","arm":"control","enrolled":1,"triggered":5,"conversations":2,"asked":true,"outcomes":{"asks":[2.0,5.0],"csat":4.5,"first_token":[[96,3]],"resolved":true},"covariates":{"turns":3.0}}"#;
        let row: UnitRow = serde_json::from_str(line).unwrap();
        assert_eq!(row.outcomes["asks"], Value::Ratio([2.0, 5.0]));
        assert_eq!(row.outcomes["first_token"], Value::Times(vec![(96, 3)]));
        assert_eq!(serde_json::to_string(&row).unwrap(), line);
        assert!(
            serde_json::from_str::<UnitRow>(r#"{"unit":"0a","arm":"c","enrolled":1,"conversations":1,"trigered":5}"#)
                .is_err()
        );
    }
}
