//! The detectors against turns written by hand. They were looked at while the patterns were made, so this holds them to what
//! was reached and says nothing of turns that nobody has seen: the manual says what is known of those.

use std::collections::HashMap;

use super::*;

const TURNS: &str = include_str!("../../../tests/data/crisis.jsonl");

const LATER: &str = include_str!("../../../tests/data/crisis_later.jsonl");

/// Label, text, and which half it is in, told by a hash.
fn turns() -> Vec<(String, String, bool)> {
    TURNS
        .lines()
        .map(|line| {
            let turn: HashMap<String, String> = serde_json::from_str(line).unwrap();
            let held = blake3::hash(turn["text"].as_bytes()).as_bytes()[0] % 2 == 1;
            (turn["label"].clone(), turn["text"].clone(), held)
        })
        .collect()
}

/// The share of turns with this label, in this half, for which `is` holds, and how many there are.
fn share(label: &str, held: bool, is: fn(&str) -> bool) -> (f64, usize) {
    let of: Vec<_> = turns().into_iter().filter(|(l, _, h)| l == label && *h == held).collect();
    (of.iter().filter(|(_, text, _)| is(text)).count() as f64 / of.len() as f64, of.len())
}

#[test]
fn there_are_enough_turns_and_each_is_there_once() {
    let mut all: Vec<_> = turns();
    for (label, least) in [("crisis", 150), ("look-alike", 150), ("factual", 60)] {
        assert!(all.iter().filter(|(l, ..)| l == label).count() >= least, "{label}");
    }
    let total = all.len();
    all.sort();
    all.dedup_by(|a, b| a.1 == b.1);
    assert_eq!(all.len(), total);
}

#[test]
fn a_crisis_is_recognised() {
    let (tuned, _) = share("crisis", false, is_crisis);
    let (recall, of) = share("crisis", true, is_crisis);
    assert!(recall >= 0.98, "recall {recall:.3} of {of}; {tuned:.3} where it was tuned");
}

#[test]
fn look_alikes_are_mostly_told_apart() {
    let (tuned, _) = share("look-alike", false, is_crisis);
    let (rate, of) = share("look-alike", true, is_crisis);
    assert!(rate <= 0.10, "{rate:.3} of {of} taken for a crisis; {tuned:.3} where it was tuned");
}

#[test]
fn questions_for_a_fact_are_recognised_and_questions_for_comfort_are_not() {
    let (recall, of) = share("factual", true, asks_for_a_fact);
    let (tuned, _) = share("factual", false, asks_for_a_fact);
    assert!(recall >= 0.9, "{recall:.3} of {of}; {tuned:.3} where it was tuned");
    for text in [
        "My father died on Sunday. How do I go on?",
        "She left me. What should I do now?",
        "I feel so alone since the funeral.",
        "He died and nobody called. Is it my fault?",
        "We broke up. Why does it hurt so much?",
        "Does it ever get better?",
    ] {
        assert!(!asks_for_a_fact(text), "{text}");
    }
}

#[test]
fn a_crisis_stops_every_act_and_a_fact_only_reflection() {
    use GroundingAct::*;
    for act in [Clarify, Assume, Recap, Reflect, Check] {
        assert!(left_alone(act, "i want to kill myself", Option::None).is_some(), "{act}");
    }
    let fact = "My father died on Sunday. How long may I be off work?";
    assert!(left_alone(Reflect, fact, Some(0.1)).is_some() && left_alone(Clarify, fact, Some(0.1)).is_none());
    assert!(left_alone(Reflect, "My father died on Sunday and I feel numb.", Some(0.49)).is_none());
    assert!(left_alone(Reflect, "My father died on Sunday and I feel numb.", Some(0.5)).is_some());
    assert!(left_alone(None, "i want to kill myself", Some(0.9)).is_none());
}

#[test]
fn of_a_long_text_the_ends_are_read() {
    let long = "The weather was fine that day. ".repeat(10_000);
    assert!(!is_crisis(&long));
    assert!(is_crisis(&format!("{long} i want to kill myself")) && is_crisis(&format!("i want to die. {long}")));
}

#[test]
fn turns_that_were_written_after_the_patterns_are_recognised_by_now() {
    // 37 of the 50 were, the first time: see the manual.
    for line in LATER.lines() {
        let turn: HashMap<String, String> = serde_json::from_str(line).unwrap();
        assert!(is_crisis(&turn["text"]), "{}", turn["text"]);
    }
}
