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
        /// Answer now, and state the assumption first.
        Assume = "assume",
    }
}

labels! {
    /// How an act reaches the user.
    Delivery {
        /// One instruction spliced at the tail of the last user turn; the upstream model words the act.
        Steer = "steer",
        /// groundwire answers itself from a template; there is no upstream call.
        Reply = "reply",
        /// Decided and recorded only.
        Observe = "observe",
    }
}
