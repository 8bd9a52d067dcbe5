//! What of a user's requirements stands where in a request.

use serde_json::Value;

use super::script::{Script, plain_case};

/// How many of the requirements that hold, and of the values that do not, a text carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// Requirements that hold and are there.
    pub(crate) valid: usize,
    /// Of how many.
    pub(crate) of_valid: usize,
    /// Values that were taken back and are there.
    pub(crate) superseded: usize,
    /// Of how many.
    pub(crate) of_superseded: usize,
}

impl Carried {
    /// What `text` carries of a script.
    pub(crate) fn by(script: &Script, text: &str) -> Self {
        let text = plain_case(text);
        let there = |all: &[&str]| all.iter().filter(|one| text.contains(&plain_case(one))).count();
        let (valid, superseded) = (script.valid(), script.superseded());
        Self {
            valid: there(&valid),
            of_valid: valid.len(),
            superseded: there(&superseded),
            of_superseded: superseded.len(),
        }
    }

    /// Of several scripts together.
    pub(crate) fn add(&mut self, other: Self) {
        self.valid += other.valid;
        self.of_valid += other.of_valid;
        self.superseded += other.superseded;
        self.of_superseded += other.of_superseded;
    }
}

/// The last message of a chat body, and all before it, as texts.
pub(crate) fn texts(body: &[u8]) -> (String, String) {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let messages = body["messages"].as_array().cloned().unwrap_or_default();
    let text = |message: &Value| match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    };
    let mut all: Vec<String> = messages.iter().map(text).collect();
    let last = all.pop().unwrap_or_default();
    (last, all.join("\n"))
}

/// How many bytes two bodies have in common from the start: what a provider's cache of prefixes can keep of the first when
/// the second comes.
pub(crate) fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}
