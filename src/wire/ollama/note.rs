//! Reading answers: a whole one, or the lines of a streamed one, which have the same shape.

use crate::dialogue::Text;
use crate::wire::response::{Notes, Usage};
use crate::wire::span::{Cursor, Kind, Malformed, given, once, text};
use crate::wire::value::count;

pub(super) fn note(payload: &[u8], notes: &mut Notes) -> Result<(), Malformed> {
    let (mut done, mut reason, mut prompt, mut answer) = (None, None, None, None);
    let mut cursor = Cursor::new(payload);
    cursor.object(|key, cursor| {
        match key {
            b"message" if cursor.kind()? == Kind::Object => return message(cursor, notes),
            b"response" if cursor.kind()? == Kind::String => return notes.say(Text::Json(cursor.string()?)),
            _ => {}
        }
        let value = cursor.skip()?;
        match key {
            b"done" => once(&mut done, value),
            b"done_reason" => once(&mut reason, value),
            b"prompt_eval_count" => once(&mut prompt, value),
            b"eval_count" => once(&mut answer, value),
            b"error" => {
                notes.failed |= given(Some(value)).is_some_and(|error| error != b"\"\"");
                Ok(())
            }
            _ => Ok(()),
        }
    })?;
    cursor.end()?;
    if done == Some(b"true") {
        // Old servers give no reason.
        notes.done = true;
        if let Some(reason) = given(reason).and_then(text).filter(|reason| !reason.is_empty()) {
            notes.finish(reason)?;
        }
    }
    let count = |value| given(value).and_then(count);
    if let (prompt, answer) = (count(prompt), count(answer))
        && prompt.or(answer).is_some()
    {
        // The server leaves a zero out. It says nothing of what its cache saved.
        notes.usage = Some(Usage {
            prompt_tokens: prompt.unwrap_or(0),
            completion_tokens: answer.unwrap_or(0),
            cached_tokens: None,
        });
    }
    Ok(())
}

/// What the model thinks stands beside the content; it does not say it.
fn message(cursor: &mut Cursor<'_>, notes: &mut Notes) -> Result<(), Malformed> {
    cursor.object(|key, cursor| match key {
        b"content" if cursor.kind()? == Kind::String => notes.say(Text::Json(cursor.string()?)),
        _ => cursor.skip().map(drop),
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
    fn a_whole_answer_of_each_route() {
        for said in [
            r#""message":{"role":"assistant","content":"H\u00e9","thinking":"hm"}"#,
            r#""response":"Hé","thinking":"hm""#,
        ] {
            let notes = noted(&[&format!(
                r#"{{"model":"m","created_at":"2025-10-09T08:53:20.1Z",{said},"done":true,"done_reason":"length",
                "context":[1,2],"total_duration":9,"load_duration":1,"prompt_eval_count":9,"prompt_eval_duration":1,
                "eval_count":2,"eval_duration":1}}"#
            )])
            .unwrap();
            assert_eq!(notes.text.head(), "Hé");
            assert_eq!(notes.finish_reason.as_deref(), Some("length"));
            assert_eq!(notes.usage, Some(Usage { prompt_tokens: 9, completion_tokens: 2, cached_tokens: None }));
            assert!(notes.done && !notes.failed);
        }
    }

    #[test]
    fn lines_that_grow_to_an_answer() {
        let mut lines = vec![
            r#"{"model":"m","message":{"role":"assistant","content":"","thinking":"hm"},"done":false}"#,
            r#"{"model":"m","message":{"role":"assistant","content":"a"},"done":false}"#,
            r#"{"model":"m","message":{"role":"assistant","content":"b","tool_calls":[{"function":{"name":"f"}}]},"done":false}"#,
        ];
        let notes = noted(&lines).unwrap();
        assert_eq!((notes.text.head(), notes.done, notes.usage), ("ab", false, None));
        lines.push(r#"{"model":"m","message":{"role":"assistant","content":""},"done":true,"eval_count":3}"#);
        let notes = noted(&lines).unwrap();
        assert!(notes.done && notes.finish_reason.is_none(), "old servers");
        assert_eq!(notes.usage, Some(Usage { prompt_tokens: 0, completion_tokens: 3, cached_tokens: None }));
    }

    #[test]
    fn errors_are_seen() {
        assert!(noted(&[r#"{"error":"model 'x' not found"}"#]).unwrap().failed);
        assert!(!noted(&[r#"{"error":"","done":false}"#]).unwrap().failed);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for payload in ["", "x", "[]", "{", r#"{"done":true,"done":false}"#, r#"{"message":{"content":"a}"#, "{} {}"] {
            assert!(noted(&[payload]).is_err(), "{payload}");
        }
    }
}
