//! Reading answers: a whole completion, or the chunks of a streamed one. Both hold the same keys at the same places.

use crate::dialogue::{Part, Text};
use crate::wire::content::Content;
use crate::wire::response::{Notes, Usage};
use crate::wire::span::{Cursor, Kind, Malformed, field, given, number, once, text};
use crate::wire::value::count;

pub(super) fn note(payload: &[u8], notes: &mut Notes) -> Result<(), Malformed> {
    // The SDKs, too, take whatever starts like this for the end.
    if payload.starts_with(b"[DONE]") {
        notes.done = true;
        return Ok(());
    }
    let mut cursor = Cursor::new(payload);
    cursor.object(|key, cursor| {
        match key {
            b"choices" if cursor.kind()? == Kind::Array => return cursor.array(|cursor| choice(cursor, notes)),
            b"usage" => notes.usage = given(Some(cursor.skip()?)).map(usage).transpose()?.or(notes.usage),
            b"error" => notes.failed |= given(Some(cursor.skip()?)).is_some(),
            _ => drop(cursor.skip()?),
        }
        Ok(())
    })?;
    cursor.end()
}

/// Only the first of several choices is looked at; a call that asks for several is not one that we act on.
fn choice(cursor: &mut Cursor<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    let (mut index, mut said, mut finish_reason) = (None, None, None);
    let mut has_spoken = false;
    cursor.object(|key, cursor| {
        // Mostly the index comes first, and then the message need not be passed twice.
        if matches!(key, b"message" | b"delta") && !has_spoken && index == Some(&b"0"[..]) {
            has_spoken = cursor.kind()? == Kind::Object;
            if has_spoken {
                return message(cursor, notes);
            }
        }
        let value = Some(cursor.skip()?);
        match key {
            b"index" => index = value,
            b"message" | b"delta" => said = value,
            b"finish_reason" => finish_reason = value,
            _ => {}
        }
        Ok(())
    })?;
    if given(index).is_some_and(|index| number(index) != Some(0.0)) {
        return Ok(());
    }
    if let Some(said) = given(said).filter(|_| !has_spoken) {
        message(&mut Cursor::new(said), notes)?;
    }
    if let Some(reason) = given(finish_reason).and_then(text) {
        notes.finish(reason)?;
    }
    Ok(())
}

fn message(cursor: &mut Cursor<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    cursor.object(|key, cursor| match key {
        b"content" if cursor.kind()? == Kind::String => notes.say(Text::Json(cursor.string()?)),
        b"content" => Content::read(cursor, super::said)?.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => notes.say(*text),
            Part::Opaque(..) => Ok(()),
        }),
        b"refusal" if cursor.kind()? == Kind::String => notes.say(Text::Json(cursor.string()?)),
        _ => cursor.skip().map(drop),
    })
}

fn usage(usage: &[u8]) -> Result<Usage, Malformed> {
    let (mut prompt, mut completion, mut details, mut hits) = (None, None, None, None);
    Cursor::new(usage).object(|key, cursor| {
        let value = cursor.skip()?;
        match key {
            b"prompt_tokens" => once(&mut prompt, value),
            b"completion_tokens" => once(&mut completion, value),
            b"prompt_tokens_details" => once(&mut details, value),
            // DeepSeek's name for what the details hold.
            b"prompt_cache_hit_tokens" => once(&mut hits, value),
            _ => Ok(()),
        }
    })?;
    let cached = match given(details) {
        Some(details) => field(details, b"cached_tokens")?,
        None => given(hits),
    };
    let tokens = |value: Option<&[u8]>| given(value).and_then(count).unwrap_or(0);
    Ok(Usage {
        prompt_tokens: tokens(prompt),
        completion_tokens: tokens(completion),
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
        Ok(notes)
    }

    #[test]
    fn a_whole_completion() {
        let notes = noted(&[r#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"H\u00e9","refusal":null,
            "annotations":[]},"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":9,"completion_tokens":2,
            "total_tokens":11,"prompt_tokens_details":{"cached_tokens":8,"audio_tokens":0}},"system_fingerprint":null}"#])
        .unwrap();
        assert_eq!(notes.text.head(), "Hé");
        assert_eq!(notes.finish_reason.as_deref(), Some("length"));
        assert_eq!(notes.usage, Some(Usage { prompt_tokens: 9, completion_tokens: 2, cached_tokens: Some(8) }));
        assert!(!notes.failed && !notes.done);
    }

    #[test]
    fn chunks_of_servers_that_differ() {
        let notes = noted(&[
            // Azure: what the prompt filter found.
            r#"{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}"#,
            r#"{"choices":[{"delta":{"role":"assistant","content":"","refusal":null},"index":0,"finish_reason":null}],"usage":null}"#,
            // Reasoning is not the answer.
            r#"{"choices":[{"index":0,"delta":{"reasoning_content":"hmm"}}]}"#,
            r#"{"choices":[{"finish_reason":null,"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"index":1,"delta":{"content":"other"},"finish_reason":"stop"}]}"#,
            // Mistral: parts.
            r#"{"choices":[{"index":0,"delta":{"content":[{"type":"thinking"},{"type":"text","text":"b"}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":null,"refusal":"c"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            r#"{"choices":null,"usage":{"prompt_tokens":5,"completion_tokens":3,"prompt_cache_hit_tokens":4}}"#,
            // No usage again is not another usage.
            r#"{"usage":null}"#,
            "[DONE]",
        ])
        .unwrap();
        assert_eq!(notes.text.head(), "abc");
        assert_eq!(notes.finish_reason.as_deref(), Some("stop"));
        assert_eq!(notes.usage, Some(Usage { prompt_tokens: 5, completion_tokens: 3, cached_tokens: Some(4) }));
        assert!(notes.done);
    }

    #[test]
    fn errors_are_seen() {
        assert!(noted(&[r#"{"error":{"message":"overloaded","type":"server_error"}}"#]).unwrap().failed);
        assert!(noted(&[r#"{"error":"overloaded"}"#]).unwrap().failed);
        assert!(!noted(&[r#"{"error":null,"choices":[]}"#]).unwrap().failed);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for payload in
            ["", "x", "[]", "{", r#"{"choices":[1]}"#, r#"{"usage":1}"#, "{} {}", r#"{"choices":[{"delta":1}]}"#]
        {
            assert!(noted(&[payload]).is_err(), "{payload}");
        }
    }
}
