//! What of a conversation an act needs, read again once a policy has decided that something is to be done.
//!
//! Nearly all turns pass, and of those nothing is read twice.

use bytes::Bytes;
use http::HeaderValue;

use crate::act::{Facts, Language, Phrases, Recap, is_of_a_crisis, left_alone, recap};
use crate::classify::Judgement;
use crate::dialogue::{GroundingAct, UserAct};
use crate::policy::Decision;
use crate::wire::{Call, Dialect};

/// The conversation that an act is performed in; empty where nothing is to be done.
pub(super) struct Scene<'a> {
    call: Option<Call<'a>>,
    recap: Recap,
}

impl<'a> Scene<'a> {
    /// Reads the conversation in `body`, if anything is to be done, in this arm or in another.
    pub(super) fn of(dialect: Dialect, body: &'a Bytes, acts: bool) -> Self {
        // It was read before, so that it can be read.
        Self { call: acts.then(|| dialect.read(body).ok()).flatten(), recap: Recap::default() }
    }

    /// Whether the turn holds language of a crisis, which no act is performed on.
    pub(super) fn is_crisis(&self, judgement: &Judgement) -> bool {
        self.turn().is_some_and(|text| is_of_a_crisis(&text, judgement.crisis))
    }

    /// The decision, with regard to what its act may not be performed on.
    pub(super) fn consider(
        &mut self,
        decision: Decision,
        judgement: &Judgement,
        act_of: &dyn Fn(usize) -> Option<UserAct>,
    ) -> Decision {
        if let Some(why) = self.turn().and_then(|text| left_alone(decision.act, &text, judgement.crisis)) {
            return Decision::none(format!("{}; {why}", decision.reason));
        }
        if matches!(decision.act, GroundingAct::Recap | GroundingAct::Consolidate)
            && let Some(call) = &self.call
            && let Some(at) = call.conversation.last_user()
        {
            self.recap = recap(&call.conversation, at, act_of);
            if self.recap.lines.is_empty() {
                return Decision::none(format!("{}; nothing said before holds", decision.reason));
            }
        }
        decision
    }

    /// The language of what is said to the user: the one that the client accepts, unless the user plainly writes English.
    pub(super) fn language(&self, accepted: Option<&HeaderValue>, phrases: &Phrases) -> Language {
        let wish = || Language::accepted(accepted?.to_str().ok()?, phrases.languages());
        match self.call {
            Some(_) if !self.is_english() => wish().unwrap_or_else(Language::english),
            _ => Language::english(),
        }
    }

    #[cfg(feature = "onnx")]
    fn is_english(&self) -> bool {
        self.turn().is_some_and(|text| crate::classify::is_english(&text))
    }

    #[cfg(not(feature = "onnx"))]
    fn is_english(&self) -> bool {
        false
    }

    /// The text of the turn that was judged.
    pub(super) fn turn(&self) -> Option<String> {
        let conversation = &self.call.as_ref()?.conversation;
        let turn = &conversation.turns[conversation.last_user()?];
        let texts: Vec<_> = turn.texts().filter_map(|text| text.decode()).collect();
        Some(texts.join("\n"))
    }

    /// What the words of the act may speak of.
    pub(super) fn facts<'f>(&'f self, language: &'f Language) -> Facts<'f> {
        Facts { holds: &self.recap.lines, more: self.recap.more, ..Facts::new(language) }
    }
}
