//! Reading answers: a whole response, or the events of a streamed one, each of which says its type in its payload.

use super::said;
use crate::dialogue::Part;
use crate::wire::content::Content;
use crate::wire::response::{Notes, Usage};
use crate::wire::span::{Cursor, Kind, Malformed, field, given, text, word};
use crate::wire::value::count;

pub(super) fn note(payload: &[u8], notes: &mut Notes) -> Result<(), Malformed> {
    // Some gateways end every stream of theirs as that of Chat Completions ends.
    if payload.starts_with(b"[DONE]") {
        notes.done = true;
        return Ok(());
    }
    let (mut kind, mut delta, mut response) = (None, None, None);
    let mut cursor = Cursor::new(payload);
    cursor.object(|key, cursor| {
        let value = cursor.skip()?;
        match key {
            b"type" => kind = Some(value),
            b"delta" => delta = Some(value),
            b"response" => response = Some(value),
            _ => {}
        }
        Ok(())
    })?;
    cursor.end()?;
    match kind.map(word).as_deref() {
        Some(b"response.output_text.delta" | b"response.refusal.delta") => {
            given(delta).and_then(text).map_or(Ok(()), |delta| notes.say(delta))
        }
        Some(b"response.completed" | b"response.incomplete" | b"response.failed" | b"response.cancelled") => {
            notes.done = true;
            whole(given(response).ok_or(Malformed)?, notes)
        }
        Some(b"error") => {
            notes.failed = true;
            Ok(())
        }
        Some(_) => Ok(()),
        // A whole response says what it is under `object`; an error of a server's own says nothing of the kind.
        None => whole(payload, notes),
    }
}

/// A response that is over, or that will go on in the background.
fn whole(response: &[u8], notes: &mut Notes) -> Result<(), Malformed> {
    let streamed = !notes.text.is_empty();
    let (mut status, mut details) = (None, None);
    Cursor::new(response).object(|key, cursor| {
        if key == b"output" && !streamed && cursor.kind()? == Kind::Array {
            return cursor.array(|cursor| output(cursor, notes));
        }
        let value = Some(cursor.skip()?);
        match key {
            b"status" => status = given(value),
            b"incomplete_details" => details = given(value),
            b"usage" => notes.usage = given(value).map(usage).transpose()?.or(notes.usage),
            b"error" => notes.failed |= given(value).is_some(),
            _ => {}
        }
        Ok(())
    })?;
    let why = details.map(|details| field(details, b"reason")).transpose()?.flatten().and_then(text);
    match (status.map(word).as_deref(), why) {
        (Some(b"incomplete"), Some(why)) => notes.finish(why),
        (Some(b"completed" | b"incomplete"), _) => status.and_then(text).map_or(Ok(()), |status| notes.finish(status)),
        (Some(b"failed" | b"cancelled"), _) => {
            notes.failed = true;
            status.and_then(text).map_or(Ok(()), |status| notes.finish(status))
        }
        // Queued, in progress: there is no answer yet.
        _ => Ok(()),
    }
}

/// What of one output item is said to the user; reasoning and calls of tools are not.
fn output(cursor: &mut Cursor<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    let (mut kind, mut content) = (None, None);
    cursor.object(|key, cursor| {
        let here = cursor.clone();
        let value = cursor.skip()?;
        match key {
            b"type" => kind = Some(value),
            b"content" => content = Some(here),
            _ => {}
        }
        Ok(())
    })?;
    let Some(mut content) = content.filter(|_| kind.is_some_and(|kind| *word(kind) == *b"message")) else {
        return Ok(());
    };
    Content::read(&mut content, said)?.parts.iter().try_for_each(|part| match part {
        Part::Text(text) => notes.say(*text),
        Part::Opaque(..) => Ok(()),
    })
}

