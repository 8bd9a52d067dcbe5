//! Quantities as people write them: "25ms", "4MiB", 0.03, or "off".

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::text::{Wrong, text_value};

/// A length of time: a whole number and `us`, `ms`, `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

impl Period {
    pub(super) const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    pub(super) const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }
}

/// The units of a [`Period`] in microseconds, largest first.
const TIMES: [(&str, u64); 6] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];

impl FromStr for Period {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match with_unit(text, &TIMES) {
            Some(micros) => Ok(Self(Duration::from_micros(micros))),
            None => Err(Wrong::new(
                format!("{} is no length of time", Wrong::shown(text)),
                "write a whole number and a unit (us, ms, s, m, h or d), such as \"25ms\"",
            )),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX);
        if micros == 0 { f.write_str("0s") } else { write_with_unit(f, micros, &TIMES) }
    }
}

text_value!(Period, "a length of time in quotes, such as \"25ms\"");

/// A number of bytes: a whole number and `B`, `KiB`, `MiB` or `GiB` (powers of 1024), or `kB`, `MB` or `GB` (of 1000).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

const BINARY: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
const DECIMAL: [(&str, u64); 4] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("KB", 1_000)];

impl ByteSize {
    pub(super) const fn kib(kib: u64) -> Self {
        Self(kib << 10)
    }

    pub(super) const fn mib(mib: u64) -> Self {
        Self(mib << 20)
    }

    /// The number as a length in memory; the largest one where it is larger.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for ByteSize {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        with_unit(text, &BINARY).or_else(|| with_unit(text, &DECIMAL)).map(Self).ok_or_else(|| {
            Wrong::new(
                format!("{} is no number of bytes", Wrong::shown(text)),
                "write a whole number and a unit (B, KiB, MiB or GiB), such as \"4MiB\"",
            )
        })
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("0B") } else { write_with_unit(f, self.0, &BINARY) }
    }
}

text_value!(ByteSize, "a number of bytes in quotes, such as \"4MiB\"");

/// `text` in units of 1: digits, possibly a space, and the whole name of a unit.
fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let (_, size) = units.iter().find(|(name, _)| *name == unit.trim_start_matches(' '))?;
    number.parse::<u64>().ok()?.checked_mul(*size)
}

/// Writes in the largest unit that leaves a whole number; `units` are largest first, the last is 1.
fn write_with_unit(f: &mut fmt::Formatter<'_>, number: u64, units: &[(&str, u64)]) -> fmt::Result {
    units
        .iter()
        .find(|(_, size)| number.is_multiple_of(*size))
        .map_or(Ok(()), |(unit, size)| write!(f, "{}{unit}", number / size))
}

/// A value that can be switched off with `"off"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrOff<T> {
    /// `"off"`.
    Off,
    /// The value.
    On(T),
}

impl<T> OrOff<T> {
    /// The value, unless it is off.
    pub fn on(self) -> Option<T> {
        match self {
            Self::Off => None,
            Self::On(value) => Some(value),
        }
    }
}

impl<T: FromStr<Err = Wrong>> FromStr for OrOff<T> {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        if text == "off" { Ok(Self::Off) } else { text.parse().map(Self::On).map_err(|wrong: Wrong| wrong.or_off()) }
    }
}

impl<T: fmt::Display> fmt::Display for OrOff<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::On(value) => value.fmt(f),
        }
    }
}

impl<T: fmt::Display> Serialize for OrOff<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de, T: FromStr<Err = Wrong>> Deserialize<'de> for OrOff<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        super::text::from_text(d, "a value in quotes, or \"off\"")
    }
}

/// A share of turns that need a question: between 0 and 0.4, both excluded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share(f64);

impl Share {
    pub(super) const THREE_IN_A_HUNDRED: Self = Self(0.03);

    /// Where more turns need a question than this, asking is no longer the exception that the calibration assumes.
    const BELOW: f64 = 0.4;

    /// `share`, if it lies between 0 and 0.4.
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share < Self::BELOW).then_some(Self(share))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Share {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        text.parse().ok().and_then(Self::new).ok_or_else(|| {
            Wrong::new(
                format!("{} is no base rate", Wrong::shown(text)),
                "write a number above 0 and below 0.4: 0.03 means three in a hundred",
            )
        })
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        f64::deserialize(d)?.to_string().parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn periods() {
        for (text, micros) in [
            ("25ms", 25_000),
            ("2s", 2_000_000),
            ("1m", 60_000_000),
            ("0s", 0),
            ("7 us", 7),
            ("2h", 7_200_000_000),
            ("90d", 7_776_000_000_000),
        ] {
            assert_eq!(text.parse::<Period>().unwrap().0, Duration::from_micros(micros), "{text}");
        }
        for text in
            ["", "25", "ms", "-1s", "1.5s", "1w", "25msx", "99999999999999999999s", "18446744073709551615h", "1 s "]
        {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("4MiB", 4 << 20), ("64KiB", 65536), ("1GB", 1_000_000_000), ("512B", 512), ("1 kB", 1000)]
        {
            assert_eq!(text.parse::<ByteSize>().unwrap().0, bytes, "{text}");
        }
        for text in ["4", "4M", "4mib", "0x4MiB", "4MiBs", "17179869184GiB"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn off_is_a_value() {
        assert_eq!("off".parse::<OrOff<Period>>().unwrap(), OrOff::Off);
        assert_eq!("1s".parse::<OrOff<Period>>().unwrap().on(), Some(Period::secs(1)));
        assert!("on".parse::<OrOff<Period>>().unwrap_err().to_string().contains("\"off\""));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(number in any::<u64>()) {
            prop_assert_eq!(ByteSize(number).to_string().parse::<ByteSize>().unwrap(), ByteSize(number));
            let period = Period(Duration::from_micros(number));
            prop_assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = (text.parse::<ByteSize>(), text.parse::<OrOff<Period>>());
        }
    }
}
