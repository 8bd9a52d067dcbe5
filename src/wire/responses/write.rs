//! Answers and errors of our own, in the order of fields and events that OpenAI's servers send.
//!
//! The official SDKs parse them into the same types as a model's answers, also with every field required that those types
//! require (`input_tokens_details.cache_write_tokens` since 3.57 of the Python SDK): a response repeats what its request
//! asked for, and the events of a stream have rising numbers.

use std::fmt::Write;

use bytes::Bytes;

use super::read::unasked;
use crate::wire::call::estimate_tokens;
use crate::wire::escape::Quoted;
use crate::wire::reply::{EVENT_STREAM, JSON, OwnReply, ReplyTo, pieces};

/// What identifiers start with: shapes that clients know, and a mark that no model gave them.
const ID: &str = "resp_gw";
const MESSAGE_ID: &str = "msg_gw";

pub(super) fn whole(to: &ReplyTo, text: &str) -> OwnReply {
    OwnReply { content_type: JSON, body: completed(to, text).into() }
}

pub(super) fn stream(to: &ReplyTo, text: &str) -> OwnReply {
    let mut events = Events { out: String::with_capacity(text.len() * 24 + 4096), number: 0 };
    let begun = response(to, "in_progress", "null", "", "null");
    let place = format!(r#""item_id":{},"output_index":0,"content_index":0"#, Quoted(&to.id(MESSAGE_ID)));
    events.event("response.created", &format!(r#""response":{begun}"#));
    events.event("response.in_progress", &format!(r#""response":{begun}"#));
    let item = message(to, "in_progress", "");
    events.event("response.output_item.added", &format!(r#""output_index":0,"item":{item}"#));
    events.event("response.content_part.added", &format!(r#"{place},"part":{}"#, part("")));
    for piece in pieces(text) {
        events.event("response.output_text.delta", &format!(r#"{place},"delta":{},"logprobs":[]"#, Quoted(piece)));
    }
    events.event("response.output_text.done", &format!(r#"{place},"text":{},"logprobs":[]"#, Quoted(text)));
    events.event("response.content_part.done", &format!(r#"{place},"part":{}"#, part(text)));
    let item = message(to, "completed", &part(text));
    events.event("response.output_item.done", &format!(r#""output_index":0,"item":{item}"#));
    events.event("response.completed", &format!(r#""response":{}"#, completed(to, text)));
    OwnReply { content_type: EVENT_STREAM, body: events.out.into() }
}

/// A stream in the making.
struct Events {
    out: String,
    number: u64,
}

impl Events {
    fn event(&mut self, kind: &str, members: &str) {
        // Writing to a `String` cannot fail.
        let _ = write!(
            self.out,
            "event: {kind}\ndata: {{\"type\":\"{kind}\",\"sequence_number\":{},{members}}}\n\n",
            self.number
        );
        self.number += 1;
    }
}

fn completed(to: &ReplyTo, text: &str) -> String {
    let (input, output) = (to.prompt_tokens, estimate_tokens(text.len()));
    let usage = format!(
        concat!(
            r#"{{"input_tokens":{},"input_tokens_details":{{"cached_tokens":0,"cache_write_tokens":0}},"#,
            r#""output_tokens":{},"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":{}}}"#,
        ),
        input,
        output,
        input.saturating_add(output),
    );
    response(to, "completed", &to.created.to_string(), &message(to, "completed", &part(text)), &usage)
}

fn response(to: &ReplyTo, status: &str, completed_at: &str, output: &str, usage: &str) -> String {
    format!(
        concat!(
            r#"{{"id":{id},"object":"response","created_at":{created},"status":"{status}","completed_at":{completed_at},"#,
            r#""error":null,"incomplete_details":null,"model":{model},"output":[{output}]{echoes},"usage":{usage}}}"#,
        ),
        id = Quoted(&to.id(ID)),
        created = to.created,
        status = status,
        completed_at = completed_at,
        model = Quoted(&to.model),
        output = output,
        echoes = if to.echoes.is_empty() { unasked() } else { to.echoes.clone() },
        usage = usage,
    )
}

fn message(to: &ReplyTo, status: &str, content: &str) -> String {
    let id = to.id(MESSAGE_ID);
    format!(r#"{{"id":{},"type":"message","status":"{status}","role":"assistant","content":[{content}]}}"#, Quoted(&id))
}

fn part(text: &str) -> String {
    format!(r#"{{"type":"output_text","annotations":[],"logprobs":[],"text":{}}}"#, Quoted(text))
}

/// An event that every SDK takes for an error: the fields are as the reference has them, and again under `error`, which is
/// where servers put them and the SDKs look. Its number is above any that came before, as numbers of a stream rise.
pub(super) fn fault_event(message: &str) -> Bytes {
    let error = format!(r#""code":"server_error","message":{},"param":null"#, Quoted(message));
    let number = i32::MAX;
    format!(
        "event: error\ndata: {{\"type\":\"error\",{error},\"sequence_number\":{number},\"error\":{{\"type\":\"server_error\",{error}}}}}\n\n"
    )
    .into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use http::header::CONTENT_TYPE;
    use http::{HeaderMap, StatusCode};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::{Dialect, Reading, ResponseReader, Usage};

    const CALL: &str = r#"{"model":"gpt-\"x\"","input":"hi","store":false,"metadata":{"k":"v"},"temperature":0.25}"#;

    fn to(stream: bool) -> ReplyTo {
        let call = Dialect::OpenAiResponses.read(CALL.as_bytes()).unwrap();
        ReplyTo { stream, prompt_tokens: 12, ..ReplyTo::call(&call, [0xAB; 16], 1_700_000_000) }
    }

    fn read_back(reply: &OwnReply) -> Reading {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, reply.content_type.parse().unwrap())]);
        let mut reader = ResponseReader::new(Dialect::OpenAiResponses, StatusCode::OK, &headers);
        reader.feed(&reply.body);
        reader.finish()
    }

    fn whole(text: &str) -> Value {
        let reply = Dialect::OpenAiResponses.reply(&to(false), text);
        assert_eq!(reply.content_type, "application/json");
        serde_json::from_slice(&reply.body).unwrap()
    }

    #[test]
    fn a_response_repeats_what_was_asked_for() {
        let value = whole("hi");
        for (key, wanted) in [
            ("object", json!("response")),
            ("status", json!("completed")),
            ("model", json!("gpt-\"x\"")),
            ("metadata", json!({"k": "v"})),
            ("temperature", json!(0.25)),
            ("store", json!(false)),
            ("tools", json!([])),
            ("tool_choice", json!("auto")),
            ("parallel_tool_calls", json!(true)),
            ("instructions", Value::Null),
            ("error", Value::Null),
            ("incomplete_details", Value::Null),
        ] {
            assert_eq!(value.get(key), Some(&wanted), "{key}");
        }
        let mut bare = to(false);
        bare.echoes.clear();
        let bare: Value = serde_json::from_slice(&super::whole(&bare, "hi").body).unwrap();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&bare), keys(&value), "whoever asks");
    }

    #[test]
    fn an_error_in_a_stream_is_one_for_every_sdk() {
        let event = Dialect::OpenAiResponses.fault_event("cut");
        let text = std::str::from_utf8(&event).unwrap();
        let data = text.strip_prefix("event: error\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
        let value: Value = serde_json::from_str(data).unwrap();
        assert_eq!(value["type"], "error");
        assert_eq!(value["message"], "cut");
        assert_eq!(value["error"]["message"], "cut");
    }

    proptest! {
        #[test]
        fn a_streamed_answer_says_exactly_the_text(text in any::<String>()) {
            let reply = Dialect::OpenAiResponses.reply(&to(true), &text);
            let body = std::str::from_utf8(&reply.body).unwrap();
            let mut kinds = Vec::new();
            let mut said = String::new();
            let mut last = Value::Null;
            for (number, event) in body.split_terminator("\n\n").enumerate() {
                let (name, data) = event.split_once('\n').unwrap();
                let value: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                prop_assert_eq!(name.strip_prefix("event: ").unwrap(), value["type"].as_str().unwrap());
                prop_assert_eq!(&value["sequence_number"], number);
                match value["type"].as_str().unwrap() {
                    "response.output_text.delta" => said.push_str(value["delta"].as_str().unwrap()),
                    kind => kinds.push(kind.strip_prefix("response.").unwrap().to_owned()),
                }
                last = value;
            }
            prop_assert_eq!(kinds, ["created", "in_progress", "output_item.added", "content_part.added",
                "output_text.done", "content_part.done", "output_item.done", "completed"]);
            prop_assert_eq!(&said, &text);
            prop_assert_eq!(&last["response"], &whole(&text), "it ends with what a whole answer is");
        }

        #[test]
        fn our_own_reader_understands_our_answers(text in ".{0,300}", stream: bool) {
            let reading = read_back(&Dialect::OpenAiResponses.reply(&to(stream), &text));
            prop_assert!(reading.complete);
            prop_assert_eq!(reading.finish_reason.as_deref(), Some("completed"));
            let completion_tokens = text.len().div_ceil(4) as u64;
            prop_assert_eq!(reading.usage, Some(Usage { prompt_tokens: 12, completion_tokens, cached_tokens: Some(0) }));
            prop_assert_eq!([reading.text.head(), reading.text.tail()].concat(), text);
        }
    }
}
