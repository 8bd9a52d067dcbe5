//! The messages of a call in the order in which they are listed, and where an instruction can be put.

use super::call::Tail;
use crate::dialogue::{Role, Turn};

/// Messages, as they are read one after the other.
#[derive(Default)]
pub(super) struct Listed<'a> {
    pub(super) turns: Vec<Turn<'a>>,
    pub(super) tail: Option<Tail>,
}

impl<'a> Listed<'a> {
    /// Takes the next message; `end` is where an instruction could be put into it.
    pub(super) fn push(&mut self, turn: Turn<'a>, end: Option<Tail>) {
        self.tail = tail_after(self.tail, turn.role, end);
        self.turns.push(turn);
    }
}

/// Where an instruction can be put once a message of `role`, which ends at `end`, has followed what left `tail`.
pub(super) fn tail_after(tail: Option<Tail>, role: Role, end: Option<Tail>) -> Option<Tail> {
    match role {
        Role::User => end,
        // What follows here refers to the user's message as it was.
        Role::Assistant | Role::Tool => None,
        Role::System => tail,
    }
}
