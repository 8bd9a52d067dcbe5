//! Answers of ours, read back by serde and by our own reader.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::wire::{Dialect, ResponseReader, Usage};

fn to(stream: bool, form: AnswerForm) -> ReplyTo {
    ReplyTo {
        model: "gemini-\"x\"".to_owned(),
        stream,
        form,
        include_usage: true,
        id_seed: [0xAB; 16],
        created: 1_700_000_000,
        created_nanos: 0,
        echoes: String::new(),
        prompt_tokens: 12,
    }
}

fn chunks(reply: &OwnReply, form: AnswerForm) -> Vec<Value> {
    let body = std::str::from_utf8(&reply.body).unwrap();
    if form == AnswerForm::Array {
        return serde_json::from_str(body).unwrap();
    }
    let events = body.split_terminator("\r\n\r\n").map(|event| event.strip_prefix("data: ").unwrap());
    events.map(|event| serde_json::from_str(event).unwrap()).collect()
}

#[test]
fn errors_come_in_googles_envelope() {
    let (content_type, body) = Dialect::Gemini.fault(StatusCode::BAD_GATEWAY, "up\nstream");
    assert_eq!(content_type, "application/json");
    assert_eq!(body, r#"{"error":{"code":502,"message":"up\nstream","status":"UNAVAILABLE"}}"#);
    for (status, name) in [
        (400, "INVALID_ARGUMENT"),
        (413, "INVALID_ARGUMENT"),
        (429, "RESOURCE_EXHAUSTED"),
        (504, "DEADLINE_EXCEEDED"),
        (418, "IM_A_TEAPOT"),
    ] {
        let (_, body) = Dialect::Gemini.fault(StatusCode::from_u16(status).unwrap(), "m");
        let error: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(error["error"], json!({"code": status, "message": "m", "status": name}));
    }
    let event = Dialect::Gemini.fault_event("cut");
    assert_eq!(event, "data: {\"error\":{\"code\":502,\"message\":\"cut\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n");
}

proptest! {
    #[test]
    fn a_whole_answer_says_exactly_the_text(text in any::<String>()) {
        let reply = Dialect::Gemini.reply(&to(false, AnswerForm::Usual), &text);
        let value: Value = serde_json::from_slice(&reply.body).unwrap();
        let answer = text.len().div_ceil(4);
        prop_assert_eq!(value, json!({
            "candidates": [{
                "content": { "parts": [{ "text": text }], "role": "model" }, "finishReason": "STOP", "index": 0,
            }],
            "usageMetadata": {
                "promptTokenCount": 12, "candidatesTokenCount": answer, "totalTokenCount": 12 + answer,
            },
            "modelVersion": "gemini-\"x\"",
            "responseId": "gwabababababababababababababababab",
        }));
    }

    #[test]
    fn a_streamed_answer_says_exactly_the_text(text in any::<String>(), array: bool) {
        let form = if array { AnswerForm::Array } else { AnswerForm::Usual };
        let reply = Dialect::Gemini.reply(&to(true, form), &text);
        let chunks = chunks(&reply, form);
        let last = chunks.len() - 1;
        let mut said = String::new();
        for (at, chunk) in chunks.iter().enumerate() {
            prop_assert_eq!(&chunk["responseId"], "gwabababababababababababababababab");
            prop_assert_eq!(&chunk["modelVersion"], "gemini-\"x\"");
            prop_assert_eq!(&chunk["usageMetadata"]["promptTokenCount"], 12);
            let candidate = &chunk["candidates"][0];
            prop_assert_eq!(candidate.get("finishReason").is_some(), at == last);
            prop_assert_eq!(&candidate["content"]["role"], "model");
            said.push_str(candidate["content"]["parts"][0]["text"].as_str().unwrap());
        }
        prop_assert_eq!(said, text);
    }

    #[test]
    fn our_own_reader_understands_our_answers(text in ".{0,300}", stream: bool, array: bool) {
        let form = if stream && array { AnswerForm::Array } else { AnswerForm::Usual };
        let reply = Dialect::Gemini.reply(&to(stream, form), &text);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, reply.content_type.parse().unwrap())]);
        let mut reader = ResponseReader::new(Dialect::Gemini, StatusCode::OK, &headers);
        reader.feed(&reply.body);
        let reading = reader.finish();
        prop_assert!(reading.complete);
        prop_assert_eq!(reading.finish_reason.as_deref(), Some("STOP"));
        let completion_tokens = text.len().div_ceil(4) as u64;
        prop_assert_eq!(reading.usage, Some(Usage { prompt_tokens: 12, completion_tokens, cached_tokens: None }));
        prop_assert_eq!([reading.text.head(), reading.text.tail()].concat(), text);
    }
}