fn usage(usage: &[u8]) -> Result<Usage, Malformed> {
    let tokens = |name| Ok(field(usage, name)?.and_then(count).unwrap_or(0));
    let details = field(usage, b"input_tokens_details")?;
    let cached = details.map(|details| field(details, b"cached_tokens")).transpose()?.flatten();
    Ok(Usage {
        prompt_tokens: tokens(b"input_tokens")?,
        completion_tokens: tokens(b"output_tokens")?,
        cached_tokens: cached.and_then(count),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn noted(payloads: &[&str]) -> Result<Notes, Malformed> {
        let mut notes = Notes::default();
        payloads.iter().try_for_each(|payload| note(payload.as_bytes(), &mut notes))?;
        notes.text.finish();
        Ok(notes)
    }

    const USAGE: &str = r#""usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":8,"cache_write_tokens":0},
        "output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":11}"#;

    #[test]
    fn a_whole_response() {
        let notes = noted(&[&format!(
            r#"{{"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"output":[
            {{"type":"reasoning","summary":[{{"type":"summary_text","text":"hmm"}}],"content":[{{"type":"reasoning_text","text":"hm"}}]}},
            {{"content":[{{"annotations":[],"text":"H\u00e9","type":"output_text"}},{{"type":"refusal","refusal":"!"}}],"type":"message"}},
            {{"type":"function_call","arguments":"{{}}"}}],{USAGE}}}"#
        )])
        .unwrap();
        assert_eq!(notes.text.head(), "Hé!");
        assert_eq!(notes.finish_reason.as_deref(), Some("completed"));
        assert_eq!(notes.usage, Some(Usage { prompt_tokens: 9, completion_tokens: 2, cached_tokens: Some(8) }));
        assert!(!notes.failed);
    }

    #[test]
    fn the_events_of_a_stream() {
        let end = format!(
            r#"{{"response":{{"status":"incomplete","incomplete_details":{{"reason":"max_output_tokens"}},"output":[
            {{"type":"message","content":[{{"type":"output_text","text":"ab"}}]}}],{USAGE}}},"type":"response.incomplete"}}"#
        );
        let notes = noted(&[
            r#"{"type":"response.created","sequence_number":0,"response":{"status":"in_progress","output":[]}}"#,
            r#"{"type":"response.reasoning_text.delta","delta":"hmm"}"#,
            r#"{"type":"response.function_call_arguments.delta","delta":"{"}"#,
            r#"{"delta":"a","type":"response.output_text.delta","logprobs":[]}"#,
            r#"{"type":"response.refusal.delta","delta":"b"}"#,
            r#"{"type":"response.output_text.done","text":"a"}"#,
            &end,
        ])
        .unwrap();
        assert_eq!(notes.text.head(), "ab", "the end says again what the events have said");
        assert_eq!(notes.finish_reason.as_deref(), Some("max_output_tokens"));
        assert_eq!(notes.usage.map(|usage| usage.cached_tokens), Some(Some(8)));
        assert!(notes.done && !notes.failed);
        let end = r#"{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}]}}"#;
        assert_eq!(noted(&[end]).unwrap().text.head(), "x", "a server that streams no text says it at the end");
    }

    #[test]
    fn failures_are_seen() {
        for payload in [
            r#"{"error":{"message":"no","type":"server_error"}}"#,
            r#"{"type":"error","code":"server_error","message":"no","sequence_number":3}"#,
            r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"no"}}}"#,
            r#"{"type":"response.cancelled","response":{"status":"cancelled"}}"#,
        ] {
            assert!(noted(&[payload]).unwrap().failed, "{payload}");
        }
        let queued = noted(&[r#"{"object":"response","status":"queued","output":[]}"#]).unwrap();
        assert!(!queued.failed && queued.finish_reason.is_none(), "an answer in the background is none yet");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for payload in
            ["", "x", "[]", "{", r#"{"output":[1]}"#, "{} {}", r#"{"usage":1}"#, r#"{"type":"response.completed"}"#]
        {
            assert!(noted(&[payload]).is_err(), "{payload}");
        }
        assert_eq!(
            noted(&[r#"{"output":[{"type":"message","content":"s"}],"status":"completed"}"#]).unwrap().text.head(),
            "s"
        );
    }
}
