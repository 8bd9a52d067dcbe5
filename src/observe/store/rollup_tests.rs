//! Tests of joining and of what came of a unit, by what the user and the assistant did.

use super::feedback::Told;
use super::join::{Attempt, Thread, Usage};
use super::rollup::{Rolled, Spec, roll_up};
use crate::dialogue::{Id, UserAct};

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const BEGAN: u64 = 1_780_000_000_000;

fn id(number: u8) -> Id {
    Id::at_millis(u64::from(number), [number; 10])
}

/// The turn `turn` of a conversation that the application names, after the turn `parent`, at `minute`.
fn turn(minute: u64, turn: u8, parent: Option<u8>, act: UserAct) -> Attempt {
    let time = BEGAN + minute * MINUTE;
    Attempt {
        attempt: Id::at_millis(time, [turn; 10]),
        time,
        ended: time + SECOND,
        thread: Some(Thread { turn: id(turn), parent: parent.map(id), conversation: id(200), explicit: true }),
        arm: "careful".to_owned(),
        triggered: false,
        complete: true,
        machine: false,
        called_tools: false,
        bypassed: false,
        held_back: false,
        acted: false,
        asked: false,
        question: false,
        user_act: Some(act),
        usage: Some(Usage { prompt: 100, completion: 10, cached: Some(50) }),
        first_token_micros: Some(1000),
        complied: None,
        leaked: None,
    }
}

fn triggered(attempt: Attempt) -> Attempt {
    Attempt { triggered: true, ..attempt }
}

/// We asked, and the answer was a question.
fn asked(attempt: Attempt) -> Attempt {
    Attempt { triggered: true, acted: true, asked: true, question: true, ..attempt }
}

fn content(attempt: Attempt) -> Attempt {
    Attempt { thread: attempt.thread.map(|thread| Thread { explicit: false, ..thread }), ..attempt }
}

fn rolled(attempts: &[Attempt]) -> Rolled {
    let spec = Spec::of(24 * 60 * MINUTE, 3);
    let rolled = roll_up(attempts.to_vec(), &[], &spec);
    // In whichever order they were written.
    let mut other = attempts.to_vec();
    other.reverse();
    assert_eq!(roll_up(other, &[], &spec), rolled);
    rolled
}

use UserAct::{Acknowledgment, Answer, FollowUp, Reformulation, RefusesQuestion, Repair, Request};

#[test]
fn an_answered_question_is_resolved_and_no_reformulation() {
    let rolled =
        rolled(&[asked(turn(0, 1, None, Request)), turn(1, 2, Some(1), Reformulation), turn(2, 3, Some(2), FollowUp)]);
    assert_eq!(rolled.resolved, Some(true));
    let counts = rolled.counts;
    assert_eq!((counts.asked, counts.answered, counts.reformulation, counts.abandoned), (1, 1, 0, 0));
    assert_eq!((counts.in_turns, counts.in_conversations, counts.triggers), (3, 1, 1));
    assert_eq!((counts.prompt_tokens, counts.cached_tokens, counts.cacheable_tokens), (300, 150, 300));
    assert_eq!(rolled.first_token.values().sum::<u32>(), 3);
    assert_eq!(rolled.triggered_at, Some(BEGAN));
}

#[test]
fn what_shows_that_an_answer_missed_is_no_resolution() {
    let begin = || triggered(turn(0, 1, None, Request));
    for act in [Repair, UserAct::Challenge, Reformulation] {
        let rolled = rolled(&[begin(), turn(1, 2, Some(1), act)]);
        assert_eq!(rolled.resolved, Some(false), "{act}");
    }
    for act in [FollowUp, Acknowledgment, UserAct::Clarification, UserAct::Hedge, UserAct::TopicSwitch] {
        let rolled = rolled(&[begin(), turn(1, 2, Some(1), act)]);
        assert_eq!(rolled.resolved, Some(true), "{act}");
    }
    // The same turn again after a complete answer.
    let again = rolled(&[begin(), turn(1, 1, None, Request)]);
    assert_eq!((again.resolved, again.counts.regenerate, again.turns), (Some(false), 1, 1));
    // The same history with another turn.
    let edit =
        rolled(&[turn(0, 1, None, Request), triggered(turn(1, 2, Some(1), FollowUp)), turn(2, 3, Some(1), FollowUp)]);
    assert_eq!((edit.resolved, edit.counts.edit, edit.counts.regenerate), (Some(false), 1, 0));
}

