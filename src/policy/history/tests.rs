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

/// What the second user turn does, after this message of the assistant's.
fn after(assistant: &str, user: &str) -> TurnFacts {
    let turns = [
        (Role::User, "Write an invitation to our party."),
        (Role::Assistant, assistant),
        (Role::User, user),
        (Role::Assistant, "Done."),
        (Role::User, "thanks"),
    ];
    history(&turns).turns[1]
}

#[test]
fn what_a_turn_does_is_told_by_its_words_where_nobody_is_asked() {
    use UserAct::*;
    let (asked, answered) = ("When is it?", "Here it is.");
    for (assistant, user, act) in [
        (answered, "no, I said a dinner", Repair),
        (answered, "that's wrong", Repair),
        (answered, "are you sure?", Challenge),
        (answered, "do you have a source for that?", Challenge),
        (answered, "what do you mean by RSVP?", Clarification),
        (answered, "Write an invitation to our garden party.", Reformulation),
        (answered, "ok thanks!", Acknowledgment),
        (answered, "add a line about parking", FollowUp),
        (asked, "at eight", Answer),
        (asked, "no, at nine", Answer),
        (asked, "no idea", RefusesQuestion),
        (asked, "just pick something", RefusesQuestion),
    ] {
        assert_eq!(after(assistant, user).act, act, "{user}");
    }
    assert_eq!(after(asked, "at eight").reply(), Some(Reply::Answered));
    assert_eq!(after(asked, "no idea").reply(), Some(Reply::Refused));
    assert_eq!(after(asked, "what else is open?").reply(), Some(Reply::Ignored));
    assert_eq!(after(answered, "at eight").reply(), None);
    assert!(!after(asked, "no idea").just_answer && after(asked, "whatever you think").just_answer);
}

#[test]
fn the_phrase_that_is_found_is_the_one_that_is_meant() {
    let found = |text: &str| {
        let words = words::Words::of(&Turn::new(Role::User, text));
        cues::STOP_ASKING.found(&words, &phrase::Starts::of(&words.of))
    };
    assert!(found("please stop asking").is_some_and(|line| line.starts_with("^ stop|quit")));
    assert!(found("Book it without asking me again").is_some_and(|line| line.starts_with("without")));
    assert_eq!(found("how do kids stop asking?"), None);
}

#[test]
fn the_turns_that_matter_most_are_the_same_for_everybody() {
    let said: Vec<(Role, &str)> = (0..12)
        .map(|i| match i % 4 {
            0 => (Role::User, "this"),
            1 => (Role::Assistant, "Which one?"),
            2 => (Role::User, "that"),
            _ => (Role::Assistant, "Done."),
        })
        .chain([(Role::User, "and now")])
        .collect();
    let history = history(&said);
    assert_eq!(history.to_judge(0), Vec::<usize>::new());
    assert_eq!(history.to_judge(1), [10], "what came of the last question");
    assert_eq!(history.to_judge(2), [10, 6], "it was the turn before, too; then what came of the one before it");
    assert_eq!(history.since_question(), Some(1));
}
