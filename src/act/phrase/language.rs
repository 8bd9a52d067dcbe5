//! The language of what is said, and what a client's `Accept-Language` makes of it.

use std::fmt;

/// A language: the primary subtag of a language tag (RFC 5646, section 2.2.1), in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(String);

impl Language {
    /// English, which everything can be said in.
    pub fn english() -> Self {
        Self("en".to_owned())
    }

    /// A language that ships.
    pub(super) fn known(tag: &str) -> Self {
        Self(tag.to_owned())
    }

    /// The primary subtag of `tag`; `None` where it is none.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        let is_one = (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
        is_one.then(|| Self(primary.to_ascii_lowercase()))
    }

    /// The one of `offered` that the value of an `Accept-Language` header (RFC 9110, section 12.5.4) likes best; `None`
    /// where it names none of them.
    pub fn accepted(header: &str, offered: &[Self]) -> Option<Self> {
        let mut best: Option<(f32, &Self)> = None;
        for range in header.split(',').take(32) {
            let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
            let Some(wanted) = Self::parse(tag) else { continue };
            let Some(found) = offered.iter().find(|offered| **offered == wanted) else { continue };
            // Of equals, the first.
            if weight > 0.0 && best.is_none_or(|(most, _)| weight > most) {
                best = Some((weight, found));
            }
        }
        best.map(|(_, language)| language.clone())
    }

    /// The subtag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_liked_best_of_those_there_are() {
        let offered = ["de", "en", "fr"].map(Language::known);
        for (header, chosen) in [
            ("de-AT,de;q=0.9,en;q=0.5", Some("de")),
            ("it, fr;q=0.7, en;q=0.8", Some("en")),
            ("EN_us", Some("en")),
            ("fr;q=0, it", None),
            ("*", None),
            ("", None),
            ("fr;q=x, de;q=0.1", Some("de")),
            ("deu, d, 12, de-", Some("de")),
        ] {
            let found = Language::accepted(header, &offered);
            assert_eq!(found.as_ref().map(Language::as_str), chosen, "{header}");
        }
    }
}
