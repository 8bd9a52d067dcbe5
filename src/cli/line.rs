//! What is wrong with a line of conversations: where, what, and what it should be.
//!
//! The reader of request bodies only says that it cannot read one, since a proxy has nobody to explain it to. Here
//! somebody wrote the line.

use std::fmt::Write;

use serde_json::Value;

/// The roles that a message may have.
const ROLES: [&str; 6] = ["system", "developer", "user", "assistant", "tool", "function"];

/// Why `line` is no conversation, in words for whoever wrote it. To be asked once it could not be read.
pub(super) fn wrong(line: &[u8]) -> String {
    let value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(error) => return syntax(&error),
    };
    shape(&value).unwrap_or_else(|| {
        // The reader refuses what two readers could understand differently.
        "a key occurs twice in one object, or a value that groundwire reads is of another type than in the API; \
         write each key once"
            .to_owned()
    })
}

/// The parser's words, without its line number: a line is all that it saw.
pub(super) fn syntax(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (what, column) = (text.split(" at line ").next().unwrap_or(&text), error.column());
    let what = match what {
        "EOF while parsing a list" => "it ends in the middle of a list,",
        "EOF while parsing an object" => "it ends in the middle of an object,",
        "EOF while parsing a string" => "it ends in the middle of a text,",
        "EOF while parsing a value" => "it ends where a value should stand,",
        "expected ident" => "expected `true`, `false` or `null`",
        "key must be a string" => "expected a key in double quotes",
        what => what,
    };
    format!("not valid JSON: {what} at column {column}")
}

fn shape(value: &Value) -> Option<String> {
    const WANTED: &str = "wanted {\"messages\": [{\"role\": …, \"content\": …}]}";
    let Some(line) = value.as_object() else { return Some(format!("{} instead of an object; {WANTED}", kind(value))) };
    let Some(messages) = line.get("messages") else { return Some(format!("\"messages\" is missing; {WANTED}")) };
    let Some(messages) = messages.as_array() else {
        return Some(format!("messages: {} instead of a list; {WANTED}", kind(messages)));
    };
    if messages.is_empty() {
        return Some("messages: an empty list; it takes one message at least".to_owned());
    }
    messages.iter().enumerate().find_map(|(i, message)| {
        let why = self::message(message)?;
        Some(format!("messages[{i}]{why}"))
    })
}

fn message(message: &Value) -> Option<String> {
    let Some(object) = message.as_object() else {
        return Some(format!(": {} instead of {{\"role\", \"content\"}}", kind(message)));
    };
    match object.get("role") {
        None => return Some(format!(".role is missing; one of {}", ROLES.join(", "))),
        Some(Value::String(role)) if ROLES.contains(&role.as_str()) => {}
        Some(role) => {
            let mut shown = role.to_string();
            if shown.len() > 40 {
                shown.truncate(shown.floor_char_boundary(40));
                let _ = write!(shown, "…");
            }
            return Some(format!(".role: {shown} is not one of {}", ROLES.join(", ")));
        }
    }
    match object.get("content") {
        None | Some(Value::Null | Value::String(_)) => None,
        Some(Value::Array(parts)) => parts.iter().enumerate().find_map(|(i, part)| {
            let why = match part {
                Value::Object(part) if !part.get("type").is_some_and(Value::is_string) => ".type is missing".to_owned(),
                Value::Object(_) => return None,
                other => format!(": {} instead of {{\"type\", …}}", kind(other)),
            };
            Some(format!(".content[{i}]{why}"))
        }),
        Some(other) => Some(format!(".content: {} instead of a text or a list of parts", kind(other))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (line, said) in [
            (r#"{"messages":[}"#, "not valid JSON: expected value at column 14"),
            ("7", "a number instead of an object; wanted"),
            (r#"{"message":[]}"#, "\"messages\" is missing; wanted"),
            (r#"{"messages":"hi"}"#, "messages: a text instead of a list"),
            (r#"{"messages":[]}"#, "messages: an empty list"),
            (r#"{"messages":["hi"]}"#, "messages[0]: a text instead of {\"role\", \"content\"}"),
            (
                r#"{"messages":[{"role":"user","content":"a"},{"role":"usr"}]}"#,
                "messages[1].role: \"usr\" is not one of system, developer, user, assistant, tool, function",
            ),
            (r#"{"messages":[{"content":"a"}]}"#, "messages[0].role is missing; one of system"),
            (r#"{"messages":[{"role":"user","content":5}]}"#, "messages[0].content: a number instead of a text"),
            (r#"{"messages":[{"role":"user","content":[{}]}]}"#, "messages[0].content[0].type is missing"),
            (r#"{"messages":[{"role":"user","role":"user","content":""}]}"#, "a key occurs twice"),
        ] {
            let why = wrong(line.as_bytes());
            assert!(why.starts_with(said), "{line}: {why}");
        }
    }
}
