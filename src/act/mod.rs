//! From a decision to an intervention: the bytes to forward, or the reply to give.

mod condition;
mod phrase;
mod recap;

pub use phrase::{
    ActWording, CLOSING, Facts, Kind, KindWording, Language, LanguageWording, OPENING, Phrases, Wording, WrongPhrase,
    instruction, question,
};

pub use condition::{asks_for_a_fact, is_crisis};
pub(crate) use condition::{is_of_a_crisis, left_alone};
pub use recap::{Recap, recap};

use bytes::Bytes;

use crate::dialogue::{Delivery, Gap};
use crate::policy::Decision;
use crate::wire::OwnReply;

/// What is done to a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Intervention {
    /// It goes on as it came.
    Pass,
    /// It goes on with this body: as it came, but for the splices of the act.
    Edit(Bytes),
    /// It does not go on: this is the response.
    Reply(OwnReply),
}

/// The words that perform a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Words {
    /// An instruction for the upstream model, to be spliced at the tail of the last user turn.
    Steer(String),
    /// A question for the user.
    Ask(String),
}

impl Phrases {
    /// Finds the words for a decision; `None` where nothing is to be said. [`Facts::force`] is the decision's.
    ///
    /// A decision to reply for whose gap there is no template is steered.
    pub fn words(&self, decision: &Decision, facts: &Facts<'_>) -> Option<Words> {
        let gap = decision.gap.unwrap_or(Gap::VagueGoal);
        let facts = Facts { force: decision.force, ..*facts };
        let steer = || self.instruction(decision.act, gap, &facts).map(Words::Steer);
        match decision.delivery {
            Delivery::Observe => None,
            Delivery::Reply => self.reply(decision.act, gap, &facts).map(Words::Ask).or_else(steer),
            Delivery::Steer | Delivery::Draft => steer(),
        }
    }
}
