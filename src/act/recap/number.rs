//! Numbers as people write them: digits, words, and what stands around them.

use super::token::Token;

#[rustfmt::skip]
const UNITS: &[&str] = &[
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
];
#[rustfmt::skip]
const TENS: &[&str] = &[
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

/// A number, and what was glued to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number {
    pub(super) value: f64,
    /// Tokens that it takes.
    pub(super) tokens: usize,
    /// What is glued to its digits: "kg" of "2kg", "%" of "20%".
    pub(super) suffix: String,
}

/// The number that begins at the first of these tokens.
pub(super) fn number(tokens: &[Token<'_>]) -> Option<Number> {
    let first = tokens.first()?;
    if first.lower.starts_with(|c: char| c.is_ascii_digit()) {
        return digits(&first.lower).map(|(value, suffix)| Number { value, tokens: 1, suffix });
    }
    let plain = |value, tokens| Some(Number { value, tokens, suffix: String::new() });
    if first.is("half") && tokens.get(1).is_some_and(|next| next.is_any(&["a", "an"])) {
        return plain(0.5, 2);
    }
    if first.is("dozen") {
        return plain(12.0, 1);
    }
    if first.is_any(&["a", "an"]) {
        return match tokens.get(1)?.lower.as_str() {
            "dozen" => plain(12.0, 2),
            "hundred" => plain(100.0, 2),
            "thousand" => plain(1_000.0, 2),
            "couple" if tokens.get(2).is_some_and(|of| of.is("of")) => plain(2.0, 3),
            _ => None,
        };
    }
    let mut value = word(&first.lower)?;
    let mut used = 1;
    if let Some(small) = tokens.get(1).and_then(|next| word(&next.lower)).filter(|small| *small < 10.0)
        && value >= 20.0
        && value % 10.0 == 0.0
        && value < 100.0
    {
        value += small;
        used = 2;
    }
    while let Some(next) = tokens.get(used) {
        value *= match next.lower.as_str() {
            "hundred" => 100.0,
            "thousand" => 1_000.0,
            "million" => 1_000_000.0,
            "dozen" => 12.0,
            _ => break,
        };
        used += 1;
    }
    plain(value, used)
}

fn word(word: &str) -> Option<f64> {
    let small = |word: &str| UNITS.iter().position(|unit| *unit == word).map(|at| at as f64);
    let tens = |word: &str| TENS.iter().position(|ten| *ten == word).map(|at| (at as f64 + 2.0) * 10.0);
    small(word).or_else(|| tens(word)).or_else(|| {
        let (ten, unit) = word.split_once('-')?;
        Some(tens(ten)? + small(unit)?)
    })
}

/// The value of digits with separators, and the letters or the sign glued to them.
fn digits(text: &str) -> Option<(f64, String)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    if suffix.chars().any(|c| !(c.is_alphabetic() || c == '°')) {
        return None;
    }
    let digits = digits.trim_end_matches(['.', ',']);
    let thousands = |mark: char| {
        let mut groups = digits.split(mark);
        groups.next().is_some_and(|first| (1..=3).contains(&first.len()))
            && digits.contains(mark)
            && groups.all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()))
    };
    let plain = if thousands(',') {
        digits.replace(',', "")
    } else if digits.matches(',').count() == 1 && !digits.contains('.') {
        digits.replace(',', ".")
    } else {
        digits.to_owned()
    };
    let mut value: f64 = plain.parse().ok()?;
    let mut suffix = suffix.to_owned();
    if suffix == "k" {
        value *= 1_000.0;
        suffix.clear();
    }
    Some((value, suffix))
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    #[test]
    fn digits_and_words() {
        for (text, value, used, suffix) in [
            ("4 people", 4.0, 1, ""),
            ("180,000 euros", 180_000.0, 1, ""),
            ("3.4 kg", 3.4, 1, ""),
            ("3,5 kg", 3.5, 1, ""),
            ("2kg", 2.0, 1, "kg"),
            ("20k", 20_000.0, 1, ""),
            ("nineteen in all", 19.0, 1, ""),
            ("twenty five", 25.0, 2, ""),
            ("forty-two", 42.0, 1, ""),
            ("two hundred words", 200.0, 2, ""),
            ("a dozen eggs", 12.0, 2, ""),
            ("half an hour", 0.5, 2, ""),
        ] {
            let found = number(&tokens(text));
            assert_eq!(found, Some(Number { value, tokens: used, suffix: suffix.to_owned() }), "{text}");
        }
        for text in ["2024-05-31_001", "a box", "none", "3/4"] {
            assert_eq!(number(&tokens(text)), None, "{text}");
        }
    }
}
