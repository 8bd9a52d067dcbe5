//! Answers and errors of our own, in the order of fields and events that OpenAI's servers send.
//!
//! The official SDKs parse them into the same types as a model's answers: `choices[].message.refusal` and
//! `choices[].logprobs` are there as `null`, chunks share one `id` and `created`, a usage chunk comes only when
//! `stream_options.include_usage` asked for it (the others then say `"usage":null`), and `[DONE]` ends the stream.

use std::fmt::Write;

use bytes::Bytes;
use http::StatusCode;

use crate::wire::call::estimate_tokens;
use crate::wire::escape::Quoted;
use crate::wire::fault::code;
use crate::wire::reply::{EVENT_STREAM, JSON, OwnReply, ReplyTo, pieces};

/// What identifiers of answers start with: a shape that clients know, and a mark that no model gave it.
const ID: &str = "chatcmpl-gw";

pub(super) fn whole(to: &ReplyTo, text: &str) -> OwnReply {
    let body = format!(
        concat!(
            r#"{{"id":{id},"object":"chat.completion","created":{created},"model":{model},"#,
            r#""choices":[{{"index":0,"message":{{"role":"assistant","content":{content},"refusal":null}},"#,
            r#""logprobs":null,"finish_reason":"stop"}}],"usage":{usage}}}"#,
        ),
        id = Quoted(&to.id(ID)),
        created = to.created,
        model = Quoted(&to.model),
        content = Quoted(text),
        usage = usage(to, text),
    );
    OwnReply { content_type: JSON, body: body.into() }
}

