//! What may become of a request, judged by another reader of JSON than ours.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::Value;

/// What the upstream received, if anything, and what the client did.
pub(crate) struct Done {
    pub(crate) received: Option<Bytes>,
    pub(crate) answer: Bytes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Steered,
    Answered,
}

pub(crate) fn is_json(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// Panics where it is none that may be.
pub(crate) fn outcome(body: &Bytes, valid: bool, done: &Done) -> Outcome {
    let Some(received) = &done.received else {
        assert!(valid, "what is no JSON is answered by us");
        readable(&done.answer);
        return Outcome::Answered;
    };
    assert_eq!(done.answer, "the upstream's", "the upstream's answer comes back as it is");
    if received == body {
        return Outcome::Passed;
    }
    assert!(valid, "what is no JSON is edited");
    assert!(is_json(received), "what was JSON is none any more: {}", String::from_utf8_lossy(received));
    let head = body.iter().zip(received).take_while(|(one, other)| one == other).count();
    assert!(received.len() > body.len() && received.ends_with(&body[head..]), "more than one span differs");
    // Numbers beyond all bounds and lone surrogates are JSON, but nothing that this reader keeps.
    if let (Ok(before), Ok(after)) = (serde_json::from_slice(body), serde_json::from_slice(received)) {
        assert_eq!(grown(&before, &after), 1, "one value has grown:\n{before}\n{after}");
    }
    Outcome::Steered
}

/// How many values differ, each of which must be the other with something behind it.
fn grown(before: &Value, after: &Value) -> usize {
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            assert!(one.keys().eq(other.keys()), "keys differ: {before} and {after}");
            one.values().zip(other.values()).map(|(one, other)| grown(one, other)).sum()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).map(|(one, other)| grown(one, other)).sum()
        }
        (Value::Array(one), Value::Array(other)) => {
            assert!(other.len() == one.len() + 1 && other.starts_with(one), "not one part more: {before} and {after}");
            1
        }
        (Value::String(one), Value::String(other)) if one != other => {
            assert!(other.starts_with(one.as_str()), "a text is another: {before} and {after}");
            1
        }
        _ => {
            assert_eq!(before, after);
            0
        }
    }
}

/// An answer of ours is JSON, lines of it, or events of it. It may repeat of the request what strict readers refuse.
fn readable(answer: &[u8]) {
    let text = std::str::from_utf8(answer).expect("an answer of ours is UTF-8");
    let is_whole = is_json(answer);
    let line = |line: &str| {
        let payload = line.strip_prefix("data: ").unwrap_or(line);
        payload == "[DONE]" || line.starts_with("event: ") || is_json(payload.as_bytes())
    };
    assert!(
        is_whole || text.lines().filter(|said| !said.is_empty()).all(line),
        "an answer that nobody can read: {text}"
    );
}
