//! Answers and errors of our own, in the order of fields and chunks that Google's servers send.
//!
//! A stream of events has no end of its own (no `[DONE]`): its last chunk has the finish reason. Without `alt=sse` the
//! same chunks are the items of one array.

use bytes::Bytes;
use http::StatusCode;

use crate::wire::call::{AnswerForm, estimate_tokens};
use crate::wire::escape::Quoted;
use crate::wire::fault::code;
use crate::wire::reply::{EVENT_STREAM, JSON, OwnReply, ReplyTo, pieces};

pub(super) fn whole(to: &ReplyTo, text: &str) -> OwnReply {
    OwnReply { content_type: JSON, body: chunk(to, text, Some(text.len())).into() }
}

pub(super) fn stream(to: &ReplyTo, text: &str) -> OwnReply {
    let mut pieces = pieces(text).peekable();
    let mut chunks = Vec::new();
    loop {
        let piece = pieces.next().unwrap_or_default();
        let last = pieces.peek().is_none();
        chunks.push(chunk(to, piece, last.then_some(text.len())));
        if last {
            break;
        }
    }
    if to.form == AnswerForm::Array {
        return OwnReply { content_type: JSON, body: format!("[{}\n]\n", chunks.join("\n,\r\n")).into() };
    }
    let events = chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n"));
    OwnReply { content_type: EVENT_STREAM, body: events.collect::<String>().into() }
}

/// One chunk; the last one, which may be the only one, has the finish reason and the usage of `ends` bytes of text.
fn chunk(to: &ReplyTo, text: &str, ends: Option<usize>) -> String {
    let prompt = to.prompt_tokens;
    let (finish, usage) = match ends.map(estimate_tokens) {
        None => ("", format!(r#""promptTokenCount":{prompt},"totalTokenCount":{prompt}"#)),
        Some(answer) => {
            let total = prompt.saturating_add(answer);
            let counts =
                format!(r#""promptTokenCount":{prompt},"candidatesTokenCount":{answer},"totalTokenCount":{total}"#);
            (r#","finishReason":"STOP""#, counts)
        }
    };
    format!(
        concat!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":{text}}}],"role":"model"}}{finish},"index":0}}],"#,
            r#""usageMetadata":{{{usage}}},"modelVersion":{model},"responseId":{id}}}"#,
        ),
        text = Quoted(text),
        finish = finish,
        usage = usage,
        model = Quoted(&to.model),
        id = Quoted(&to.id("gw")),
    )
}

/// The error envelope: see [`status_name`].
pub(super) fn fault(status: StatusCode, message: &str) -> String {
    let (code, message, name) = (status.as_u16(), Quoted(message), status_name(status));
    format!(r#"{{"error":{{"code":{code},"message":{message},"status":{}}}}}"#, Quoted(&name))
}

/// SDKs raise an error for any event whose payload begins with an `error`.
pub(super) fn fault_event(message: &str) -> Bytes {
    format!("data: {}\r\n\r\n", fault(StatusCode::BAD_GATEWAY, message)).into()
}

/// The name of a status among Google's
/// [canonical codes](https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto).
fn status_name(status: StatusCode) -> String {
    match status.as_u16() {
        400 | 411 | 413 | 414 | 415 | 422 | 431 => "INVALID_ARGUMENT".to_owned(),
        401 => "UNAUTHENTICATED".to_owned(),
        403 => "PERMISSION_DENIED".to_owned(),
        404 => "NOT_FOUND".to_owned(),
        408 | 504 => "DEADLINE_EXCEEDED".to_owned(),
        409 => "ABORTED".to_owned(),
        429 => "RESOURCE_EXHAUSTED".to_owned(),
        499 => "CANCELLED".to_owned(),
        500 => "INTERNAL".to_owned(),
        501 => "UNIMPLEMENTED".to_owned(),
        502 | 503 => "UNAVAILABLE".to_owned(),
        _ => code(status).to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests;
