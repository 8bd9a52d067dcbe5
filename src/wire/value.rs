//! What single values of a request say, and the members of an object that say something.

use super::span::{Cursor, Malformed, field, given, number, text};
use crate::dialogue::Text;

/// The values of some keys of an object, as they stand.
pub(crate) struct Members<'a, const N: usize> {
    names: &'static [&'static str; N],
    values: [Option<&'a [u8]>; N],
}

impl<'a, const N: usize> Members<'a, N> {
    /// None of these is there yet.
    pub(crate) fn of(names: &'static [&'static str; N]) -> Self {
        Self { names, values: [None; N] }
    }

    /// Where the value of `key` is kept; `None` for a key that says nothing.
    pub(crate) fn slot(&mut self, key: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        let at = self.names.iter().position(|name| name.as_bytes() == key)?;
        self.values.get_mut(at)
    }

    /// The value of `name`; `None` where it is absent or `null`.
    pub(crate) fn get(&self, name: &str) -> Option<&'a [u8]> {
        debug_assert!(self.names.contains(&name), "{name} is not read");
        self.names.iter().zip(self.values).find(|(known, _)| **known == name).and_then(|(_, value)| given(value))
    }

    /// Whether `name` is `true`.
    pub(crate) fn is_true(&self, name: &str) -> Result<bool, Malformed> {
        boolean(self.get(name))
    }
}

/// Keys by which local servers constrain what the model may write (llama.cpp, vLLM).
pub(crate) const CONSTRAINTS: [&str; 8] = [
    "grammar",
    "json_schema",
    "guided_json",
    "guided_regex",
    "guided_choice",
    "guided_grammar",
    "structured_outputs",
    "response_schema",
];

/// Whether the value under one of [`CONSTRAINTS`] constrains anything.
pub(crate) fn constrains(value: &[u8]) -> bool {
    !matches!(value, b"{}" | b"\"\"")
}

/// What is absent is `false`.
pub(crate) fn boolean(value: Option<&[u8]>) -> Result<bool, Malformed> {
    match value {
        None | Some(b"false") => Ok(false),
        Some(b"true") => Ok(true),
        Some(_) => Err(Malformed),
    }
}

/// Whether `value` is a list that is not empty: SDKs send `[]` where there is nothing to offer.
pub(crate) fn has_items(value: Option<&[u8]>) -> bool {
    let mut any = false;
    // What is no list, or a broken one, offers nothing.
    let _ = Cursor::new(value.unwrap_or_default()).array(|cursor| {
        any = true;
        cursor.skip().map(drop)
    });
    any
}

/// A number of tokens that leaves no room for an answer: agents probe quotas, and warm caches, with one or none.
pub(crate) fn is_probe(limit: &[u8]) -> bool {
    number(limit).is_some_and(|tokens| (0.0..=1.0).contains(&tokens))
}

/// A count; `None` if it is none.
pub(crate) fn count(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The application's own identifier of the conversation.
///
/// The APIs themselves know no conversations. `metadata` is where an application can put an identifier of its own that the
/// API accepts; these two names are what applications use. (`prompt_cache_key` and `safety_identifier` name a cache
/// bucket and a person, not a conversation.)
pub(crate) fn conversation_id(metadata: &[u8]) -> Result<Option<Text<'_>>, Malformed> {
    let named = |name| Ok(field(metadata, name)?.and_then(text).filter(|id| !id.is_empty()));
    Ok(named(b"conversation_id")?.or(named(b"thread_id")?))
}
