//! Tests of what is read from a conversation's messages.

use super::*;
use crate::dialogue::Turn;

pub(super) fn history(turns: &[(Role, &str)]) -> History {
    let turns = turns.iter().map(|&(role, text)| Turn::new(role, text)).collect();
    let conversation = Conversation { turns, tools: false };
    let at = conversation.last_user().unwrap();
    History::before(&conversation, at)
}

#[test]
fn questions_count_but_no_greeting() {
    use Role::{Assistant, User};
    let turns = [
        (Assistant, "Hi! Which topic?"),
        (User, "a"),
        (Assistant, "b or c?"),
        (User, "b"),
        (Assistant, "ok."),
        (User, "d"),
    ];
    let shown = |turns: &[(Role, &str)]| {
        let history = history(turns);
        (history.user_turns, history.questions, history.after_question)
    };
    assert_eq!(shown(&turns[..2]), (0, 0, false));
    assert_eq!(shown(&turns[..4]), (1, 1, true));
    assert_eq!(shown(&turns), (2, 1, false));
}
