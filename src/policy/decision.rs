//! What a policy decided, and why.

use std::borrow::Cow;

use serde::Serialize;

use crate::dialogue::{Delivery, Gap, GroundingAct};

/// What is to be done about a turn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// The act.
    pub act: GroundingAct,
    /// How it reaches the user.
    pub delivery: Delivery,
    /// Whether the upstream model is told to perform the act whatever it knows. Otherwise it is told to perform it only
    /// if neither the conversation nor its tools settle the gap.
    pub force: bool,
    /// What the act is about.
    pub gap: Option<Gap>,
    /// Why, in a few words and with the numbers compared; no word of the conversation.
    pub reason: Cow<'static, str>,
}

impl Decision {
    /// Nothing is done, for this reason.
    pub fn none(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { act: GroundingAct::None, delivery: Delivery::Observe, force: false, gap: None, reason: reason.into() }
    }

    /// Whether nothing is to be done.
    pub fn is_none(&self) -> bool {
        self.act == GroundingAct::None
    }
}
