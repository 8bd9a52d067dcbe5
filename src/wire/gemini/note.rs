//! Reading answers: a whole one, or the chunks of a streamed one, which have the same shape.

use super::parts::Parts;
use crate::dialogue::Part;
use crate::wire::response::{Notes, Usage};
use crate::wire::span::{Cursor, Kind, Malformed, field, given, number, once, text, word};
use crate::wire::value::count;

pub(super) fn note(payload: &[u8], notes: &mut Notes) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(payload);
    cursor.object(|key, cursor| {
        match key {
            b"candidates" if cursor.kind()? == Kind::Array => return cursor.array(|cursor| candidate(cursor, notes)),
            // Every chunk counts from the beginning; the last one counts all.
            b"usageMetadata" => notes.usage = given(Some(cursor.skip()?)).map(usage).transpose()?.or(notes.usage),
            // The prompt was refused: there are no candidates.
            b"promptFeedback" => {
                let feedback = given(Some(cursor.skip()?));
                let refused = feedback.map(|feedback| field(feedback, b"blockReason")).transpose()?.flatten();
                if let Some(reason) = refused.and_then(text) {
                    notes.finish(reason)?;
                }
            }
            b"error" => notes.failed |= given(Some(cursor.skip()?)).is_some(),
            _ => drop(cursor.skip()?),
        }
        Ok(())
    })?;
    cursor.end()
}

/// Only the first of several candidates is looked at; a call that asks for several is not one that we act on.
fn candidate(cursor: &mut Cursor<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    let (mut index, mut content, mut finish_reason) = (None, None, None);
    cursor.object(|key, cursor| {
        let value = cursor.skip()?;
        match key {
            b"index" => once(&mut index, value),
            b"content" => once(&mut content, value),
            b"finishReason" => once(&mut finish_reason, value),
            _ => Ok(()),
        }
    })?;
    // ProtoJSON leaves a zero out.
    if given(index).is_some_and(|index| number(index) != Some(0.0)) {
        return Ok(());
    }
    if let Some(content) = given(content) {
        Cursor::new(content).object(|key, cursor| match key {
            b"parts" => Parts::read(cursor)?.parts.iter().try_for_each(|part| match part {
                Part::Text(text) => notes.say(*text),
                Part::Opaque(..) => Ok(()),
            }),
            _ => cursor.skip().map(drop),
        })?;
    }
    let finished = given(finish_reason).filter(|reason| *word(reason) != *b"FINISH_REASON_UNSPECIFIED");
    if let Some(reason) = finished.and_then(text) {
        notes.finish(reason)?;
    }
    Ok(())
}

/// What the model thought is part of what it answered, as it is on the bill; what tools brought is part of what it read.
fn usage(usage: &[u8]) -> Result<Usage, Malformed> {
    let [mut prompt, mut tools, mut answer, mut thoughts, mut cached] = [None; 5];
    Cursor::new(usage).object(|key, cursor| {
        let value = cursor.skip()?;
        let slot = match key {
            b"promptTokenCount" => &mut prompt,
            b"toolUsePromptTokenCount" => &mut tools,
            b"candidatesTokenCount" => &mut answer,
            b"thoughtsTokenCount" => &mut thoughts,
            b"cachedContentTokenCount" => &mut cached,
            _ => return Ok(()),
        };
        once(slot, value)
    })?;
    let count = |value| given(value).and_then(count);
    let sum = |one, other| count(one).unwrap_or(0).saturating_add(count(other).unwrap_or(0));
    Ok(Usage {
        prompt_tokens: sum(prompt, tools),
        completion_tokens: sum(answer, thoughts),
        cached_tokens: count(cached),
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
    fn a_whole_answer() {
        let notes = noted(&[r#"{"candidates":[{"content":{"parts":[{"text":"Let me see.","thought":true},
            {"text":"H\u00e9"},{"text":"!","thoughtSignature":"x"}],"role":"model"},"finishReason":"MAX_TOKENS","index":0,
            "avgLogprobs":-0.1},{"index":1,"content":{"parts":[{"text":"other"}]}}],
            "usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":2,"totalTokenCount":16,"thoughtsTokenCount":5,
            "cachedContentTokenCount":8,"promptTokensDetails":[{"modality":"TEXT","tokenCount":9}]},
            "modelVersion":"gemini-2.5-flash","responseId":"x"}"#])
        .unwrap();
        assert_eq!(notes.text.head(), "Hé!");
        assert_eq!(notes.finish_reason.as_deref(), Some("MAX_TOKENS"));
        assert_eq!(notes.usage, Some(Usage { prompt_tokens: 9, completion_tokens: 7, cached_tokens: Some(8) }));
        assert!(!notes.failed);
    }

    #[test]
    fn chunks_that_grow_to_an_answer() {
        let notes = noted(&[
            r#"{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"}}],"usageMetadata":{"promptTokenCount":5}}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"b"},{"functionCall":{"name":"f"}}]},"index":0,
                "finishReason":"FINISH_REASON_UNSPECIFIED"}]}"#,
            r#"{"candidates":[{"content":{"role":"model"},"finishReason":"STOP"}],"usageMetadata":
                {"promptTokenCount":5,"candidatesTokenCount":3,"toolUsePromptTokenCount":2}}"#,
            r#"{"usageMetadata":null}"#,
        ])
        .unwrap();
        assert_eq!(notes.text.head(), "ab");
        assert_eq!(notes.finish_reason.as_deref(), Some("STOP"));
        assert_eq!(notes.usage, Some(Usage { prompt_tokens: 7, completion_tokens: 3, cached_tokens: None }));
    }

    #[test]
    fn a_refused_prompt_has_a_reason_and_no_text() {
        let notes = noted(&[
            r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":4}}"#,
        ]);
        let notes = notes.unwrap();
        assert_eq!((notes.finish_reason.as_deref(), notes.text.is_empty()), (Some("PROHIBITED_CONTENT"), true));
        assert_eq!(noted(&[r#"{"promptFeedback":{"safetyRatings":[]}}"#]).unwrap().finish_reason, None);
    }

    #[test]
    fn errors_are_seen() {
        assert!(noted(&[r#"{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}"#]).unwrap().failed);
        assert!(!noted(&[r#"{"error":null,"candidates":[]}"#]).unwrap().failed);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for payload in ["", "x", "[]", "{", r#"{"candidates":[1]}"#, r#"{"usageMetadata":1}"#, "{} {}", "[DONE]"] {
            assert!(noted(&[payload]).is_err(), "{payload}");
        }
    }
}
