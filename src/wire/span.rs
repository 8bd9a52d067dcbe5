//! Finding values in JSON without building anything: a cursor that walks objects and arrays over the bytes as received.
//!
//! A chat request is mostly long strings, and most of what it holds is of no interest here. So every byte is passed at
//! most once, long strings are crossed with `memchr` and short ones a word at a time, and what is skipped is only bracketed, not checked: a cursor accepts
//! some texts that are not JSON (`{"a":tru}`, `[1}` where it skips). On a text that *is* JSON every range it gives is
//! exact, which is why nothing is edited before [`Document`](super::Document) has checked the whole body.
//!
//! No bytes make it panic; nesting costs neither stack nor more than linear time.

use std::borrow::Cow;

use memchr::memchr;

use crate::dialogue::{Bypass, Text};

/// What stands at the cursor is not what JSON, or the shape that is being read, wants there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl From<Malformed> for Bypass {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// The kind of a value, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    /// A number, `true`, `false` or `null`.
    Scalar,
}

/// A place in a JSON text, between values.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor before the first value of `body`.
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0 }
    }

    /// The offset of the cursor: behind the value that was passed last.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// The bytes before the cursor.
    pub(crate) fn passed(&self) -> &'a [u8] {
        &self.body[..self.at]
    }

    /// The kind of the next value; the cursor moves right before it.
    pub(crate) fn kind(&mut self) -> Result<Kind, Malformed> {
        match self.peek() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => Ok(Kind::Scalar),
            _ => Err(Malformed),
        }
    }

    /// Walks the object at the cursor.
    ///
    /// `each` gets every key, unescaped, in order, and must pass exactly the value behind it.
    pub(crate) fn object(
        &mut self,
        mut each: impl FnMut(&[u8], &mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.sequence(b'{', b'}', |cursor| {
            let (key, plain) = cursor.inside()?;
            cursor.expect(b':')?;
            if plain {
                return each(key, cursor);
            }
            match unescaped(key) {
                Cow::Borrowed(key) => each(key, cursor),
                Cow::Owned(key) => each(&key, cursor),
            }
        })
    }

    /// Walks the array at the cursor; `each` must pass exactly one value.
    pub(crate) fn array(&mut self, each: impl FnMut(&mut Self) -> Result<(), Malformed>) -> Result<(), Malformed> {
        self.sequence(b'[', b']', each)
    }

    /// Passes the string at the cursor and gives its inside, still escaped.
    pub(crate) fn string(&mut self) -> Result<&'a [u8], Malformed> {
        self.inside().map(|(inside, _)| inside)
    }

    /// The same, and whether it is known to hold no escape.
    ///
    /// Keys and the words of an API are short: a look at two words of eight bytes finds the end of most of them in a third
    /// of the instructions that it takes to set a vector search up. (A call of 1 kB is read in 5,400 instructions, where it
    /// took 7,900.)
    #[inline]
    fn inside(&mut self) -> Result<(&'a [u8], bool), Malformed> {
        self.expect(b'"')?;
        let rest = &self.body[self.at..];
        match first_mark(rest) {
            Some(end) if rest[end] == b'"' => {
                self.at += end + 1;
                Ok((&rest[..end], true))
            }
            _ => self.long().map(|inside| (inside, false)),
        }
    }

    /// Passes what is left of a string behind its first quote, and gives it.
    #[inline(never)]
    fn long(&mut self) -> Result<&'a [u8], Malformed> {
        let start = self.at;
        loop {
            let quote = self.at + memchr(b'"', &self.body[self.at..]).ok_or(Malformed)?;
            self.at = quote + 1;
            // A quote is escaped behind an odd number of backslashes. Each run of them is counted once, for the quote
            // right behind it, so this stays linear; and unlike a search for both bytes it does not stop at every `\n`.
            let slashes = self.body[start..quote].iter().rev().take_while(|&&byte| byte == b'\\').count();
            if slashes % 2 == 0 {
                return Ok(&self.body[start..quote]);
            }
        }
    }

    /// Passes the string at the cursor and gives what it says.
    pub(crate) fn word(&mut self) -> Result<Cow<'a, [u8]>, Malformed> {
        let (inside, plain) = self.inside()?;
        Ok(if plain { Cow::Borrowed(inside) } else { unescaped(inside) })
    }

    /// Passes the value at the cursor, whatever it is, and gives its bytes.
    pub(crate) fn skip(&mut self) -> Result<&'a [u8], Malformed> {
        let kind = self.kind()?;
        let start = self.at;
        match kind {
            Kind::String => drop(self.string()?),
            Kind::Object | Kind::Array => self.brackets()?,
            Kind::Scalar => {
                let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
                let rest = &self.body[start..];
                self.at += rest.iter().position(ends).unwrap_or(rest.len());
            }
        }
        Ok(&self.body[start..self.at])
    }

    /// Checks that nothing but whitespace is left.
    pub(crate) fn end(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Malformed),
        }
    }

    /// The next byte that is not whitespace; the cursor moves before it.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.body.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                &byte => return Some(byte),
            }
        }
        None
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(Malformed)
    }

    #[inline]
    fn sequence(
        &mut self,
        open: u8,
        close: u8,
        mut each: impl FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        self.expect(open)?;
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            each(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Malformed),
            }
        }
    }

    /// Passes everything from the bracket at the cursor to the one that closes it, by counting alone.
    fn brackets(&mut self) -> Result<(), Malformed> {
        let mut depth = 0usize;
        loop {
            match self.body.get(self.at).ok_or(Malformed)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

/// The place of the first quote or backslash among the first sixteen bytes.
///
/// A byte is zero exactly where the lowest bit that this leaves set belongs to it (Mycroft's test); above it there may be
/// bits that mean nothing, which is why only the lowest is looked at.
#[inline]
fn first_mark(bytes: &[u8]) -> Option<usize> {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let zero = |word: u64| word.wrapping_sub(EACH) & !word & (EACH << 7);
    let marks = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        zero(word ^ (EACH * u64::from(b'"'))) | zero(word ^ (EACH * u64::from(b'\\')))
    };
    let ([first, second, ..], _) = bytes.as_chunks::<8>() else {
        return bytes.iter().take(16).position(|byte| matches!(byte, b'"' | b'\\'));
    };
    match (marks(first), marks(second)) {
        (0, 0) => None,
        (0, second) => Some(8 + second.trailing_zeros() as usize / 8),
        (first, _) => Some(first.trailing_zeros() as usize / 8),
    }
}

/// What a string says, given its inside; the inside itself where it is not UTF-8.
pub(crate) fn unescaped(inside: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', inside).is_none() {
        return Cow::Borrowed(inside);
    }
    match Text::Json(inside).decode() {
        Some(text) => Cow::Owned(text.into_owned().into_bytes()),
        None => Cow::Borrowed(inside),
    }
}

