//! The user turns of a recorded conversation, each as the request that a client would have sent then.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cli::{line, shape};
use crate::dialogue::Need;

/// Where APIs keep the conversation.
const LISTS: [&str; 3] = ["messages", "contents", "input"];

/// One line: a conversation, and what is known of it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) id: Option<String>,
    /// What the last turn truly needs, where somebody has said so.
    pub(super) need: Option<Need>,
    /// The request at each of the user's turns, in order.
    pub(super) turns: Vec<Vec<u8>>,
}

/// What may stand beside a conversation.
#[derive(Deserialize)]
struct Marks<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    need: Option<&'a RawValue>,
    #[serde(borrow)]
    grade: Option<&'a RawValue>,
    /// A body that stands in an object of its own.
    #[serde(borrow)]
    request: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    role: Option<Cow<'a, str>>,
}

impl Line {
    /// Reads a line; with `last` only its last user turn.
    ///
    /// # Errors
    /// What is wrong with it, in words for whoever wrote it.
    pub(super) fn read(text: &[u8], last: bool) -> Result<Self, String> {
        let marks: Marks<'_> = match text.starts_with(b"{") {
            true => serde_json::from_slice(text).map_err(|_| line::wrong(text))?,
            false => return Err(line::wrong(text)),
        };
        let need = need(&marks)?;
        let id = marks.id.map(|id| serde_json::from_str(id.get()).unwrap_or_else(|_| id.get().to_owned()));
        let body = marks.request.map_or(text, |request| request.get().as_bytes());
        // What no reader would take is said here, where the line's number is known.
        shape::request(body, None, &[])?;
        let keys: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(body).map_err(|_| line::wrong(body))?;
        let list = LISTS.iter().find_map(|key| keys.get(*key)).filter(|list| list.get().starts_with('['));
        let mut turns = list.map_or_else(|| Ok(vec![body.to_vec()]), |list| cut(body, list))?;
        if turns.is_empty() {
            return Err("there is no message of a user's in it".to_owned());
        }
        if last {
            turns.drain(..turns.len() - 1);
        }
        Ok(Self { id, need, turns })
    }
}

/// The body up to each of the user's messages, with the list ended behind it. No byte of what stays is changed.
fn cut(body: &[u8], list: &RawValue) -> Result<Vec<Vec<u8>>, String> {
    let items: Vec<&RawValue> = serde_json::from_str(list.get()).map_err(|_| line::wrong(body))?;
    // All of them lie within the body, borrowed from it.
    let end = |raw: &RawValue| raw.get().as_ptr() as usize - body.as_ptr() as usize + raw.get().len();
    let behind = &body[end(list)..];
    let mut turns = Vec::new();
    for item in items {
        let Ok(Item { role }) = serde_json::from_str(item.get()) else { continue };
        // Gemini takes a message without a role for the user's.
        if role.is_some_and(|role| role != "user") {
            continue;
        }
        turns.push([&body[..end(item)], b"]", behind].concat());
    }
    Ok(turns)
}

fn need(marks: &Marks<'_>) -> Result<Option<Need>, String> {
    let Some(mark) = marks.need.or(marks.grade).map(RawValue::get).filter(|mark| *mark != "null") else {
        return Ok(None);
    };
    // Scores that `score` wrote stand under the same name.
    if marks.grade.is_none() && mark.starts_with('{') {
        return Ok(None);
    }
    Ok(Some(match mark {
        "0" | "\"proceed\"" => Need::Proceed,
        "1" | "\"assume\"" => Need::Assume,
        "2" | "\"ask\"" => Need::Ask,
        other => {
            let shown: String = other.chars().take(40).collect();
            return Err(format!(
                "{shown} is no need; write \"proceed\", \"assume\" or \"ask\", or a grade of 0, 1 or 2"
            ));
        }
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn bodies(text: &str, last: bool) -> Vec<String> {
        let line = Line::read(text.as_bytes(), last).unwrap();
        line.turns.into_iter().map(|turn| String::from_utf8(turn).unwrap()).collect()
    }

    #[test]
    fn every_turn_is_the_request_of_its_time() {
        let text = r#"{ "messages":[{"role":"user","content":"a\u0062"} , {"role":"assistant","content":"?"},{"role":"user","content":"c"}], "model":"m"}"#;
        assert_eq!(bodies(text, false), [r#"{ "messages":[{"role":"user","content":"a\u0062"}], "model":"m"}"#, text]);
        assert_eq!(bodies(text, true), [text]);
    }

    #[test]
    fn what_follows_the_last_user_turn_is_cut_off() {
        let text = r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"need":"ask"}"#;
        assert_eq!(bodies(text, false), [r#"{"messages":[{"role":"user","content":"a"}],"need":"ask"}"#]);
    }

    #[test]
    fn marks_are_read_and_wrong_ones_refused() {
        let read = |mark: &str| {
            Line::read(format!(r#"{{"messages":[{{"role":"user","content":"a"}}],{mark}}}"#).as_bytes(), false)
        };
        for (mark, need) in [
            (r#""need":"proceed""#, Some(Need::Proceed)),
            (r#""grade":2"#, Some(Need::Ask)),
            (r#""need":null"#, None),
            (r#""need":{"proceed":0.1}"#, None),
        ] {
            assert_eq!(read(mark).unwrap().need, need, "{mark}");
        }
        assert!(read(r#""grade":3"#).unwrap_err().starts_with("3 is no need"));
        assert_eq!(read(r#""id":"x""#).unwrap().id.unwrap(), "x");
        assert_eq!(read(r#""id":7"#).unwrap().id.unwrap(), "7");
    }

    #[test]
    fn bad_lines_say_why() {
        let wrong = |text: &str| Line::read(text.as_bytes(), false).unwrap_err();
        assert!(wrong("hello").contains("not valid JSON"));
        assert!(wrong(r#"{"texts":[]}"#).contains("\"messages\" is missing"));
        assert!(wrong(r#"{"messages":[{"role":"assistant","content":"a"}]}"#).contains("no message of a user's"));
    }
}
