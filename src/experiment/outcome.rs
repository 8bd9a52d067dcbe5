//! The outcomes that an experiment is judged by, and which way each is better.

use serde::{Deserialize, Serialize};

use super::Name;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

impl Direction {
    /// An effect in this direction: positive where it is for the better.
    pub fn gain(self, effect: f64) -> f64 {
        match self {
            Self::Higher => effect,
            Self::Lower => -effect,
        }
    }
}

/// One outcome that arms are compared by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Metric {
    /// The name under which rows hold it.
    pub name: Name,
    /// Which way it is better.
    pub better: Direction,
    /// Of times: which quantile of them is compared, 0.95 for the 95th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantile: Option<f64>,
    /// Whether it is a share, from 0 to 1, and is shown in per cent. Flags are, in any case.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub share: bool,
    /// As a guardrail: by how much it may get worse, absolute. What is tried has its price; this is the most that it may be.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tolerance: f64,
    /// What it is, in a few words for people.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub meaning: Name,
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl Metric {
    /// A metric of the application's own.
    pub fn named(name: impl Into<Name>, better: Direction) -> Self {
        Self { name: name.into(), better, quantile: None, share: false, tolerance: 0.0, meaning: Name::Borrowed("") }
    }

    const fn known(name: &'static str, better: Direction, meaning: &'static str) -> Self {
        Self {
            name: Name::Borrowed(name),
            better,
            quantile: None,
            share: false,
            tolerance: 0.0,
            meaning: Name::Borrowed(meaning),
        }
    }
}

/// The primary metric unless another is named: within k user turns of the first trigger nothing showed that the answer
/// missed: no repair, challenge, reformulation, edit or regenerate. A flag.
///
/// The turns that answer a question of ours do not count among the k, and an answer is never a reformulation. Silence
/// after *our question* is no resolution; it is an abandonment.
pub const fn resolved() -> Metric {
    Metric::known(
        "resolved",
        Direction::Higher,
        "resolved without repair, challenge, reformulation, edit or regenerate",
    )
}

/// What must not get worse while the primary metric gets better.
///
/// | name | kind | what |
/// |---|---|---|
/// | `abandoned` | flag | silence after a question of ours until the window closed |
/// | `asks` | ratio | replies that asked, to conversations; half a question more is tolerated |
/// | `false_asks` | ratio | questions of ours that the user refused, waved away or did not answer, to questions of ours |
/// | `first_token` | times | microseconds from forwarding to the first text; its 95th percentile is compared |
/// | `tokens` | ratio | tokens that the upstream reports, prompt and completion, to user turns |
/// | `cached` | ratio | cached prompt tokens to prompt tokens |
/// | `bypassed` | ratio | turns left alone for any reason to user turns |
/// | `failed` | ratio | turns without a complete 2xx answer to user turns |
/// | `leaked` | ratio | replies that quote our instruction to steered turns |
pub fn guardrails() -> Vec<Metric> {
    use Direction::{Higher, Lower};
    let share = |name, better, meaning| Metric { share: true, ..Metric::known(name, better, meaning) };
    let slow = Metric::known("first_token", Lower, "time to the first text, 95th percentile, microseconds");
    vec![
        Metric::known("abandoned", Lower, "silence after a question of ours"),
        Metric { tolerance: 0.5, ..Metric::known("asks", Lower, "questions per conversation, up to half a one more") },
        share("false_asks", Lower, "questions of ours that were refused or not answered"),
        Metric { quantile: Some(0.95), ..slow },
        Metric::known("tokens", Lower, "upstream tokens per user turn"),
        share("cached", Higher, "cached share of prompt tokens"),
        share("bypassed", Lower, "turns left alone for any reason"),
        share("failed", Lower, "turns without a complete answer"),
        share("leaked", Lower, "replies that quote the instruction"),
    ]
}
