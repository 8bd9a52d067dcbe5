//! Values that stand in the configuration as text, and what is said where the text is wrong.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserializer, de};

/// What is wrong with a value, and what to write instead.
///
/// `Display` puts each on a line of its own, which is how it travels through an error of serde and comes out in two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    what: String,
    fix: String,
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into() }
    }

    /// `text` as a message shows it.
    pub(super) fn shown(text: &str) -> String {
        if text.is_empty() {
            "an empty text".to_owned()
        } else if text.contains("://") || text.contains('@') {
            // In the wrong place, and perhaps with a password in it.
            "a URL".to_owned()
        } else {
            format!("`{text}`")
        }
    }

    /// About a number that is not as it must be: `wanted`.
    pub(super) fn out_of(wanted: impl fmt::Display) -> Self {
        Self::new(format!("this must be {wanted}"), format!("write {wanted}"))
    }

    /// The same about a value that may also be off.
    pub(super) fn or_off(mut self) -> Self {
        self.fix.push_str(", or \"off\"");
        self
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.what, self.fix)
    }
}

impl std::error::Error for Wrong {}

/// Reads a value from a string; anything else is a type error that says what was `expected`.
pub(super) fn from_text<'de, D, T>(d: D, expected: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = Wrong>,
{
    struct Text<T>(&'static str, PhantomData<T>);

    impl<T: FromStr<Err = Wrong>> de::Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }

    d.deserialize_str(Text(expected, PhantomData))
}

/// Has a type that is `FromStr<Err = Wrong>` and `Display` stand in the configuration as text.
macro_rules! text_value {
    ($type:ty, $expected:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                $crate::config::text::from_text(d, $expected)
            }
        }
    };
}

pub(super) use text_value;