#[test]
fn a_retry_is_one_turn_and_no_regenerate() {
    let cut = Attempt { complete: false, ..triggered(turn(0, 1, None, Request)) };
    let retried = rolled(&[cut.clone(), turn(1, 1, None, Request), turn(2, 2, Some(1), Acknowledgment)]);
    assert_eq!(
        (retried.resolved, retried.turns, retried.counts.retry, retried.counts.regenerate),
        (Some(true), 2, 1, 0)
    );
    assert_eq!(retried.counts.failed, 0);
    // One that came before the first was over: its answer was not seen.
    let slow = Attempt { ended: BEGAN + 5 * MINUTE, ..triggered(turn(0, 1, None, Request)) };
    assert_eq!(rolled(&[slow, turn(1, 1, None, Request)]).counts.regenerate, 0);
    // One that never got an answer is not resolved.
    let failed = rolled(&[cut]);
    assert_eq!((failed.resolved, failed.counts.failed), (Some(false), 1));
}

#[test]
fn only_so_many_turns_count_and_none_that_follows_on_a_question() {
    let steps = |acts: &[UserAct]| -> Vec<Attempt> {
        let later = acts.iter().zip(2..).map(|(act, at)| turn(u64::from(at), at, Some(at - 1), *act));
        std::iter::once(triggered(turn(0, 1, None, Request))).chain(later).collect()
    };
    assert_eq!(rolled(&steps(&[FollowUp, FollowUp, Repair])).resolved, Some(false));
    assert_eq!(rolled(&steps(&[FollowUp, FollowUp, FollowUp, Repair])).resolved, Some(true));
    // The question's answer is not one of the three, so the fourth turn is.
    let mut asking = steps(&[Answer, FollowUp, FollowUp, Repair]);
    asking[0] = asked(asking[0].clone());
    assert_eq!(rolled(&asking).resolved, Some(false));
}

#[test]
fn silence_after_our_question_is_apart_from_silence_after_an_answer() {
    let question = rolled(&[asked(turn(0, 1, None, Request))]);
    assert_eq!((question.counts.abandoned, question.counts.left_after_answer, question.resolved), (1, 0, Some(false)));
    let answer = rolled(&[triggered(turn(0, 1, None, Request))]);
    assert_eq!((answer.counts.abandoned, answer.counts.left_after_answer, answer.resolved), (0, 1, Some(true)));
    // The model asked by itself: silence is no abandonment of a question of ours, and no resolution either.
    let theirs = rolled(&[Attempt { question: true, ..triggered(turn(0, 1, None, Request)) }]);
    assert_eq!((theirs.counts.abandoned, theirs.counts.left_after_answer, theirs.resolved), (0, 0, Some(false)));
    // Steered to ask, and the model did not.
    let unheeded = rolled(&[Attempt { question: false, ..asked(turn(0, 1, None, Request)) }]);
    assert_eq!((unheeded.counts.abandoned, unheeded.counts.asked, unheeded.resolved), (0, 1, Some(true)));
    // Too close to the window's end to tell.
    let late = rolled(&[triggered(turn(0, 1, None, Request)), asked(turn(23 * 60 + 45, 2, Some(1), FollowUp))]);
    assert_eq!(late.counts.abandoned, 0);
    let refused = rolled(&[asked(turn(0, 1, None, Request)), turn(1, 2, Some(1), RefusesQuestion)]);
    assert_eq!((refused.counts.refused, refused.counts.answered, refused.counts.abandoned), (1, 0, 0));
}

#[test]
fn nothing_counts_before_the_first_trigger_or_after_the_window() {
    let early = turn(0, 1, None, Request);
    let later = [turn(1, 2, Some(1), Repair), triggered(turn(2, 3, Some(2), FollowUp)), turn(3, 4, Some(3), FollowUp)];
    let after = turn(25 * 60, 5, Some(4), Repair);
    let all: Vec<Attempt> = std::iter::once(early).chain(later).chain([after]).collect();
    let rolled = rolled(&all);
    assert_eq!((rolled.before_turns, rolled.before_negative), (2, 1));
    assert_eq!((rolled.counts.in_turns, rolled.counts.repair, rolled.resolved), (2, 0, Some(true)));
    assert_eq!(rolled.window_ends, Some(BEGAN + 2 * MINUTE + 24 * 60 * MINUTE));
}

