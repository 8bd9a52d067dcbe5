//! Text as it stands in a request: borrowed, and decoded only when somebody reads it.

use std::borrow::Cow;

/// A piece of text of a conversation.
///
/// A request's strings stay as they were received, JSON escapes and all, so that reading a conversation copies nothing;
/// the few that are judged are decoded with [`Text::decode`].
#[derive(Clone, Copy, Debug)]
pub enum Text<'a> {
    /// The text itself.
    Plain(&'a str),
    /// The inside of a JSON string, without its quotes and still escaped.
    Json(&'a [u8]),
}

impl<'a> Text<'a> {
    /// The bytes as they stand; for [`Text::Json`] still escaped.
    pub fn raw(&self) -> &'a [u8] {
        match *self {
            Self::Plain(s) => s.as_bytes(),
            Self::Json(raw) => raw,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.raw().is_empty()
    }

    /// The text, borrowed where it holds no escape.
    ///
    /// A lone surrogate (`\ud83d` by itself) becomes U+FFFD, as browsers have it. `None` if the bytes are not UTF-8.
    pub fn decode(&self) -> Option<Cow<'a, str>> {
        match *self {
            Self::Plain(s) => Some(Cow::Borrowed(s)),
            Self::Json(raw) => {
                let s = std::str::from_utf8(raw).ok()?;
                Some(if memchr::memchr(b'\\', raw).is_some() { Cow::Owned(unescape(s)) } else { Cow::Borrowed(s) })
            }
        }
    }

    /// The first `head` and last `tail` bytes' worth of text, and whether anything between was left out.
    ///
    /// Only what is returned is decoded, so a turn of megabytes costs as much as a short one. Cuts fall between
    /// characters. `None` if the bytes read are not UTF-8.
    pub fn ends(&self, head: usize, tail: usize) -> Option<(Cow<'a, str>, Option<Cow<'a, str>>)> {
        let raw = self.raw();
        if raw.len() <= head + tail {
            return Some((self.decode()?, None));
        }
        let first = &raw[..floor(raw, head)];
        let last = &raw[ceil(raw, raw.len() - tail)..];
        let piece = |bytes: &'a [u8]| match self {
            Self::Plain(_) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Json(_) => Text::Json(bytes).decode(),
        };
        Some((piece(first)?, Some(piece(last)?)))
    }
}

/// The largest cut at or before `at` that splits neither a character nor an escape.
fn floor(raw: &[u8], mut at: usize) -> usize {
    while at > 0 && (raw[at] & 0xC0) == 0x80 {
        at -= 1;
    }
    // An escape is at most 12 bytes (a surrogate pair): cut before a backslash that is that near.
    match raw[at.saturating_sub(12)..at].iter().position(|&b| b == b'\\') {
        Some(offset) => {
            let mut start = at.saturating_sub(12) + offset;
            while start > 0 && raw[start - 1] == b'\\' {
                start -= 1;
            }
            start
        }
        None => at,
    }
}

/// The smallest cut at or after `at` that splits neither a character nor an escape.
fn ceil(raw: &[u8], mut at: usize) -> usize {
    // Move past any escape that could reach over the cut.
    if let Some(offset) = raw[at.saturating_sub(12)..at].iter().rposition(|&b| b == b'\\') {
        at = (at.saturating_sub(12) + offset + 12).min(raw.len());
        // What follows may again be inside an escape: go on to the first byte after a run without backslashes.
        while let Some(next) = raw[at.saturating_sub(12)..at].iter().rposition(|&b| b == b'\\') {
            if at == raw.len() {
                break;
            }
            at = (at.saturating_sub(12) + next + 13).min(raw.len());
        }
    }
    while at < raw.len() && (raw[at] & 0xC0) == 0x80 {
        at += 1;
    }
    at
}

/// Resolves JSON escapes; what is no valid escape is kept as it stands.
fn unescape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut rest = s;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut chars = rest.chars();
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let (c, used) = unicode(rest);
                out.push(c);
                rest = &rest[used..];
                continue;
            }
            Some(c) => out.push(c),
            None => out.push('\\'),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

/// The character of `uXXXX` (and, for a pair, the `\uXXXX` after it) at the start of `s`, and how many bytes it takes.
fn unicode(s: &str) -> (char, usize) {
    let hex = |at: usize| s.get(at..at + 4).and_then(|h| u32::from_str_radix(h, 16).ok());
    match hex(1) {
        Some(high @ 0xD800..=0xDBFF) if s.get(5..7) == Some("\\u") => match hex(7) {
            Some(low @ 0xDC00..=0xDFFF) => {
                let scalar = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                (char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER), 11)
            }
            _ => (char::REPLACEMENT_CHARACTER, 5),
        },
        Some(unit) => (char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), 5),
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(text: &str) -> String {
        let quoted = serde_json::to_string(text).unwrap();
        quoted[1..quoted.len() - 1].to_owned()
    }

    #[test]
    fn escapes_and_lone_surrogates() {
        let decode = |raw: &'static str| Text::Json(raw.as_bytes()).decode().unwrap().into_owned();
        assert_eq!(decode(r#"a\"b\\c\/d\n"#), "a\"b\\c/d\n");
        assert_eq!(decode(r"\u00e9\ud83d\ude00!"), "é😀!");
        assert_eq!(decode(r"x\ud83dy"), "x\u{FFFD}y");
        assert_eq!(decode(r"x\ud83d\u0041"), "x\u{FFFD}A");
        assert!(Text::Json(b"\xff\xfe").decode().is_none());
    }

    proptest! {
        #[test]
        fn decodes_as_serde_does(text in any::<String>()) {
            let raw = json(&text);
            prop_assert_eq!(Text::Json(raw.as_bytes()).decode().unwrap(), text);
        }

        #[test]
        fn ends_are_a_true_prefix_and_suffix(text in "[a-z\\\\\"\n\té😀]{0,400}", head in 0usize..200, tail in 0usize..200) {
            let raw = json(&text);
            let (first, last) = Text::Json(raw.as_bytes()).ends(head, tail).unwrap();
            prop_assert!(text.starts_with(&*first), "{first:?} begins {text:?}");
            if let Some(last) = last {
                prop_assert!(text.ends_with(&*last), "{last:?} ends {text:?}");
            } else {
                prop_assert_eq!(&*first, text.as_str());
            }
        }
    }
}
