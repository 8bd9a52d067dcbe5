//! A record as one line of JSON.

use std::fmt;
use std::io;

use serde::ser::{Impossible, Serialize, SerializeStruct, Serializer};

use super::Record;

/// Appends `record` to `line` as one JSON object, byte for byte as serde_json would write it.
///
/// A record has some thirty fields, most of them short or null, and serde_json looks at every byte of every key and word for
/// something to escape: more than half of the time that it takes to write one. Keys are names of Rust fields, which need
/// no escape, and most words are looked at eight bytes at a time. Lists and objects are serde_json's own.
///
/// # Errors
/// If a value cannot be written, which those of a record can.
pub(super) fn write(record: &Record, line: &mut Vec<u8>) -> io::Result<()> {
    match record.serialize(Line { out: line, is_field: false }) {
        Ok(()) => Ok(()),
        Err(NotHere(error)) => Err(error.map_or_else(|| io::Error::other("a record is a struct"), io::Error::from)),
    }
}

/// Writes the object, or the value of one of its fields.
struct Line<'l> {
    out: &'l mut Vec<u8>,
    is_field: bool,
}

/// A value that serde_json is to write, or the error with which it refused to.
#[derive(Debug)]
struct NotHere(Option<serde_json::Error>);

impl fmt::Display for NotHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a value that is written here")
    }
}

impl std::error::Error for NotHere {}

impl serde::ser::Error for NotHere {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Some(serde::ser::Error::custom(message)))
    }
}

impl From<serde_json::Error> for NotHere {
    fn from(error: serde_json::Error) -> Self {
        Self(Some(error))
    }
}

/// The fields of the object that is being written.
struct Fields<'l> {
    out: &'l mut Vec<u8>,
    first: bool,
}

impl SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = NotHere;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, key: &'static str, value: &T) -> Result<(), NotHere> {
        self.out.reserve(key.len() + 4);
        self.out.push(if std::mem::take(&mut self.first) { b'{' } else { b',' });
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        match value.serialize(Line { out: self.out, is_field: true }) {
            Err(NotHere(None)) => Ok(value.serialize(&mut serde_json::Serializer::new(&mut *self.out))?),
            written => written,
        }
    }

    fn end(self) -> Result<(), NotHere> {
        self.out.extend_from_slice(if self.first { b"{}" } else { b"}" });
        Ok(())
    }
}

impl Line<'_> {
    fn json(self, value: &(impl Serialize + ?Sized)) -> Result<(), NotHere> {
        Ok(value.serialize(&mut serde_json::Serializer::new(self.out))?)
    }
}

/// Whether one of these bytes is escaped in JSON: a control character, a quote or a backslash.
fn is_escaped(bytes: [u8; 8]) -> bool {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let word = u64::from_le_bytes(bytes);
    let below = |word: u64, least: u8| word.wrapping_sub(EACH * u64::from(least)) & !word & (EACH << 7);
    let is = |byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
    below(word, 0x20) | is(b'"') | is(b'\\') != 0
}

/// Methods that leave a value to serde_json, one by one, or refuse what [`Fields`] then gives to serde_json as a whole.
macro_rules! leave {
    ($($name:ident($kind:ty);)*) => {
        $(fn $name(self, value: $kind) -> Result<(), NotHere> {
            self.json(&value)
        })*
    };
    ($($name:ident($($kind:ty),*) -> $ok:ty;)*) => {
        $(fn $name(self, $(_: $kind),*) -> Result<$ok, NotHere> {
            Err(NotHere(None))
        })*
    };
}

impl<'l> Serializer for Line<'l> {
    type Ok = ();
    type Error = NotHere;
    type SerializeSeq = Impossible<(), NotHere>;
    type SerializeTuple = Impossible<(), NotHere>;
    type SerializeTupleStruct = Impossible<(), NotHere>;
    type SerializeTupleVariant = Impossible<(), NotHere>;
    type SerializeMap = Impossible<(), NotHere>;
    type SerializeStruct = Fields<'l>;
    type SerializeStructVariant = Impossible<(), NotHere>;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'l>, NotHere> {
        if self.is_field { Err(NotHere(None)) } else { Ok(Fields { out: self.out, first: true }) }
    }

    fn serialize_str(self, text: &str) -> Result<(), NotHere> {
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        let mut last = [b' '; 8];
        last[..rest.len()].copy_from_slice(rest);
        if words.iter().any(|word| is_escaped(*word)) || is_escaped(last) {
            return self.json(text);
        }
        self.out.reserve(text.len() + 2);
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
        Ok(())
    }

    fn serialize_none(self) -> Result<(), NotHere> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), NotHere> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), NotHere> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<(), NotHere> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NotHere> {
        Err(NotHere(None))
    }

    leave! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
    }

    leave! {
        serialize_bytes(&[u8]) -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dialogue::{Bypass, Conversation, ConversationSource, Identity, IdentityKey, Role, Turn};
    use crate::wire::{Dialect, Usage};

    #[test]
    fn a_line_is_what_serde_json_writes() {
        let mut record = Record::new(Dialect::OpenAiChat, "gen\"tle\n".into(), "0123".into());
        let conversation = Conversation { turns: vec![Turn::new(Role::User, "hi")], tools: false };
        let key = IdentityKey::derive(b"key");
        for step in 0..3 {
            match step {
                1 => {
                    let explicit = Some((ConversationSource::Header, &b"42"[..]));
                    record.identify(&Identity::of(&key, &conversation, b"tenant", explicit).unwrap());
                    record.model = Some("a \\ \u{7} é".to_owned());
                    record.bypass = Some(Bypass::Deadline);
                }
                2 => {
                    record.usage = Some(Usage { prompt_tokens: 1, completion_tokens: 2, cached_tokens: None });
                    record.assistant_acts = Some(vec![crate::dialogue::AssistantAct::Clarification]);
                    record.reason = Some("ambiguity 0.60 >= 0.50".to_owned());
                }
                _ => {}
            }
            let mut line = b"before ".to_vec();
            write(&record, &mut line).unwrap();
            assert_eq!(line, [b"before ", &*serde_json::to_vec(&record).unwrap()].concat());
        }
    }

    #[test]
    fn what_is_no_struct_is_refused() {
        assert!("text".serialize(Line { out: &mut Vec::new(), is_field: false }).is_ok(), "a value of a field");
        assert!([1].serialize(Line { out: &mut Vec::new(), is_field: false }).is_err());
    }

    proptest! {
        #[test]
        fn words_are_what_serde_json_writes(text in any::<String>(), plain in "[ -~é]{0,30}") {
            for text in [text, plain] {
                let mut out = Vec::new();
                text.serialize(Line { out: &mut out, is_field: true }).unwrap();
                prop_assert_eq!(out, serde_json::to_vec(&text).unwrap());
            }
        }

        #[test]
        fn any_byte_that_needs_an_escape_is_seen(byte: u8, at in 0usize..8) {
            let mut word = *b"abcdefg\x7f";
            word[at] = byte;
            prop_assert_eq!(is_escaped(word), byte < 0x20 || byte == b'"' || byte == b'\\');
        }
    }
}
