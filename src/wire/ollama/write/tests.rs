//! Answers of ours, read back by serde and by our own reader.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wire::{Dialect, ResponseReader, Usage};

fn to(stream: bool, form: AnswerForm) -> ReplyTo {
    ReplyTo {
        model: "llama\"3\"".to_owned(),
        stream,
        form,
        include_usage: true,
        id_seed: [0xAB; 16],
        created: 1_760_000_000,
        created_nanos: 120_000_000,
        echoes: String::new(),
        prompt_tokens: 12,
    }
}

fn form() -> impl Strategy<Value = AnswerForm> {
    prop::sample::select(vec![AnswerForm::Usual, AnswerForm::Completion])
}

/// The text of a line, under the key of its route.
fn said(line: &Value, form: AnswerForm) -> &str {
    let said = match form {
        AnswerForm::Completion => &line["response"],
        _ => &line["message"]["content"],
    };
    said.as_str().unwrap()
}

#[test]
fn errors_are_one_string() {
    let (content_type, body) = Dialect::Ollama.fault(StatusCode::BAD_GATEWAY, "up\nstream");
    assert_eq!((content_type, &body[..]), ("application/json", &br#"{"error":"up\nstream"}"#[..]));
    assert_eq!(Dialect::Ollama.fault_event("cut"), "{\"error\":\"cut\"}\n");
}

#[test]
fn a_whole_answer_has_every_field() {
    let reply = Dialect::Ollama.reply(&to(false, AnswerForm::Usual), "Which \"one\"?");
    let value: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        value,
        json!({
            "model": "llama\"3\"", "created_at": "2025-10-09T08:53:20.120000000Z",
            "message": { "role": "assistant", "content": "Which \"one\"?" },
            "done": true, "done_reason": "stop", "total_duration": 3, "load_duration": 1,
            "prompt_eval_count": 12, "prompt_eval_duration": 1, "eval_count": 3, "eval_duration": 1,
        })
    );
}

proptest! {
    #[test]
    fn a_streamed_answer_says_exactly_the_text(text in any::<String>(), form in form()) {
        let reply = Dialect::Ollama.reply(&to(true, form), &text);
        prop_assert_eq!(reply.content_type, "application/x-ndjson");
        let body = std::str::from_utf8(&reply.body).unwrap();
        let lines: Vec<Value> = body.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect();
        let last = lines.len() - 1;
        for (at, line) in lines.iter().enumerate() {
            prop_assert_eq!(&line["done"], at == last);
            prop_assert_eq!(line.get("done_reason").is_some(), at == last);
            prop_assert_eq!(&line["model"], "llama\"3\"");
        }
        prop_assert_eq!(lines.iter().map(|line| said(line, form)).collect::<String>(), text);
        prop_assert_eq!(said(&lines[last], form), "");
    }

    #[test]
    fn our_own_reader_understands_our_answers(text in ".{0,300}", stream: bool, form in form()) {
        let reply = Dialect::Ollama.reply(&to(stream, form), &text);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, reply.content_type.parse().unwrap())]);
        let mut reader = ResponseReader::new(Dialect::Ollama, StatusCode::OK, &headers);
        reader.feed(&reply.body);
        let reading = reader.finish();
        prop_assert!(reading.complete);
        prop_assert_eq!(reading.finish_reason.as_deref(), Some("stop"));
        let completion_tokens = text.len().div_ceil(4) as u64;
        prop_assert_eq!(reading.usage, Some(Usage { prompt_tokens: 12, completion_tokens, cached_tokens: None }));
        prop_assert_eq!([reading.text.head(), reading.text.tail()].concat(), text);
    }
}
