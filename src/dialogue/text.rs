//! Text as it stands in a request: borrowed, and decoded only when somebody reads it.

use std::borrow::Cow;
use std::fmt;

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
                if memchr::memchr(b'\\', raw).is_none() {
                    return Some(Cow::Borrowed(s));
                }
                let mut decoded = String::with_capacity(s.len());
                // A string takes whatever it is given.
                let _ = unescape(s, &mut decoded);
                Some(Cow::Owned(decoded))
            }
        }
    }

    /// How many bytes the text has once it is decoded.
    pub fn decoded_len(&self) -> usize {
        match *self {
            Self::Plain(s) => s.len(),
            Self::Json(raw) => match std::str::from_utf8(raw) {
                Ok(s) if memchr::memchr(b'\\', raw).is_some() => {
                    let mut count = Count(0);
                    // A count takes whatever it is given.
                    let _ = unescape(s, &mut count);
                    count.0
                }
                _ => raw.len(),
            },
        }
    }

    /// The first `head` and last `tail` bytes of the decoded text; `None` for the second where that is all of it.
    ///
    /// The same text gives the same ends however it is escaped. Only what is returned is decoded, and a little around
    /// it, so a turn of megabytes costs as much as a short one. Cuts fall between characters. `None` if the bytes read
    /// are not UTF-8.
    pub fn ends(&self, head: usize, tail: usize) -> Option<(Cow<'a, str>, Option<Cow<'a, str>>)> {
        let most = head + tail;
        let whole = match self.raw().len() {
            raw if raw <= most => true,
            // Nothing shrinks to less than a sixth.
            raw if raw > MOST_ESCAPED * most => false,
            _ => self.decoded_len() <= most,
        };
        if whole {
            return Some((self.decode()?, None));
        }
        Some(match *self {
            Self::Plain(s) => {
                let (first, last) = (s.floor_char_boundary(head), s.ceil_char_boundary(s.len() - tail));
                (Cow::Borrowed(&s[..first]), Some(Cow::Borrowed(&s[last..])))
            }
            Self::Json(raw) => (first(raw, head)?, Some(last(raw, tail)?)),
        })
    }
}

/// Bytes of the longest escape that may stand for a single byte: `\u0041`.
const MOST_ESCAPED: usize = 6;

/// How much of the raw text is decoded to find `bytes` of it: most texts hold few escapes, so the second is seldom needed.
fn reaches(bytes: usize) -> [usize; 2] {
    // Cuts move by up to two escapes, of twelve bytes.
    [bytes + bytes / 4 + 24, MOST_ESCAPED * bytes + 24]
}

/// The first `bytes` of a decoded JSON string that is longer than that.
fn first(raw: &[u8], bytes: usize) -> Option<Cow<'_, str>> {
    let mut decoded = Cow::Borrowed("");
    for reach in reaches(bytes) {
        decoded = Text::Json(&raw[..floor(raw, reach.min(raw.len()))]).decode()?;
        if decoded.len() >= bytes {
            break;
        }
    }
    let to = decoded.floor_char_boundary(bytes);
    Some(match decoded {
        Cow::Borrowed(s) => Cow::Borrowed(&s[..to]),
        // Kept for longer than the rest of it would be of use.
        Cow::Owned(s) => Cow::Owned(s[..to].to_owned()),
    })
}

/// The last `bytes` of a decoded JSON string that is longer than that.
fn last(raw: &[u8], bytes: usize) -> Option<Cow<'_, str>> {
    let mut decoded = Cow::Borrowed("");
    for reach in reaches(bytes) {
        decoded = Text::Json(&raw[ceil(raw, raw.len().saturating_sub(reach))..]).decode()?;
        if decoded.len() >= bytes {
            break;
        }
    }
    let from = decoded.ceil_char_boundary(decoded.len().saturating_sub(bytes));
    Some(match decoded {
        Cow::Borrowed(s) => Cow::Borrowed(&s[from..]),
        Cow::Owned(s) => Cow::Owned(s[from..].to_owned()),
    })
}

/// Counts the bytes of what is written to it.
struct Count(usize);

impl fmt::Write for Count {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.0 += s.len();
        Ok(())
    }
}

/// The largest cut at or before `at` that splits neither a character nor an escape.
fn floor(raw: &[u8], at: usize) -> usize {
    let mut at = escape_around(raw, at).map_or(at, |(start, _)| start);
    if splits_pair(raw, at) {
        at -= 6;
    }
    while at > 0 && is_continuation(raw, at) {
        at -= 1;
    }
    at
}

