//! The grounding acts that are ours to perform, and how an act is delivered.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Label;
use super::label::labels;

labels! {
    /// A grounding act: what is done about a turn before it is answered.
    ///
    /// After Clark and Brennan, *Grounding in Communication* (1991).
    GroundingAct {
        /// Nothing: the turn goes through untouched.
        None = "none",
        /// Ask one question before answering.
        Clarify = "clarify",
        /// Put one understanding up for a yes before answering.
        Check = "check",
        /// Answer now, and state the assumption first.
        Assume = "assume",
        /// Answer each of the two likely readings briefly.
        Branch = "branch",
        /// Restate, at the tail, all that holds so far.
        Recap = "recap",
        /// Send a question, its answer and what was asked first on as one turn.
        Consolidate = "consolidate",
        /// Acknowledge what the user feels before any advice.
        Reflect = "reflect",
        /// Take up the user's correction, restate the corrected understanding, answer from it.
        Repair = "repair",
        /// Re-examine what the user doubts, give the evidence and its limits, hold or concede for a reason.
        Substantiate = "substantiate",
        /// Answer, then make one offer.
        FollowUp = "follow_up",
    }
}

labels! {
    /// How an act reaches the user.
    Delivery {
        /// One instruction spliced at the tail of the last user turn; the upstream model words the act.
        Steer = "steer",
        /// groundwire answers itself from a template; there is no upstream call.
        Reply = "reply",
        /// A short side call to a configured model words the question, or says that none is needed.
        Draft = "draft",
        /// Decided and recorded only.
        Observe = "observe",
    }
}

impl GroundingAct {
    /// Whether the user is asked something before there is an answer.
    pub const fn asks(self) -> bool {
        matches!(self, Self::Clarify | Self::Check)
    }

    /// Whether it is about what a turn leaves open.
    pub const fn is_about_gap(self) -> bool {
        matches!(self, Self::Clarify | Self::Check | Self::Assume | Self::Branch)
    }
}
