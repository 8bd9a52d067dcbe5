//! A reply to be read for its acts once it is complete.

use std::fmt;

use super::{AssistantJudgement, Window};

/// A reply to be read, and where its acts go.
#[derive(Debug)]
pub struct ReplyTurn {
    /// What the model is shown.
    pub window: Window,
    /// Who is told.
    pub answer: ReplyAnswer,
}

/// Told once what acts a reply shows, or that nobody read it.
pub struct ReplyAnswer(Option<Box<Tell>>);

type Tell = dyn FnOnce(Option<AssistantJudgement>) + Send;

impl ReplyAnswer {
    /// `tell` is called exactly once, on whichever thread it comes to; with `None` if this is dropped unanswered.
    pub fn new(tell: impl FnOnce(Option<AssistantJudgement>) + Send + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    /// Gives the answer.
    pub fn send(mut self, judgement: AssistantJudgement) {
        if let Some(tell) = self.0.take() {
            tell(Some(judgement));
        }
    }
}

impl Drop for ReplyAnswer {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell(None);
        }
    }
}

impl fmt::Debug for ReplyAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyAnswer").finish_non_exhaustive()
    }
}