#[test]
fn tools_and_machines_take_no_turns() {
    let call = Attempt { called_tools: true, ..triggered(turn(0, 1, None, Request)) };
    let result = Attempt { machine: true, bypassed: true, ..turn(1, 1, None, Request) };
    let unmarked = turn(2, 1, None, Request);
    let title = Attempt { machine: true, bypassed: true, ..turn(3, 9, None, Request) };
    let rolled = rolled(&[call, result, unmarked, title]);
    assert_eq!((rolled.turns, rolled.counts.regenerate, rolled.counts.retry), (1, 0, 0));
    assert_eq!((rolled.counts.prompt_tokens, rolled.resolved), (300, Some(true)));
}

#[test]
fn the_same_opening_hours_later_is_another_conversation() {
    let first = content(triggered(turn(0, 1, None, Request)));
    let soon = rolled(&[first.clone(), content(turn(5, 1, None, Request))]);
    assert_eq!((soon.conversations, soon.counts.regenerate), (1, 1));
    let later =
        rolled(&[first.clone(), content(turn(120, 1, None, Request)), content(turn(121, 2, Some(1), FollowUp))]);
    assert_eq!((later.conversations, later.counts.regenerate, later.counts.edit, later.turns), (2, 0, 0, 3));
    // Where the application says that it is the same conversation, it is.
    let named = rolled(&[triggered(turn(0, 1, None, Request)), turn(120, 1, None, Request)]);
    assert_eq!((named.conversations, named.counts.regenerate), (1, 1));
}

#[test]
fn a_conversation_whose_history_is_cut_goes_on_where_it_is_named() {
    // The client sends the last turns only: no parent is one that we know.
    let named = rolled(&[asked(turn(0, 1, None, Request)), turn(1, 2, Some(77), Reformulation)]);
    assert_eq!((named.counts.answered, named.resolved), (1, Some(true)));
    let unnamed = rolled(&[content(asked(turn(0, 1, None, Request))), content(turn(1, 2, Some(77), Reformulation))]);
    assert_eq!((unnamed.counts.answered, unnamed.counts.reformulation), (0, 1));
}

#[test]
fn more_than_one_arm_is_a_mix() {
    let other = Attempt { arm: "control".to_owned(), ..turn(1, 2, Some(1), FollowUp) };
    let mixed = rolled(&[triggered(turn(0, 1, None, Request)), other]);
    assert_eq!((mixed.mixed, mixed.arm.as_str()), (true, "careful"));
}

#[test]
fn what_the_application_tells_is_of_the_nearest_turn_and_the_last_in_time() {
    let told = |about: Option<u8>, minute: u64, value: f64| Told {
        turn: about.map(id),
        conversation: Some(id(200)),
        name: "kept".to_owned(),
        at: BEGAN + minute * MINUTE,
        value,
        is_flag: true,
    };
    let attempts = vec![triggered(turn(0, 1, None, Request)), turn(1, 2, Some(1), FollowUp)];
    let spec = Spec::of(24 * 60 * MINUTE, 3);
    let kept = |told: &[Told]| roll_up(attempts.clone(), told, &spec).own.get("kept").map(|(value, _)| *value);
    assert_eq!(kept(&[told(Some(1), 10, 1.0)]), Some(1.0));
    assert_eq!(kept(&[told(Some(1), 10, 1.0), told(Some(1), 20, 0.0)]), Some(0.0));
    assert_eq!(kept(&[told(Some(1), 10, 1.0), told(Some(2), 20, 0.0)]), Some(1.0), "the turn that triggered");
    assert_eq!(kept(&[told(Some(1), 10, 1.0), told(Some(1), 25 * 60, 0.0)]), Some(1.0), "after the window");
    assert_eq!(kept(&[told(None, 30 * 60, 1.0)]), None);
    assert_eq!(roll_up(vec![turn(0, 1, None, Request)], &[told(None, 1, 1.0)], &spec).own.len(), 0, "never triggered");
}
