//! Replies by their words, by their acts, and as careful readers labelled them.
#![allow(clippy::unwrap_used)]

use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;

use super::*;
use crate::wire::{Dialect, ResponseReader};

/// The ends of a reply, as they are kept when it passes.
fn ends(text: &str) -> Ends {
    let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let mut reader = ResponseReader::new(Dialect::Ollama, StatusCode::OK, &headers);
    reader.feed(serde_json::json!({"response": text, "done": true}).to_string().as_bytes());
    reader.finish().text
}

fn by_words(act: GroundingAct, reply: &str) -> Option<bool> {
    complied(act, Signs::of(&ends(reply)), None)
}

#[test]
fn a_question_is_told_by_its_words() {
    let long = "It depends on where you are. ".repeat(80);
    for reply in [
        "Which city do you mean?",
        "Which one do you mean: \"the first\", or \"the second?\"",
        "**Which city?**\n\n- Lisbon\n- Porto\n- something else",
        "Do you mean this?\n```sh\nls\n```\n",
        "どの都市ですか？東京を仮定します。",
        &format!("{long}\n\nWhere do you live?"),
        &format!("Where do you live? {long}"),
        // The beginning and the end that are kept meet in the middle of this question, and of this code.
        &format!("{}Which of the two do you mean?", &long[..630]),
        &format!("{}\n```\nif x: a? b\n{}\n```\nWhich one?", &long[..600], &long[..400]),
        // Of a long reply the end begins inside of code.
        &format!("```\n{long}\n```\nWhich one?"),
    ] {
        assert_eq!(by_words(GroundingAct::Clarify, reply), Some(true), "{reply}");
    }
    for reply in [
        "Lisbon is lovely in May.",
        "Lisbon is lovely in May. Shall I look for a room?",
        "See https://example.org/?q=1 and a ? b : c.",
        "Run this:\n```c\nx = a? b : c; // what?\n```\nThat is all.",
        "```\nwhat?",
        &format!("{long}\n```\nwhat?\n{}\n```\nThat is all.", &long[..400]),
        "",
        &long,
    ] {
        assert_eq!(by_words(GroundingAct::Clarify, reply), Some(false), "{reply}");
    }
}

#[test]
fn an_assumption_is_told_by_its_beginning() {
    for reply in [
        "Assuming you mean the planet: it has no moon.",
        "I\u{2019}ll take \u{201c}it\u{201d} to be the report. Here is the summary.",
        "Taking May as the month, go to Lisbon.",
        "If you mean Python 3, use pathlib.",
        "Sure. I'm going with US dollars here.",
        "I\u{2019}ve taken \"soon\" as this week. Shall I book it?",
    ] {
        assert_eq!(by_words(GroundingAct::Assume, reply), Some(true), "{reply}");
    }
    let late = format!("{} I assume you are fine with that.", "It has three parts. ".repeat(40));
    for reply in ["Mercury has no moon.", "Python, I suppose, and in order?", "I take that back.", &late] {
        assert_eq!(by_words(GroundingAct::Assume, reply), Some(false), "{reply}");
    }
}

#[test]
fn acts_that_were_read_count_too() {
    use AssistantAct::{Acknowledgment, Advice, Answer, Assumption, Clarification, Reflection};
    for (act, reply, acts, wanted) in [
        (GroundingAct::Clarify, "Tell me which city you mean.", &[Clarification][..], Some(true)),
        (GroundingAct::Clarify, "Go to Lisbon. Where else? Rome.", &[Answer], Some(false)),
        (GroundingAct::Clarify, "Try to sleep. Who would not?", &[Advice], Some(false)),
        (GroundingAct::Clarify, "Which city?", &[], Some(true)),
        (GroundingAct::Check, "So by train, yes?", &[Acknowledgment], Some(true)),
        (GroundingAct::Assume, "For a family of four, take the train.", &[Assumption, Answer], Some(true)),
        (GroundingAct::Assume, "Take the train.", &[Answer], Some(false)),
        (GroundingAct::Reflect, "That sounds hard.", &[Reflection], Some(true)),
        (GroundingAct::Reflect, "Try to sleep more.", &[Advice], Some(false)),
        (GroundingAct::FollowUp, "It is 42. Let me know if you want the proof.", &[Answer], Some(true)),
        (GroundingAct::FollowUp, "It is 42. Want two more?", &[], Some(true)),
        (GroundingAct::FollowUp, "It is 42.\n\n\"Shall I go on?\"", &[Answer], Some(true)),
        (GroundingAct::FollowUp, "It is 42.", &[Answer], Some(false)),
        (GroundingAct::Recap, "It is 42.", &[Answer], None),
    ] {
        assert_eq!(complied(act, Signs::of(&ends(reply)), Some(acts)), wanted, "{act}: {reply}");
    }
    assert_eq!(by_words(GroundingAct::Reflect, "That sounds hard."), None, "nobody has read it");
    assert_eq!(by_words(GroundingAct::Repair, "You are right."), None);
}

/// How often the words alone find a label of the corpus's test split, and how often they are right: recall and precision.
fn agreement(act: GroundingAct, labels: &[AssistantAct]) -> (f64, f64) {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/corpus");
    let read = |name: &str| std::fs::read_to_string(corpus.join(name)).unwrap();
    let split: Value = serde_json::from_str(&read("split.json")).unwrap();
    let tested: Vec<&str> = split["test"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let (mut labelled, mut said, mut both) = (0.0, 0.0, 0.0);
    for file in "abcdefghijkmno".chars() {
        for line in read(&format!("{file}.jsonl")).lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            if row["role"] != "assistant" || !tested.contains(&row["id"].as_str().unwrap()) {
                continue;
            }
            let shown = row["assistant_acts"].as_array().unwrap();
            let is_labelled = labels.iter().any(|label| shown.iter().any(|shown| shown == label.as_str()));
            let is_said = by_words(act, row["text"].as_str().unwrap()) == Some(true);
            labelled += f64::from(u8::from(is_labelled));
            said += f64::from(u8::from(is_said));
            both += f64::from(u8::from(is_labelled && is_said));
        }
    }
    assert!(labelled > 10.0, "{act}: {labelled} rows");
    (both / labelled, both / said)
}

#[test]
fn words_alone_agree_with_readers() {
    use AssistantAct::{Assumption, Clarification, FollowUp, UnderstandingCheck};
    for (act, labels, recall, precision) in [
        (GroundingAct::Clarify, &[Clarification, UnderstandingCheck][..], 0.9, 0.75),
        (GroundingAct::Assume, &[Assumption], 0.6, 0.9),
        (GroundingAct::FollowUp, &[FollowUp], 0.6, 0.6),
    ] {
        let found = agreement(act, labels);
        assert!(found.0 >= recall && found.1 >= precision, "{act}: recall and precision {found:?}");
    }
}
