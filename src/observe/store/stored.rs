//! One attempt at a turn as the store has it, as an export has it, and as `[records]` writes it: one shape.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::dialogue::Id;

/// Text of a record: a label, or what a peer called something.
pub(super) type Text = Cow<'static, str>;

/// A record read back. What it does not know of one, it passes over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredTurn {
    #[serde(default = "schema")]
    pub(super) schema: u32,
    /// `None` in records of before there were any; see [`StoredTurn::read`].
    pub(super) attempt: Option<Id>,
    pub(super) time: u64,
    pub(super) turn: Option<Id>,
    pub(super) parent: Option<Id>,
    pub(super) conversation: Option<Id>,
    pub(super) conversation_source: Option<Text>,
    pub(super) conversation_given: Option<Id>,
    pub(super) unit: Option<Id>,
    pub(super) unit_source: Option<Text>,
    pub(super) experiment: Option<Text>,
    pub(super) experiment_version: Option<i64>,
    pub(super) arm: Option<Text>,
    pub(super) propensity: Option<f64>,
    pub(super) dialect: Text,
    pub(super) model: Option<Text>,
    pub(super) stream: Option<bool>,
    pub(super) judgement: Option<StoredJudgement>,
    pub(super) triggered: bool,
    pub(super) policy: Text,
    pub(super) config: Text,
    pub(super) act: Text,
    pub(super) delivery: Text,
    pub(super) gap: Option<Text>,
    pub(super) reason: Option<Text>,
    pub(super) bypass: Option<Text>,
    pub(super) held_back: Option<Text>,
    pub(super) request_id: Option<Text>,
    pub(super) traceparent: Option<Text>,
    pub(super) request_bytes: u64,
    pub(super) added_bytes: u64,
    pub(super) read_micros: u64,
    pub(super) own_micros: u64,
    pub(super) judge_micros: u64,
    pub(super) total_micros: Option<u64>,
    pub(super) status: Option<u64>,
    pub(super) ending: Text,
    pub(super) finish_reason: Option<Text>,
    pub(super) usage: Option<StoredUsage>,
    pub(super) first_token_micros: Option<u64>,
    pub(super) response_bytes: u64,
    pub(super) assistant_acts: Option<Vec<Text>>,
    pub(super) complied: Option<bool>,
    pub(super) leaked: Option<bool>,
}

/// The classifier's part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredJudgement {
    pub(super) need: StoredNeed,
    pub(super) gap: Text,
    pub(super) user_act: Text,
    pub(super) emotion: f32,
    pub(super) tokens: u64,
    pub(super) model: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredNeed {
    pub(super) proceed: f64,
    pub(super) assume: f64,
    pub(super) ask: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredUsage {
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
    pub(super) cached_tokens: Option<u64>,
}

fn schema() -> u32 {
    crate::observe::SCHEMA
}

/// Times that a turn can have, in milliseconds: from 2020 on. A day has a table of its own in PostgreSQL.
const FIRST_TIME: u64 = 1_577_836_800_000;
/// How far another machine's clock may be ahead.
const CLOCKS_APART: u64 = 86_400_000;

const MILLIS_A_DAY: u64 = 86_400_000;

impl StoredTurn {
    /// Reads one line of records, or of an export. `now` is in milliseconds since 1970.
    ///
    /// A record without an `attempt` is given one that depends on all of the line, so that the same line is the same attempt.
    ///
    /// # Errors
    /// If it is no record of this schema; the message quotes nothing of it.
    pub(super) fn read(line: &[u8], now: u64) -> Result<Self, String> {
        let mut turn: Self = serde_json::from_slice(line).map_err(|e| match e.classify() {
            serde_json::error::Category::Data => format!("this is no record: {e}"),
            _ => format!("this is no JSON object (column {})", e.column()),
        })?;
        if turn.schema != crate::observe::SCHEMA {
            return Err(format!(
                "this is a record of schema {}; {} is known here",
                turn.schema,
                crate::observe::SCHEMA
            ));
        }
        if turn.time < FIRST_TIME || turn.time > now.saturating_add(CLOCKS_APART) {
            return Err(
                "the time of this record is before 2020 or after tomorrow; it is in milliseconds since 1970".into()
            );
        }
        if turn.attempt.is_none() {
            let mut rest = [0; 10];
            rest.copy_from_slice(&blake3::hash(line.trim_ascii()).as_bytes()[..10]);
            turn.attempt = Some(Id::at_millis(turn.time, rest));
        }
        Ok(turn)
    }

    /// The attempt, which [`read`](Self::read) has seen to.
    pub(super) fn attempt(&self) -> Id {
        self.attempt.unwrap_or_else(|| Id::at_millis(self.time, [0; 10]))
    }

    /// The day under which it is kept, in days since 1970: the attempt's, which never changes.
    pub(super) fn day(&self) -> i64 {
        i64::try_from(self.attempt().millis() / MILLIS_A_DAY).unwrap_or(0)
    }

    /// The experiment, version and unit, where it is in one.
    pub(super) fn unit(&self) -> Option<UnitKey> {
        self.arm.as_ref()?;
        let experiment = self.experiment.clone()?;
        Some(UnitKey { experiment, version: self.experiment_version.unwrap_or(1), unit: self.unit? })
    }
}

/// One unit of one version of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct UnitKey {
    pub(super) experiment: Text,
    pub(super) version: i64,
    pub(super) unit: Id,
}
