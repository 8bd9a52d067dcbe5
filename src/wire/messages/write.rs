//! Answers and errors of our own, in the order of fields and events that Anthropic's servers send.
//!
//! Every event has its name in a line of its own: the SDKs drop events without.

use std::fmt::Write;

use bytes::Bytes;
use http::StatusCode;

use crate::wire::call::estimate_tokens;
use crate::wire::escape::Quoted;
use crate::wire::reply::{EVENT_STREAM, JSON, OwnReply, ReplyTo, pieces};

/// What identifiers of answers start with: a shape that clients know, and a mark that no model gave it.
const ID: &str = "msg_gw";

pub(super) fn whole(to: &ReplyTo, text: &str) -> OwnReply {
    let content = format!(r#"{{"type":"text","text":{}}}"#, Quoted(text));
    OwnReply { content_type: JSON, body: message(to, &content, r#""end_turn""#, estimate_tokens(text.len())).into() }
}

pub(super) fn stream(to: &ReplyTo, text: &str) -> OwnReply {
    let mut out = String::with_capacity(text.len() * 16 + 1024);
    let mut event = |kind: &str, members: &str| {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "event: {kind}\ndata: {{\"type\":\"{kind}\"{members}}}\n\n");
    };
    // As the servers do, the beginning counts a token of the answer, and the end all of them.
    event("message_start", &format!(r#","message":{}"#, message(to, "", "null", 1)));
    event("content_block_start", r#","index":0,"content_block":{"type":"text","text":""}"#);
    for piece in pieces(text) {
        let delta = format!(r#","index":0,"delta":{{"type":"text_delta","text":{}}}"#, Quoted(piece));
        event("content_block_delta", &delta);
    }
    event("content_block_stop", r#","index":0"#);
    let usage = format!(r#"{{"output_tokens":{}}}"#, estimate_tokens(text.len()));
    let end = format!(r#","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{usage}"#);
    event("message_delta", &end);
    event("message_stop", "");
    OwnReply { content_type: EVENT_STREAM, body: out.into() }
}

fn message(to: &ReplyTo, content: &str, stop_reason: &str, output_tokens: u64) -> String {
    format!(
        concat!(
            r#"{{"id":{id},"type":"message","role":"assistant","model":{model},"content":[{content}],"#,
            r#""stop_reason":{stop_reason},"stop_sequence":null,"usage":{{"input_tokens":{input},"#,
            r#""cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{output}}}}}"#,
        ),
        id = Quoted(&to.id(ID)),
        model = Quoted(&to.model),
        content = content,
        stop_reason = stop_reason,
        input = to.prompt_tokens,
        output = output_tokens,
    )
}

/// The error envelope; clients decide by status and `type`. After the list of errors in Anthropic's reference.
pub(super) fn fault(status: StatusCode, message: &str) -> Bytes {
    let kind = match status.as_u16() {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        503 | 529 => "overloaded_error",
        400..500 => "invalid_request_error",
        _ => "api_error",
    };
    envelope(message, kind).into()
}

pub(super) fn fault_event(message: &str) -> Bytes {
    format!("event: error\ndata: {}\n\n", envelope(message, "api_error")).into()
}

fn envelope(message: &str, kind: &str) -> String {
    format!(r#"{{"type":"error","error":{{"type":"{kind}","message":{}}}}}"#, Quoted(message))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use http::HeaderMap;
    use http::header::CONTENT_TYPE;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::{Dialect, Reading, ResponseReader, Usage};

    const DIALECT: Dialect = Dialect::AnthropicMessages;

    fn to(stream: bool) -> ReplyTo {
        ReplyTo {
            model: "claude-\"x\"".to_owned(),
            stream,
            include_usage: true,
            id_seed: [0xAB; 16],
            created: 1_700_000_000,
            created_nanos: 0,
            form: crate::wire::AnswerForm::Usual,
            echoes: String::new(),
            prompt_tokens: 12,
        }
    }

    fn read_back(reply: &OwnReply) -> Reading {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, reply.content_type.parse().unwrap())]);
        let mut reader = ResponseReader::new(DIALECT, StatusCode::OK, &headers);
        reader.feed(&reply.body);
        reader.finish()
    }

    #[test]
    fn errors_come_in_the_dialect() {
        for (status, kind) in [
            (400, "invalid_request_error"),
            (408, "invalid_request_error"),
            (413, "request_too_large"),
            (429, "rate_limit_error"),
            (500, "api_error"),
            (502, "api_error"),
            (503, "overloaded_error"),
            (504, "timeout_error"),
        ] {
            let (content_type, body) = DIALECT.fault(StatusCode::from_u16(status).unwrap(), "no \"answer\"");
            assert_eq!(content_type, "application/json");
            let value: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(value, json!({ "type": "error", "error": { "type": kind, "message": "no \"answer\"" } }));
        }
        let event =
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"cut\"}}\n\n";
        assert_eq!(DIALECT.fault_event("cut"), event);
    }

    proptest! {
        #[test]
        fn a_whole_answer_says_exactly_the_text(text in any::<String>()) {
            let reply = DIALECT.reply(&to(false), &text);
            let value: Value = serde_json::from_slice(&reply.body).unwrap();
            prop_assert_eq!(value, json!({
                "id": "msg_gwabababababababababababababababab",
                "type": "message",
                "role": "assistant",
                "model": "claude-\"x\"",
                "content": [{ "type": "text", "text": text }],
                "stop_reason": "end_turn",
                "stop_sequence": null,
                "usage": {
                    "input_tokens": 12,
                    "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0,
                    "output_tokens": text.len().div_ceil(4),
                },
            }));
        }

        #[test]
        fn a_streamed_answer_says_exactly_the_text(text in any::<String>()) {
            let reply = DIALECT.reply(&to(true), &text);
            let body = std::str::from_utf8(&reply.body).unwrap();
            let (mut kinds, mut said) = (Vec::new(), String::new());
            for event in body.split_terminator("\n\n") {
                let (name, data) = event.split_once('\n').unwrap();
                let value: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                prop_assert_eq!(name.strip_prefix("event: ").unwrap(), value["type"].as_str().unwrap());
                match value["type"].as_str().unwrap() {
                    "content_block_delta" => said.push_str(value["delta"]["text"].as_str().unwrap()),
                    "message_start" => {
                        prop_assert_eq!(&value["message"]["content"], &json!([]));
                        prop_assert_eq!(&value["message"]["stop_reason"], &Value::Null);
                        kinds.push("message_start".to_owned());
                    }
                    kind => kinds.push(kind.to_owned()),
                }
            }
            prop_assert_eq!(kinds, ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"]);
            prop_assert_eq!(said, text);
        }

        #[test]
        fn our_own_reader_understands_our_answers(text in ".{0,300}", stream: bool) {
            let reading = read_back(&DIALECT.reply(&to(stream), &text));
            prop_assert!(reading.complete);
            prop_assert_eq!(reading.finish_reason.as_deref(), Some("end_turn"));
            let completion_tokens = text.len().div_ceil(4) as u64;
            prop_assert_eq!(reading.usage, Some(Usage { prompt_tokens: 12, completion_tokens, cached_tokens: Some(0) }));
            prop_assert_eq!([reading.text.head(), reading.text.tail()].concat(), text);
        }
    }
}
