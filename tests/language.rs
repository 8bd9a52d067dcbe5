//! The language gate on turns that nobody chose for it: how many short English turns it takes for another language, and how
//! much of other languages it sees.
//!
//! The English turns are the hand-written corpus's, the foreign ones `tests/data/languages/turns.tsv` (seventeen languages,
//! fourteen everyday turns each, of all lengths). The gate was not tuned on either.

#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use groundwire::classify::{Window, is_foreign};
use groundwire::dialogue::{Conversation, Role, Turn};
use serde_json::Value;

/// Characters of a short turn, at most.
const SHORT: usize = 80;
/// Most short English turns that may be abstained on. The product's limit is 1 %; the gate is at .1 %, and a test at the limit
/// itself would not see most of what can break it.
const MOST_ABSTAINED: f64 = 0.002;
/// Of scripts other than Latin nothing may pass; of Latin text, turns too short to tell may.
const LEAST_SEEN: f64 = 0.75;

fn abstains(text: &str) -> bool {
    let conversation = Conversation { turns: vec![Turn::new(Role::User, text)], tools: false };
    is_foreign(&Window::of(&conversation, 0).unwrap())
}

#[test]
fn short_english_turns_are_judged() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/corpus");
    let (mut all, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ext| ext != "jsonl") {
            continue;
        }
        for line in fs::read_to_string(path).unwrap().lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let text = row["text"].as_str().unwrap();
            if row["role"] == "user" && !text.trim().is_empty() && text.chars().count() < SHORT {
                all += 1;
                if abstains(text) {
                    wrong.push(row["id"].as_str().unwrap().to_owned());
                }
            }
        }
    }
    assert!(all > 4000, "only {all} short turns were found");
    assert!((wrong.len() as f64) <= MOST_ABSTAINED * f64::from(all), "{} of {all} abstained: {wrong:?}", wrong.len());
}

#[test]
fn other_languages_are_seen() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/languages/turns.tsv");
    let text = fs::read_to_string(file).unwrap();
    let turns: Vec<(&str, &str)> = text.lines().map(|line| line.split_once('\t').unwrap()).collect();
    let latin = |language: &str| !["ru", "zh", "ja", "ko", "ar", "hi"].contains(&language);
    let passed: Vec<_> = turns.iter().filter(|(_, text)| !abstains(text)).collect();
    assert!(passed.iter().all(|(language, _)| latin(language)), "a turn in another script passed: {passed:?}");
    let all = turns.iter().filter(|(language, _)| latin(language)).count();
    assert!(all > 150);
    assert!(((all - passed.len()) as f64) >= LEAST_SEEN * all as f64, "{} of {all} passed: {passed:?}", passed.len());
}