/// The inside of `value`, if that is a string.
pub(crate) fn text(value: &[u8]) -> Option<Text<'_>> {
    Cursor::new(value).string().ok().map(Text::Json)
}

/// What the string `value` says; empty if it is no string.
pub(crate) fn word(value: &[u8]) -> Cow<'_, [u8]> {
    Cursor::new(value).word().unwrap_or(Cow::Borrowed(&[]))
}

/// The number `value`; `None` if it is none.
pub(crate) fn number(value: &[u8]) -> Option<f64> {
    std::str::from_utf8(value).ok()?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The value of `name` in the object `value`; `None` if it is absent or `null`.
///
/// # Errors
/// If `value` is no object, or has `name` twice.
pub(crate) fn field<'a>(value: &'a [u8], name: &[u8]) -> Result<Option<&'a [u8]>, Malformed> {
    let mut found = None;
    Cursor::new(value).object(|key, cursor| {
        let value = cursor.skip()?;
        if key == name { once(&mut found, value) } else { Ok(()) }
    })?;
    Ok(given(found))
}

/// The text or the number at a path of keys, as it stands in the JSON: a text without its quotes and escaped. `None` where there is
/// none, where it is empty, and where a key stands twice.
pub(crate) fn value_at<'a>(body: &'a [u8], path: &[String]) -> Option<&'a [u8]> {
    let mut value = body;
    for key in path {
        value = field(value, key.as_bytes()).ok().flatten()?;
    }
    let inside = match value {
        [b'"', inside @ .., b'"'] => inside,
        [b'-' | b'0'..=b'9', ..] => value,
        _ => return None,
    };
    (!inside.trim_ascii().is_empty()).then_some(inside)
}

/// Fills `slot`, which must be empty: of two values under one key, parsers disagree on which counts.
pub(crate) fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Malformed> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Malformed),
    }
}

