//! What one user turn did.

use serde::Serialize;

use crate::dialogue::UserAct;

/// What one user turn before the judged one did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TurnFacts {
    /// Its place among the conversation's messages.
    pub at: usize,
    /// What it did to the conversation.
    pub act: UserAct,
    /// Whether the classifier says so; otherwise its words do, which is a guess.
    pub judged: bool,
    /// Whether the assistant's message before it asked something.
    pub after_question: bool,
    /// Whether it asks for answers without questions.
    pub just_answer: bool,
    /// Whether it is a question.
    pub asks: bool,
    /// Whether the classifier finds distress in it; where it was not judged, no.
    pub discloses: bool,
    /// Whether it says that the user cannot or will not tell, which is no wish for the rest of the conversation.
    pub(super) unsure: bool,
}

/// What became of an assistant's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The user gave what was asked for.
    Answered,
    /// The user declined to say, or left it to the assistant.
    Refused,
    /// The user went on as if nothing had been asked.
    Ignored,
}

impl TurnFacts {
    /// What this turn makes of the question before it; `None` where none was asked.
    pub fn reply(&self) -> Option<Reply> {
        if !self.after_question {
            return None;
        }
        Some(match self.act {
            _ if self.just_answer => Reply::Refused,
            UserAct::RefusesQuestion => Reply::Refused,
            // A correction of what was asked answers it, too.
            UserAct::Answer | UserAct::Repair | UserAct::Reformulation => Reply::Answered,
            _ => Reply::Ignored,
        })
    }

    /// Whether it says that an answer was not what the user wanted.
    ///
    /// What follows a question is none: an answer often sounds like a correction.
    pub fn is_failure(&self) -> bool {
        !self.after_question && matches!(self.act, UserAct::Repair | UserAct::Challenge | UserAct::Reformulation)
    }

    /// Whether it says what the user wants or how it should be. A question of the user's does not.
    pub fn adds(&self) -> bool {
        use UserAct::{Answer, FollowUp, Reformulation, Repair, Request};
        matches!(self.act, Request | FollowUp | Answer | Repair | Reformulation) && !self.just_answer && !self.asks
    }

    pub(super) fn learn(&mut self, act: UserAct, discloses: bool) {
        (self.act, self.judged, self.discloses) = (act, true, discloses);
        self.just_answer |= self.after_question && act == UserAct::RefusesQuestion && !self.unsure;
    }
}
