//! A record as one line of JSON.

use std::io;

use serde::ser::{Error as _, Impossible, Serialize, SerializeStruct, Serializer};

use super::Record;

/// Appends `record` to `line` as one JSON object, byte for byte as serde_json would write it.
///
/// A record has some forty fields, most of them short or null, and serde_json looks at every byte of every key for
/// something to escape: more than half of the time it took to write one. Keys are names of Rust fields and need no escape.
///
/// # Errors
/// If a value cannot be written, which those of a record can.
pub(super) fn write(record: &Record, line: &mut Vec<u8>) -> io::Result<()> {
    Ok(record.serialize(Line(line))?)
}

struct Line<'l>(&'l mut Vec<u8>);

/// The fields of the object that is being written.
struct Fields<'l> {
    line: &'l mut Vec<u8>,
    first: bool,
}

impl SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_field<T: ?Sized + Serialize>(&mut self, key: &'static str, value: &T) -> Result<(), Self::Error> {
        let begin: &[u8] = if std::mem::take(&mut self.first) { b"{\"" } else { b",\"" };
        self.line.extend_from_slice(begin);
        self.line.extend_from_slice(key.as_bytes());
        self.line.extend_from_slice(b"\":");
        value.serialize(&mut serde_json::Serializer::new(&mut *self.line))
    }

    fn end(self) -> Result<(), Self::Error> {
        self.line.extend_from_slice(if self.first { b"{}" } else { b"}" });
        Ok(())
    }
}

/// Only a struct makes a line.
fn no_struct() -> serde_json::Error {
    serde_json::Error::custom("only a struct makes a line of records")
}

macro_rules! refuse {
    ($($name:ident($($kind:ty),*) -> $ok:ty;)*) => {
        $(fn $name(self, $(_: $kind),*) -> Result<$ok, Self::Error> {
            Err(no_struct())
        })*
    };
}

impl<'l> Serializer for Line<'l> {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Impossible<(), serde_json::Error>;
    type SerializeTuple = Impossible<(), serde_json::Error>;
    type SerializeTupleStruct = Impossible<(), serde_json::Error>;
    type SerializeTupleVariant = Impossible<(), serde_json::Error>;
    type SerializeMap = Impossible<(), serde_json::Error>;
    type SerializeStruct = Fields<'l>;
    type SerializeStructVariant = Impossible<(), serde_json::Error>;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'l>, Self::Error> {
        Ok(Fields { line: self.0, first: true })
    }

    fn serialize_some<T: ?Sized + Serialize>(self, _: &T) -> Result<(), Self::Error> {
        Err(no_struct())
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, _: &T) -> Result<(), Self::Error> {
        Err(no_struct())
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Self::Error> {
        Err(no_struct())
    }

    refuse! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
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
        assert!("text".serialize(Line(&mut Vec::new())).is_err());
        assert!(Some(1).serialize(Line(&mut Vec::new())).is_err());
    }
}