/// The smallest cut at or after `at` that splits neither a character nor an escape.
fn ceil(raw: &[u8], at: usize) -> usize {
    let mut at = escape_around(raw, at).map_or(at, |(_, end)| end.min(raw.len()));
    if splits_pair(raw, at) {
        at += 6;
    }
    while is_continuation(raw, at) {
        at += 1;
    }
    at
}

fn is_continuation(raw: &[u8], at: usize) -> bool {
    raw.get(at).is_some_and(|byte| byte & 0xC0 == 0x80)
}

/// Where the escape begins and ends that a cut at `at` would split.
fn escape_around(raw: &[u8], at: usize) -> Option<(usize, usize)> {
    let near = at.saturating_sub(5)..at;
    let start = near.rev().find(|&start| begins_escape(raw, start))?;
    let end = start + if raw.get(start + 1) == Some(&b'u') { 6 } else { 2 };
    (end > at).then_some((start, end))
}

/// Whether the byte at `at` is a backslash that is not itself escaped.
fn begins_escape(raw: &[u8], at: usize) -> bool {
    raw[at] == b'\\' && raw[..at].iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 0
}

/// Whether the two escapes around `at` are one character.
fn splits_pair(raw: &[u8], at: usize) -> bool {
    let unit = |from: usize| {
        let digits = raw.get(from..from + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let Some(before) = at.checked_sub(6) else { return false };
    matches!((unit(before), unit(at)), (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF))) && begins_escape(raw, before)
}

/// Writes `s` with its JSON escapes resolved; what is no valid escape is kept as it stands.
fn unescape(s: &str, out: &mut impl fmt::Write) -> fmt::Result {
    let mut rest = s;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.write_str(&rest[..at])?;
        rest = &rest[at + 1..];
        let mut chars = rest.chars();
        out.write_char(match chars.next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('u') => {
                let (c, used) = unicode(rest);
                out.write_char(c)?;
                rest = &rest[used..];
                continue;
            }
            Some(c) => c,
            None => '\\',
        })?;
        rest = chars.as_str();
    }
    out.write_str(rest)
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
        fn ends_are_those_of_the_text_however_it_is_escaped(
            text in "[a-z\\\\\"\n\té😀]{0,400}", all: bool, head in 0usize..200, tail in 0usize..200,
        ) {
            let raw = if all { escape_all(&text) } else { json(&text) };
            let escaped = Text::Json(raw.as_bytes());
            prop_assert_eq!(escaped.decoded_len(), text.len());
            let (first, last) = escaped.ends(head, tail).unwrap();
            prop_assert_eq!(&(first.clone(), last.clone()), &Text::Plain(&text).ends(head, tail).unwrap());
            match last {
                Some(last) => {
                    prop_assert!(text.len() > head + tail && text.starts_with(&*first) && text.ends_with(&*last));
                    prop_assert!((head.saturating_sub(3)..=head).contains(&first.len()));
                    prop_assert!((tail.saturating_sub(3)..=tail).contains(&last.len()));
                }
                None => prop_assert_eq!(&*first, text.as_str()),
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_ends_panic(
            raw in prop::collection::vec(prop_oneof![Just(b'\\'), Just(b'u'), Just(b'd'), Just(b'8'), any::<u8>()], 0..200),
            head in 0usize..20,
            tail in 0usize..20,
        ) {
            let text = Text::Json(&raw);
            text.decoded_len();
            if std::str::from_utf8(&raw).is_ok() {
                prop_assert!(text.ends(head, tail).is_some());
            } else {
                text.ends(head, tail);
            }
        }
    }

    #[test]
    fn no_pair_of_escapes_is_split() {
        // Seventeen bytes, of which the first reach of twenty ends between the two halves of the next character.
        let before = format!("{}\\n{}", "a".repeat(11), "\\u0042".repeat(5));
        let raw = format!("{before}\\ud83d\\ude00.");
        let (first, _) = Text::Json(raw.as_bytes()).ends(20, 0).unwrap();
        assert_eq!(first, format!("{}\n{}", "a".repeat(11), "B".repeat(5)));
        let raw = format!(".\\ud83d\\ude00{before}");
        let (_, last) = Text::Json(raw.as_bytes()).ends(0, 20).unwrap();
        assert_eq!(last.unwrap(), format!("{}\n{}", "a".repeat(11), "B".repeat(5)));
    }

    /// Every character as the longest escape it has.
    fn escape_all(text: &str) -> String {
        text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
    }
}
