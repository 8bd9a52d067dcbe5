//! What the classifier says of a turn.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::dialogue::{AssistantAct, Distribution, Gap, Need, UserAct};

/// What the classifier says of a user turn.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Probability of each grade of need, calibrated at the configured base rate.
    pub need: Distribution<Need>,
    /// What is missing, if anything is.
    pub gap: Distribution<Gap>,
    /// What the turn does to the conversation.
    pub user_act: Distribution<UserAct>,
    /// Probability that the user discloses distress of their own.
    pub emotion: f32,
    /// Probability that the turn holds language of a crisis; `None` where the model does not say.
    pub crisis: Option<f32>,
    /// Tokens that the model was shown.
    pub tokens: usize,
    /// The model that judged.
    pub model: ModelId,
}

impl Judgement {
    /// Probability that a question is needed before the turn is answered: `need.ask`.
    pub fn ambiguity(&self) -> f32 {
        self.need.get(Need::Ask)
    }

    /// Probability that the turn needs a question or a stated assumption: `need.assume + need.ask`.
    pub fn underspecified(&self) -> f32 {
        self.need.get(Need::Assume) + self.need.get(Need::Ask)
    }
}

/// What the classifier says of an assistant's message.
#[derive(Clone, Debug)]
pub struct AssistantJudgement {
    /// Probability of each act; independent of one another.
    pub acts: Distribution<AssistantAct>,
    /// Tokens that the model was shown.
    pub tokens: usize,
}

/// The identity of a model: the first 64 bits of the BLAKE3 hash of its files.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModelId(u64);

impl ModelId {
    /// The identity of the model made of these files, in this order.
    pub fn of(files: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for file in files {
            hasher.update(&(file.len() as u64).to_le_bytes());
            hasher.update(file);
        }
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        Self(u64::from_be_bytes(first))
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelId({self})")
    }
}

impl Serialize for ModelId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
