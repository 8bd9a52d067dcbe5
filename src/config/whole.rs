//! Whole numbers within bounds.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::text::Wrong;

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Whole<const LEAST: usize, const MOST: usize>(usize);

impl<const LEAST: usize, const MOST: usize> Whole<LEAST, MOST> {
    /// `number`, or the nearest bound.
    pub const fn clamped(number: usize) -> Self {
        if number < LEAST {
            Self(LEAST)
        } else if number > MOST {
            Self(MOST)
        } else {
            Self(number)
        }
    }

    /// The number.
    pub const fn get(self) -> usize {
        self.0
    }

    fn new(number: Option<usize>) -> Result<Self, Wrong> {
        let within = number.filter(|number| (LEAST..=MOST).contains(number));
        within.map(Self).ok_or_else(|| Wrong::out_of(format!("a whole number from {LEAST} to {MOST}")))
    }
}

impl<const LEAST: usize, const MOST: usize> fmt::Display for Whole<LEAST, MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const LEAST: usize, const MOST: usize> FromStr for Whole<LEAST, MOST> {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        Self::new(text.parse().ok())
    }
}

impl<'de, const LEAST: usize, const MOST: usize> Deserialize<'de> for Whole<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Number<const LEAST: usize, const MOST: usize>;

        impl<const LEAST: usize, const MOST: usize> de::Visitor<'_> for Number<LEAST, MOST> {
            type Value = Whole<LEAST, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from {LEAST} to {MOST}")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                Whole::new(usize::try_from(number).ok()).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                Whole::new(usize::try_from(number).ok()).map_err(E::custom)
            }
        }

        d.deserialize_any(Number)
    }
}