/// `null` says the same as nothing.
pub(crate) fn given(value: Option<&[u8]>) -> Option<&[u8]> {
    value.filter(|value| *value != b"null")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn skipped(text: &str) -> Result<&str, Malformed> {
        Cursor::new(text.as_bytes()).skip().map(|raw| std::str::from_utf8(raw).unwrap())
    }

    #[test]
    fn a_string_ends_at_the_first_quote_that_is_not_escaped() {
        for (text, inside) in [
            (r#""" x"#, ""),
            (r#""a\"b"c"#, r#"a\"b"#),
            (r#""a\\"b""#, r"a\\"),
            (r#""\\\"""#, r#"\\\""#),
            (r#""\\\\"","#, r"\\\\"),
            // The end, or an escape, in each word of eight bytes and behind them.
            (r#""1234567" 90123456"#, "1234567"),
            (r#""12345678" 0123456"#, "12345678"),
            (r#""1234567890123456" "#, "1234567890123456"),
            (r#""1234567\"9012" 56"#, r#"1234567\"9012"#),
            (r#""123456789012345\"7" "#, r#"123456789012345\"7"#),
            // Bytes that differ from a mark in one bit, right behind one that does not.
            ("\"#]#]#]#]\" #]#]#]", "#]#]#]#]"),
        ] {
            assert_eq!(Cursor::new(text.as_bytes()).string(), Ok(inside.as_bytes()), "{text}");
        }
        for text in ["\"", r#""\""#, r#""a\\\""#, ""] {
            assert_eq!(Cursor::new(text.as_bytes()).string(), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert_eq!(skipped(r#" {"a":["}]"],"b\"":{}} ,"#), Ok(r#"{"a":["}]"],"b\"":{}}"#));
        assert_eq!(skipped("-1.5e3]"), Ok("-1.5e3"));
        assert_eq!(skipped("nul"), Ok("nul"), "what is skipped is not checked");
        for text in ["", "  ", "]", ",", "[", "{\"a\":[1,2}", "[\"]", ":1", "\u{feff}{}"] {
            assert_eq!(skipped(text), Err(Malformed), "{text:?}");
        }
    }

    #[test]
    fn an_object_gives_unescaped_keys_and_wants_its_commas() {
        let keys = |text: &str| {
            let mut keys = Vec::new();
            Cursor::new(text.as_bytes()).object(|key, cursor| {
                keys.push(String::from_utf8(key.to_vec()).unwrap());
                cursor.skip().map(drop)
            })?;
            Ok(keys.join(","))
        };
        assert_eq!(keys("{ \"a\" :1,\"\\u0062\\u0063\":\n[2] }"), Ok("a,bc".to_owned()));
        assert_eq!(keys("{}"), Ok(String::new()));
        for text in ["{,}", r#"{"a":1,}"#, r#"{"a" 1}"#, r#"{"a":1 "b":2}"#, "{1:2}", r#"{"a":}"#, r#"{"a":1]"#] {
            assert_eq!(keys(text), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn a_field_that_stands_twice_is_refused_even_as_null() {
        assert_eq!(field(br#"{"a":1,"b":null}"#, b"a"), Ok(Some(&b"1"[..])));
        assert_eq!(field(br#"{"a":1,"b":null}"#, b"b"), Ok(None));
        assert_eq!(field(br#"{"b":null,"\u0062":2}"#, b"b"), Err(Malformed));
        assert_eq!(field(b"[]", b"b"), Err(Malformed));
    }

    #[test]
    fn nesting_of_any_depth_takes_no_stack() {
        let depth = 2_000_000;
        let deep = "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(skipped(&deep), Ok(&*deep));
        assert_eq!(skipped(&deep[..deep.len() - 1]), Err(Malformed));
    }

    proptest! {
        #[test]
        fn any_bytes_are_skipped_or_refused(bytes in "[\\[\\]{}\",:\\\\ a1nt]{0,40}") {
            let mut cursor = Cursor::new(bytes.as_bytes());
            while cursor.skip().is_ok() {
                prop_assert!(cursor.offset() <= bytes.len());
            }
        }

        #[test]
        fn every_json_value_is_passed_exactly(text in ".*", list in prop::collection::vec(any::<f64>(), 0..4)) {
            let value = serde_json::json!({ &*text: list, "x": [{ "y": text }, null, true] }).to_string();
            let padded = format!(" \n{value} ]");
            prop_assert_eq!(skipped(&padded), Ok(&*value));
        }
    }
}
