//! Which keys the configuration has, and what kind of value each takes, as the types that read it say themselves.
//!
//! A key that a section gains is known here without a word more: nothing has to be kept in step.

use serde::de::value::Error;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess};
use serde::de::{Visitor, value::StrDeserializer};
use serde::forward_to_deserialize_any;

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// Text, which most of our own types stand as.
    Text,
    /// A list of texts.
    List,
    /// A table, or a list of tables.
    Table,
}

/// A key: the tables it stands in, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) path: Vec<&'static str>,
    pub(super) kind: Kind,
}

/// Every key that `T` reads, in its order, tables by the keys in them. Tables whose keys are names of the operator's own
/// are left out.
pub(super) fn keys<T: DeserializeOwned>() -> Vec<Key> {
    let mut keys = Vec::new();
    walk::<T>(&[], &mut keys);
    keys
}

fn walk<T: DeserializeOwned>(path: &[&'static str], keys: &mut Vec<Key>) {
    match probe::<T>(path) {
        Some(Found::Struct(fields)) => {
            for field in fields {
                let path: Vec<_> = path.iter().chain([field]).copied().collect();
                walk::<T>(&path, keys);
            }
        }
        Some(Found::Value(kind)) if kind != Kind::Table => keys.push(Key { path: path.to_vec(), kind }),
        _ => {}
    }
}

/// What `T` asks for at `path`.
fn probe<T: DeserializeOwned>(path: &[&'static str]) -> Option<Found> {
    let mut found = None;
    // It always ends in an error, since nothing is there to be read.
    let _ = T::deserialize(Probe { path, found: &mut found });
    found
}

#[derive(Clone, Copy, Debug)]
enum Found {
    Struct(&'static [&'static str]),
    Value(Kind),
}

/// Walks down to one key and notes what is asked for there.
struct Probe<'a> {
    path: &'a [&'static str],
    found: &'a mut Option<Found>,
}

impl Probe<'_> {
    fn note<V>(self, kind: Kind) -> Result<V, Error> {
        *self.found = Some(Found::Value(kind));
        Err(Error::custom("only asked"))
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    /// What takes more than one type is a bounded whole number.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.note(Kind::Whole)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.note(Kind::Flag)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.note(Kind::Number)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.note(Kind::Number)
    }

    fn deserialize_str<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.note(Kind::Text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.note(Kind::Text)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.note(Kind::Text)
    }

    fn deserialize_map<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.note(Kind::Table)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut item = None;
        let asked = visitor.visit_seq(One { path: &[], found: &mut item, there: true });
        *self.found = Some(Found::Value(match item {
            Some(Found::Value(Kind::Table) | Found::Struct(_)) => Kind::Table,
            _ => Kind::List,
        }));
        asked
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.path.is_empty() {
            *self.found = Some(Found::Struct(fields));
            return Err(Error::custom("only asked"));
        }
        visitor.visit_map(One { path: self.path, found: self.found, there: true })
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
        ignored_any
    }
}

/// A table with the first key of `path` in it, or a list with one item.
struct One<'a> {
    path: &'a [&'static str],
    found: &'a mut Option<Found>,
    there: bool,
}

impl<'de> MapAccess<'de> for One<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        match self.path.first() {
            Some(key) if std::mem::take(&mut self.there) => {
                let key: StrDeserializer<'_, Error> = key.into_deserializer();
                seed.deserialize(key).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(Probe { path: self.path.get(1..).unwrap_or_default(), found: self.found })
    }
}

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if !std::mem::take(&mut self.there) {
            return Ok(None);
        }
        seed.deserialize(Probe { path: &[], found: self.found }).map(Some)
    }
}

#[cfg(test)]
#[allow(dead_code)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
    #[derive(Default)]
    struct Top {
        a_flag: bool,
        a_share: Option<f64>,
        a_path: Option<PathBuf>,
        names: Vec<String>,
        many: Vec<Inner>,
        by_name: BTreeMap<String, Inner>,
        inner: Inner,
    }

    #[derive(Default, Deserialize)]
    #[serde(rename_all = "kebab-case", default)]
    struct Inner {
        count: crate::config::Whole<1, 9>,
        period: Option<crate::config::Period>,
    }

    impl Default for crate::config::Whole<1, 9> {
        fn default() -> Self {
            Self::clamped(1)
        }
    }

    #[test]
    fn the_types_tell_their_keys() {
        let found: Vec<_> = keys::<Top>().into_iter().map(|key| (key.path.join("."), key.kind)).collect();
        let wanted = [
            ("a-flag", Kind::Flag),
            ("a-share", Kind::Number),
            ("a-path", Kind::Text),
            ("names", Kind::List),
            ("inner.count", Kind::Whole),
            ("inner.period", Kind::Text),
        ];
        assert_eq!(found, wanted.map(|(path, kind)| (path.to_owned(), kind)));
    }
}
