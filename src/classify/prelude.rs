//! What a window on a reply shows beside the reply, kept while the reply is on its way.

use super::window::{CONTEXT_BYTES, Excerpt, LONG_BYTES, Mark, Window, context, marks_before, system, turn_marks};
use crate::dialogue::{Conversation, Role};

/// Bytes of text that a [`Prelude`] keeps at each end of the last message, of the one before it, and of all others.
const PRELUDE_BYTES: [usize; 3] = [CONTEXT_BYTES, 128, 96];
/// Bytes of text that a [`Prelude`] keeps of all messages.
const MOST_PRELUDE: usize = 1_792;

/// What a window on a reply shows beside the reply, kept while the reply is on its way.
///
/// At most 2 KiB of text, so that many streams may be open. That is less than [`Window::of`] keeps, and still more than
/// the model's tokens have room for: as long as a token stands for up to nine bytes, the tokens are the same.
#[derive(Clone, Debug)]
pub struct Prelude {
    context: Vec<Excerpt>,
    system: Option<Excerpt>,
    marks: Vec<Mark>,
}

impl Prelude {
    /// Of the reply that will follow `conversation`.
    pub fn of(conversation: &Conversation<'_>) -> Self {
        let before = &conversation.turns[..];
        // The newest messages get most of the tokens, see the layout of windows; the oldest of many long ones get none.
        let mut context = context(before, |place| PRELUDE_BYTES[place.min(2)]);
        let mut bytes = 0;
        let fitting = context.iter().take_while(|message| {
            bytes += message.head.len() + message.tail.as_ref().map_or(0, String::len);
            bytes <= MOST_PRELUDE
        });
        let fitting = fitting.count();
        context.truncate(fitting);
        context.shrink_to_fit();
        Self { context, system: system(before, PRELUDE_BYTES[1]), marks: marks_before(conversation, before) }
    }

    /// The window on the reply, of which the beginning and, where something was left out, the end are known, and its
    /// length in bytes. `None` for a reply without text.
    pub fn reply(self, head: String, tail: Option<String>, bytes: usize) -> Option<Window> {
        if head.is_empty() {
            return None;
        }
        let turn = Excerpt { role: Role::Assistant, head, tail };
        let mut marks = vec![Mark::JudgedAssistant];
        marks.extend(turn_marks(&turn, bytes > LONG_BYTES));
        marks.extend(self.marks);
        Some(Window { turn, context: self.context, system: self.system, marks })
    }
}

#[cfg(test)]
#[path = "prelude_tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;
