//! Reading answers: a whole message, or the events of a streamed one, each of which says its type in its payload.

use super::read::said;
use crate::dialogue::Part;
use crate::wire::content::Content;
use crate::wire::response::{Notes, Usage};
use crate::wire::span::{Cursor, Kind, Malformed, field, given, once, text, word};
use crate::wire::value::count;

/// The values of a message, or of an event, that say something.
#[derive(Default)]
struct Payload<'a> {
    kind: Option<&'a [u8]>,
    message: Option<&'a [u8]>,
    content: Option<Cursor<'a>>,
    content_block: Option<&'a [u8]>,
    delta: Option<&'a [u8]>,
    stop_reason: Option<&'a [u8]>,
    usage: Option<&'a [u8]>,
}

impl<'a> Payload<'a> {
    fn read(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut all = Self::default();
        let mut cursor = Cursor::new(payload);
        cursor.object(|key, cursor| {
            let here = cursor.clone();
            let value = cursor.skip()?;
            match key {
                b"type" => once(&mut all.kind, value),
                b"message" => once(&mut all.message, value),
                b"content" => once(&mut all.content, here),
                b"content_block" => once(&mut all.content_block, value),
                b"delta" => once(&mut all.delta, value),
                b"stop_reason" => once(&mut all.stop_reason, value),
                b"usage" => once(&mut all.usage, value),
                _ => Ok(()),
            }
        })?;
        cursor.end()?;
        Ok(all)
    }
}

pub(super) fn note(payload: &[u8], notes: &mut Notes) -> Result<(), Malformed> {
    let payload = Payload::read(payload)?;
    match given(payload.kind).map(word).as_deref() {
        Some(b"message") => whole(payload, notes),
        Some(b"message_start") => whole(Payload::read(given(payload.message).ok_or(Malformed)?)?, notes),
        Some(b"content_block_start") => given(payload.content_block).map_or(Ok(()), |block| said_in(block, notes)),
        Some(b"content_block_delta") => given(payload.delta).map_or(Ok(()), |delta| said_in(delta, notes)),
        Some(b"message_delta") => {
            if let Some(delta) = given(payload.delta) {
                stopped(field(delta, b"stop_reason")?, notes)?;
            }
            count_in(given(payload.usage), notes)
        }
        Some(b"message_stop") => {
            notes.done = true;
            Ok(())
        }
        Some(b"error") => {
            notes.failed = true;
            Ok(())
        }
        // Pings, ends of blocks, and events that are not known today.
        Some(_) => Ok(()),
        // No answer of this dialect: an error of what stands before the API.
        None => {
            notes.failed = true;
            Ok(())
        }
    }
}

fn whole(message: Payload<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    if let Some(mut content) = message.content {
        Content::read(&mut content, said)?.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => notes.say(*text),
            Part::Opaque(..) => Ok(()),
        })?;
    }
    stopped(given(message.stop_reason), notes)?;
    count_in(given(message.usage), notes)
}

/// The text of a block that begins, or by which one goes on; thinking, signatures and the input of tools are not said.
fn said_in(piece: &[u8], notes: &mut Notes) -> Result<(), Malformed> {
    let (mut kind, mut spoken) = (None, None);
    let mut cursor = Cursor::new(piece);
    if cursor.kind()? != Kind::Object {
        return Err(Malformed);
    }
    cursor.object(|key, cursor| {
        let value = cursor.skip()?;
        match key {
            b"type" => once(&mut kind, value),
            b"text" => once(&mut spoken, value),
            _ => Ok(()),
        }
    })?;
    match (kind.map(word).as_deref(), given(spoken).and_then(text)) {
        (Some(b"text" | b"text_delta"), Some(text)) if !text.is_empty() => notes.say(text),
        _ => Ok(()),
    }
}

fn stopped(reason: Option<&[u8]>, notes: &mut Notes) -> Result<(), Malformed> {
    reason.and_then(text).map_or(Ok(()), |reason| notes.finish(reason))
}

/// The API counts tokens that it read from its cache, and those it wrote there, beside `input_tokens`; the request's are
/// all three together. What a later event leaves out stays as it was.
fn count_in(usage: Option<&[u8]>, notes: &mut Notes) -> Result<(), Malformed> {
    let Some(usage) = usage else { return Ok(()) };
    let tokens = |name| Ok(field(usage, name)?.and_then(count));
    let (input, output) = (tokens(b"input_tokens")?, tokens(b"output_tokens")?);
    let (read, written) = (tokens(b"cache_read_input_tokens")?, tokens(b"cache_creation_input_tokens")?);
    let before = notes.usage.unwrap_or(Usage { prompt_tokens: 0, completion_tokens: 0, cached_tokens: None });
    let all = [input, read, written].into_iter().flatten().fold(0, u64::saturating_add);
    notes.usage = Some(Usage {
        // An event that has only some of the three does not take back the others.
        prompt_tokens: all.max(before.prompt_tokens),
        completion_tokens: output.unwrap_or(before.completion_tokens),
        cached_tokens: read.or(before.cached_tokens),
    });
    Ok(())
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

    #[test]
    fn a_whole_message() {
        let notes = noted(&[r#"{"id":"msg_1","type":"message","role":"assistant","content":[
            {"type":"thinking","thinking":"hmm","signature":"x"},{"type":"text","text":"H\u00e9","citations":null},
            {"type":"tool_use","input":{"text":"no"}},{"text":"!","type":"text"}],"stop_reason":"tool_use","stop_sequence":null,
            "usage":{"input_tokens":4,"cache_creation_input_tokens":2,"cache_read_input_tokens":8,"output_tokens":3}}"#])
        .unwrap();
        assert_eq!(notes.text.head(), "Hé!");
        assert_eq!(notes.finish_reason.as_deref(), Some("tool_use"));
        assert_eq!(notes.usage, Some(Usage { prompt_tokens: 14, completion_tokens: 3, cached_tokens: Some(8) }));
        assert!(!notes.failed);
    }

    #[test]
    fn the_events_of_a_stream() {
        let notes = noted(&[
            r#"{"type":"message_start","message":{"type":"message","content":[],"stop_reason":null,
                "usage":{"input_tokens":4,"cache_read_input_tokens":8,"cache_creation_input_tokens":null,"output_tokens":1}}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hmm"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"a"}}"#,
            r#"{"delta":{"text":"b","type":"text_delta"},"index":1,"type":"content_block_delta"}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"text\":"}}"#,
            r#"{"type":"not yet invented","delta":7}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}}"#,
            r#"{"type":"message_stop"}"#,
        ])
        .unwrap();
        assert_eq!(notes.text.head(), "ab");
        assert_eq!(notes.finish_reason.as_deref(), Some("end_turn"));
        assert_eq!(notes.usage, Some(Usage { prompt_tokens: 12, completion_tokens: 9, cached_tokens: Some(8) }));
        assert!(notes.done && !notes.failed);
    }

    #[test]
    fn failures_are_seen() {
        assert!(noted(&[r#"{"type":"error","error":{"type":"overloaded_error","message":"no"}}"#]).unwrap().failed);
        assert!(noted(&[r#"{"message":"denied"}"#]).unwrap().failed);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for payload in [
            "",
            "x",
            "[]",
            "{",
            "{} {}",
            r#"{"type":"message","content":1}"#,
            r#"{"type":"message","usage":1}"#,
            r#"{"type":"message_start"}"#,
            r#"{"type":"content_block_delta","delta":1}"#,
        ] {
            assert!(noted(&[payload]).is_err(), "{payload}");
        }
    }
}
