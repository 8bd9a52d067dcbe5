//! What a replay found, as JSON has it. All intervals are 95 %, by conversation.

use serde::Serialize;

use crate::dialogue::{Delivery, Gap, GroundingAct, Need};
use crate::policy::Decision;
use crate::stats::Share;

/// What a replay found.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) conversations: u64,
    /// Lines that could not be read.
    pub(super) left_out: u64,
    /// User turns.
    pub(super) turns: u64,
    /// Of these, those that were judged.
    pub(super) judged: u64,
    /// Why turns were left alone or only observed, whatever the policy; of all turns.
    pub(super) left_alone: Vec<Reason>,
    pub(super) policies: Vec<PolicyReport>,
    pub(super) curve: Vec<Point>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diff: Option<Diff>,
}

#[derive(Serialize)]
pub(super) struct Reason {
    pub(super) reason: &'static str,
    #[serde(flatten)]
    pub(super) share: Share,
}

/// What one policy would have done; shares are of the judged turns.
#[derive(Serialize)]
pub(super) struct PolicyReport {
    pub(super) policy: String,
    /// The user is asked before there is an answer: `clarify`, `check`.
    pub(super) questions: Option<Share>,
    /// Anything is done.
    pub(super) acted: Option<Share>,
    pub(super) acts: Vec<Act>,
    #[serde(flatten)]
    pub(super) marked: Asked,
}

#[derive(Serialize)]
pub(super) struct Act {
    pub(super) act: &'static str,
    #[serde(flatten)]
    pub(super) share: Share,
}

/// What a policy does at turns of which it is known what they need; `None` where no turn is so marked.
#[derive(Serialize)]
pub(super) struct Asked {
    /// Questions at turns that are clear.
    pub(super) false_questions: Option<Share>,
    /// Acts of any kind at turns that are clear.
    pub(super) false_acts: Option<Share>,
    /// Questions at turns that need one.
    pub(super) needed_questions: Option<Share>,
}

/// Questions at a threshold of `ambiguity`, never right after a question and at most two in a conversation.
#[derive(Serialize)]
pub(super) struct Point {
    pub(super) threshold: f64,
    pub(super) questions: Option<Share>,
    pub(super) false_questions: Option<Share>,
    pub(super) needed_questions: Option<Share>,
}

/// Where one policy decides otherwise than another.
#[derive(Serialize)]
pub(super) struct Diff {
    pub(super) policy: String,
    pub(super) against: String,
    pub(super) different: Option<Share>,
    /// From what the other does to what the one does.
    pub(super) moves: Vec<Move>,
    pub(super) turns: Vec<Different>,
}

#[derive(Serialize)]
pub(super) struct Move {
    pub(super) from: GroundingAct,
    pub(super) to: GroundingAct,
    pub(super) turns: u64,
}

#[derive(Serialize)]
pub(super) struct Different {
    pub(super) line: u64,
    pub(super) id: Option<String>,
    pub(super) turn: usize,
    pub(super) need: Option<Need>,
    pub(super) policy: Decided,
    pub(super) against: Decided,
}

#[derive(Serialize)]
pub(super) struct Decided {
    pub(super) act: GroundingAct,
    pub(super) delivery: Delivery,
    pub(super) gap: Option<Gap>,
    pub(super) reason: String,
}

impl From<&Decision> for Decided {
    fn from(decision: &Decision) -> Self {
        let gap = decision.gap.filter(|_| !decision.is_none());
        Self { act: decision.act, delivery: decision.delivery, gap, reason: decision.reason.clone().into_owned() }
    }
}
