//! How words alone fare on turns by somebody who had seen neither the phrases nor the code: `tests/data/outside`.
//!
//! What is found here is stated in the manual, and is held so that it gets no worse. Who changes a list of phrases does not read
//! these files: a phrase that was written for one of their turns makes the figures worthless.

#![allow(clippy::unwrap_used)]

use groundwire::act::{is_crisis, recap};
use groundwire::dialogue::{Conversation, Role, Turn};
use groundwire::policy::History;
use serde_json::Value;

fn rows(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/data/outside/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many turns with this label `is` holds for, and how many there are.
fn found(name: &str, label: &str, is: impl Fn(&str) -> bool) -> (usize, usize) {
    let rows = rows(name);
    let of: Vec<_> = rows.iter().filter(|row| row["label"] == label).collect();
    (of.iter().filter(|row| is(row["text"].as_str().unwrap())).count(), of.len())
}

#[test]
fn language_of_a_crisis() {
    let (known, of) = found("crisis", "crisis", is_crisis);
    assert!(of == 100 && known >= 47, "{known} of {of} are known");
    let (mistaken, of) = found("crisis", "look-alike", is_crisis);
    assert!(of == 100 && mistaken <= 26, "{mistaken} of {of} are taken for one");
}

#[test]
fn the_wish_for_no_more_questions() {
    let latches = |text: &str| {
        let turns = vec![
            Turn::new(Role::User, "Plan my trip"),
            Turn::new(Role::Assistant, "Where to? Lisbon, Porto, or somewhere else?"),
            Turn::new(Role::User, text),
        ];
        History::before(&Conversation { turns, tools: false }, 2).just_answer
    };
    let (known, of) = found("just_answer", "latch", latches);
    assert!(of == 60 && known >= 37, "{known} of {of} are known");
    let (mistaken, of) = found("just_answer", "none", latches);
    assert!(of == 60 && mistaken <= 9, "{mistaken} of {of} are taken for one");
}

/// Whether `words` stand in `text`, and not within longer words.
fn carries(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + words.len()..].chars().next());
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}

#[test]
fn corrections_in_words_of_their_own() {
    let (mut valid, mut kept, mut superseded, mut carried) = (0, 0, 0, 0);
    for row in rows("corrections") {
        let texts =
            |key: &str| row[key].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
        let said: Vec<String> = texts("turns");
        let mut turns = Vec::new();
        for text in &said {
            turns.extend([Turn::new(Role::User, text), Turn::new(Role::Assistant, "Noted.")]);
        }
        turns.pop();
        let at = turns.len() - 1;
        let held = recap(&Conversation { turns, tools: false }, at, &|_| None);
        let forwarded = format!("{}\n{}", held.lines.join("\n"), said.last().unwrap()).to_lowercase();
        let count = |wanted: Vec<String>| {
            (wanted.len(), wanted.iter().filter(|words| carries(&forwarded, &words.to_lowercase())).count())
        };
        let ((all, here), (old, still)) = (count(texts("valid")), count(texts("superseded")));
        (valid, kept, superseded, carried) = (valid + all, kept + here, superseded + old, carried + still);
    }
    assert!(valid == 168 && kept >= 162, "{kept} of {valid} that hold are carried");
    assert!(superseded == 61 && carried <= 43, "{carried} of {superseded} that hold no more are carried");
}