pub(super) fn stream(to: &ReplyTo, text: &str) -> OwnReply {
    let start = format!(
        r#"{{"id":{},"object":"chat.completion.chunk","created":{},"model":{},"choices":["#,
        Quoted(&to.id(ID)),
        to.created,
        Quoted(&to.model),
    );
    let end = if to.include_usage { r#"],"usage":null}"# } else { "]}" };
    let mut out = String::with_capacity(text.len() * 16 + 1024);
    let mut chunk = |delta: &str, finish: &str| {
        let choice = format!(r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}"#);
        // Writing to a `String` cannot fail.
        let _ = write!(out, "data: {start}{choice}{end}\n\n");
    };
    chunk(r#"{"role":"assistant","content":"","refusal":null}"#, "null");
    for piece in pieces(text) {
        chunk(&format!(r#"{{"content":{}}}"#, Quoted(piece)), "null");
    }
    chunk("{}", r#""stop""#);
    if to.include_usage {
        let _ = write!(out, "data: {start}],\"usage\":{}}}\n\n", usage(to, text));
    }
    out.push_str("data: [DONE]\n\n");
    OwnReply { content_type: EVENT_STREAM, body: out.into() }
}

fn usage(to: &ReplyTo, text: &str) -> String {
    let (prompt, completion) = (to.prompt_tokens, estimate_tokens(text.len()));
    let total = prompt.saturating_add(completion);
    format!(r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{total}}}"#)
}

/// The error envelope. Clients decide by status and `type`; `code` says the status in a word.
pub(in crate::wire) fn fault(status: StatusCode, message: &str) -> Bytes {
    let kind = match status {
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        status if status.is_client_error() => "invalid_request_error",
        _ => "server_error",
    };
    envelope(message, kind, &Quoted(&code(status)).to_string()).into()
}

/// SDKs raise an error for any event whose payload has an `error`.
pub(super) fn fault_event(message: &str) -> Bytes {
    format!("data: {}\n\n", envelope(message, "server_error", "null")).into()
}

fn envelope(message: &str, kind: &str, code: &str) -> String {
    format!(r#"{{"error":{{"message":{},"type":"{kind}","param":null,"code":{code}}}}}"#, Quoted(message))
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

    fn to(stream: bool, include_usage: bool) -> ReplyTo {
        ReplyTo {
            model: "gpt-\"x\"".to_owned(),
            stream,
            include_usage,
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
        let mut reader = ResponseReader::new(Dialect::OpenAiChat, StatusCode::OK, &headers);
        reader.feed(&reply.body);
        reader.finish()
    }

    #[test]
    fn errors_come_in_the_dialect() {
        let (content_type, body) = Dialect::OpenAiChat.fault(StatusCode::BAD_GATEWAY, "up\nstream");
        assert_eq!(content_type, "application/json");
        assert_eq!(
            body,
            r#"{"error":{"message":"up\nstream","type":"server_error","param":null,"code":"bad_gateway"}}"#
        );
        for (status, kind) in [(400, "invalid_request_error"), (429, "rate_limit_error"), (504, "server_error")] {
            let (_, body) = Dialect::OpenAiChat.fault(StatusCode::from_u16(status).unwrap(), "m");
            assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["error"]["type"], kind);
        }
        assert_eq!(
            Dialect::OpenAiChat.fault_event("cut"),
            "data: {\"error\":{\"message\":\"cut\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n"
        );
    }

    proptest! {
        #[test]
        fn a_whole_answer_says_exactly_the_text(text in any::<String>()) {
            let reply = Dialect::OpenAiChat.reply(&to(false, true), &text);
            let value: Value = serde_json::from_slice(&reply.body).unwrap();
            let completion = text.len().div_ceil(4);
            prop_assert_eq!(value, json!({
                "id": "chatcmpl-gwabababababababababababababababab",
                "object": "chat.completion",
                "created": 1_700_000_000,
                "model": "gpt-\"x\"",
                "choices": [{
                    "index": 0,
                    "message": { "role": "assistant", "content": text, "refusal": null },
                    "logprobs": null,
                    "finish_reason": "stop",
                }],
                "usage": { "prompt_tokens": 12, "completion_tokens": completion, "total_tokens": 12 + completion },
            }));
        }

        #[test]
        fn a_streamed_answer_says_exactly_the_text(text in any::<String>(), include_usage: bool) {
            let reply = Dialect::OpenAiChat.reply(&to(true, include_usage), &text);
            let body = std::str::from_utf8(&reply.body).unwrap();
            let mut events: Vec<&str> = body.split_terminator("\n\n").map(|e| e.strip_prefix("data: ").unwrap()).collect();
            prop_assert_eq!(events.pop(), Some("[DONE]"));
            let mut chunks: Vec<Value> = events.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
            for chunk in &chunks {
                prop_assert_eq!(&chunk["id"], "chatcmpl-gwabababababababababababababababab");
                prop_assert_eq!(&chunk["object"], "chat.completion.chunk");
                prop_assert_eq!(&chunk["created"], 1_700_000_000);
                prop_assert_eq!(&chunk["model"], "gpt-\"x\"");
                prop_assert_eq!(chunk.get("usage").is_some(), include_usage);
            }
            if include_usage {
                let last = chunks.pop().unwrap();
                prop_assert_eq!(&last["choices"], &json!([]));
                prop_assert_eq!(&last["usage"]["prompt_tokens"], 12);
            }
            let choices: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]).collect();
            prop_assert_eq!(&choices[0]["delta"], &json!({ "role": "assistant", "content": "", "refusal": null }));
            let last = choices[choices.len() - 1];
            prop_assert_eq!(last, &json!({ "index": 0, "delta": {}, "logprobs": null, "finish_reason": "stop" }));
            let said: String = choices.iter().filter_map(|choice| choice["delta"]["content"].as_str()).collect();
            prop_assert_eq!(said, text);
        }

        #[test]
        fn our_own_reader_understands_our_answers(text in ".{0,300}", stream: bool) {
            let reading = read_back(&Dialect::OpenAiChat.reply(&to(stream, true), &text));
            prop_assert!(reading.complete);
            prop_assert_eq!(reading.finish_reason.as_deref(), Some("stop"));
            let completion_tokens = text.len().div_ceil(4) as u64;
            prop_assert_eq!(reading.usage, Some(Usage { prompt_tokens: 12, completion_tokens, cached_tokens: None }));
            prop_assert_eq!([reading.text.head(), reading.text.tail()].concat(), text);
        }
    }
}
