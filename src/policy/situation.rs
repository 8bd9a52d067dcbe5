//! What a policy may look at.

use crate::classify::{Judgement, ends_in_question};
use crate::dialogue::{Conversation, Role};

/// What a policy may look at when it decides about a turn.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Situation<'a> {
    /// What the classifier says of the turn.
    pub judgement: &'a Judgement,
    /// What came before it.
    pub history: History,
    /// Whether the request offers the model tools, which may settle what the turn leaves open.
    pub tools: bool,
    /// Whether something that only the upstream model can read may settle it: a system prompt, an attachment, a long text.
    pub unseen: bool,
}

impl<'a> Situation<'a> {
    /// The situation of a turn with these facts.
    pub fn new(judgement: &'a Judgement, history: History, tools: bool, unseen: bool) -> Self {
        Self { judgement, history, tools, unseen }
    }
}

/// What the messages before the judged turn show.
///
/// Who asked a question cannot be known from history (a steered question looks like any other), so every question of the
/// assistant counts as asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// User turns before this one.
    pub user_turns: usize,
    /// Assistant messages that ended in a question.
    pub questions: usize,
    /// Whether the last assistant message ended in a question.
    pub after_question: bool,
}

impl History {
    /// Reads what came before the message at `at`.
    pub fn before(conversation: &Conversation<'_>, at: usize) -> Self {
        let mut history = Self::default();
        for turn in &conversation.turns[..at.min(conversation.turns.len())] {
            match turn.role {
                Role::User if turn.is_user_text() => history.user_turns += 1,
                Role::Assistant => {
                    history.after_question = ends_in_question(turn);
                    history.questions += usize::from(history.after_question);
                }
                _ => {}
            }
        }
        history
    }
}
