//! The values in a sentence: what a later sentence may give another of.

use std::ops::Range;

use super::lexicon;
use super::number::number;
use super::token::{Token, stem, tokens};
use super::when::when;

/// What kind of value something is. Values of one kind may replace each other; of numbers, those of one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Money,
    Percent,
    When,
    /// "Fridays", "weekends": when something happens again and again.
    Often,
    /// A length of time: in nights, in days and more, or in less.
    Span(&'static str),
    /// So many of something, by the stem of its name.
    Count(String),
    /// So many people in all.
    People,
    /// "5 by 4 metres".
    Size,
    /// So much of a unit.
    Measure(&'static str),
    /// A name with a number behind it: "JUnit 5".
    Version(String),
    /// A number of nothing.
    Number,
    /// One of a kind of things: see [`lexicon::class`].
    Class(&'static str),
    /// What only a machine would write: an address, a file, a code.
    Code,
    /// A name.
    Name,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) kind: Kind,
    /// The value, with "at most", "about" and prepositions of time before it.
    pub(super) at: Range<usize>,
    /// The value alone.
    pub(super) core: Range<usize>,
    /// Whether a bound such as "at most" stands before it.
    pub(super) bounded: bool,
    /// The same for equal values, however they are written.
    pub(super) norm: String,
    /// Its tokens in the sentence.
    pub(super) tokens: Range<usize>,
    /// The word before it.
    pub(super) left: Option<String>,
    /// Whether it is said to be the value of something: "the budget is 300", "deadline: Friday".
    pub(super) copular: bool,
    /// Whether it is where somebody comes from, not where they go.
    pub(super) origin: bool,
    /// The stems of the words of meaning close before it.
    pub(super) near: Vec<String>,
}

/// What may stand before a number and belongs to it.
const BOUNDS: [&[&str]; 17] = [
    &["no", "more", "than"],
    &["not", "more", "than"],
    &["no", "less", "than"],
    &["up", "to"],
    &["at", "most"],
    &["at", "least"],
    &["less", "than"],
    &["more", "than"],
    &["fewer", "than"],
    &["under"],
    &["over"],
    &["max"],
    &["maximum"],
    &["below"],
    &["within"],
    &["minimum"],
    &["exactly"],
];
#[rustfmt::skip]
const COPULAS: &[&str] = &[
    "is", "are", "be", "was", ":", "=", "to", "it's", "becomes",
];
const ORIGINS: [&str; 11] =
    ["from", "live", "lives", "based", "home", "starting", "start", "leaving", "leave", "departing", "depart"];
/// Words that number parts of a whole, of which all are meant.
#[rustfmt::skip]
const NUMBERED: &[&str] = &[
    "chapter", "section", "part", "step", "item", "number", "question", "task", "point", "phase", "day", "week", "page",
    "level", "option", "requirement",
];
#[rustfmt::skip]
const VAGUE: &[&str] = &[
    "about", "around", "roughly", "approximately", "almost", "nearly", "some",
];
#[rustfmt::skip]
const MONEY: &[&str] = &[
    "€", "$", "£", "euro", "euros", "eur", "dollar", "dollars", "usd", "pound", "pounds", "gbp", "bucks", "quid", "cents",
    "chf", "francs", "yen",
];
#[rustfmt::skip]
const PEOPLE: &[&str] = &[
    "people", "person", "persons", "guests", "guest", "attendees", "participants", "heads", "diners", "travellers",
    "travelers", "adults", "players", "pax", "invitees", "folks",
];
const MEASURES: [(&str, &[&str]); 18] = [
    ("kg", &["kg", "kilo", "kilos", "kilogram", "kilograms"]),
    ("g", &["g", "gram", "grams"]),
    ("lb", &["lb", "lbs"]),
    ("l", &["l", "litre", "litres", "liter", "liters"]),
    ("ml", &["ml"]),
    ("cup", &["cup", "cups"]),
    ("km", &["km", "kilometre", "kilometres", "kilometer", "kilometers", "k"]),
    ("mile", &["mile", "miles"]),
    ("m", &["m", "metre", "metres", "meter", "meters"]),
    ("cm", &["cm"]),
    ("mm", &["mm"]),
    ("ft", &["ft", "feet", "foot"]),
    ("inch", &["inch", "inches"]),
    ("sqm", &["sqm", "m2", "m²"]),
    ("degree", &["degree", "degrees", "°", "°c", "c", "celsius", "fahrenheit"]),
    ("byte", &["kb", "mb", "gb", "tb"]),
    ("pixel", &["px", "pixel", "pixels"]),
    ("point", &["pt"]),
];

/// The values of a sentence, in order; none overlaps another.
pub(super) fn values(sentence: &str) -> Vec<Value> {
    values_of(&tokens(sentence))
}

pub(super) fn values_of(all: &[Token<'_>]) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    let mut i = 0;
    while i < all.len() {
        match value(all, i) {
            Some(mut value) => {
                i = value.tokens.end;
                let before = &all[..value.tokens.start];
                value.left = left(before);
                value.copular = before.iter().rev().take(3).any(|token| token.is_any(COPULAS));
                value.origin = before.iter().rev().take(3).any(|token| token.is_any(&ORIGINS));
                let near = before.iter().rev().take(4).take_while(|token| {
                    !token.is_any(&[",", ".", ";", "and"])
                        && found.last().is_none_or(|last| token.at.start >= last.at.end)
                });
                value.near =
                    near.filter(|token| token.is_content() && !token.is_mark()).map(|t| stem(&t.lower)).collect();
                found.push(value);
            }
            None => i += 1,
        }
    }
    found
}

/// The word before a value.
fn left(before: &[Token<'_>]) -> Option<String> {
    let before =
        before.iter().rev().find(|token| !token.is_any(&["the", "a", "an", "about", "around", "just", "only"]))?;
    (!before.is_mark()).then(|| stem(&before.lower))
}

fn value(all: &[Token<'_>], i: usize) -> Option<Value> {
    let rest = &all[i..];
    let time = when(rest);
    if time > 0 {
        let often = all[i..i + time]
            .iter()
            .any(|t| t.lower.ends_with("days") || t.is_any(&["weekends", "mornings", "evenings"]));
        let mut value = made(all, i..i + time, if often { Kind::Often } else { Kind::When });
        if i > 0 && all[i - 1].is_any(&["on", "in", "at"]) {
            value.at.start = all[i - 1].at.start;
        } else if i > 1 && all[i - 1].is("the") && all[i - 2].is_any(&["on", "in", "at"]) {
            value.at.start = all[i - 2].at.start;
        }
        return Some(value);
    }
    numeric(all, i).or_else(|| named(all, i))
}

fn made(all: &[Token<'_>], tokens: Range<usize>, kind: Kind) -> Value {
    let core = all[tokens.start].at.start..all[tokens.end - 1].at.end;
    let norm: Vec<String> =
        all[tokens.clone()].iter().filter(|t| !t.is_mark() && !t.is("the")).map(|t| stem(&t.lower)).collect();
    let norm = norm.join(" ");
    Value {
        kind,
        at: core.clone(),
        core,
        bounded: false,
        norm,
        tokens,
        left: None,
        copular: false,
        origin: false,
        near: Vec::new(),
    }
}

/// A number with what it counts or measures.
fn numeric(all: &[Token<'_>], i: usize) -> Option<Value> {
    // In a formula, numbers are no values of anything.
    let operator =
        |at: Option<usize>| at.and_then(|at| all.get(at)).is_some_and(|t| t.is_any(&["^", ">", "<", "*", "+"]));
    if operator(i.checked_sub(1)) || operator(Some(i + 1)) {
        return None;
    }
    if all[i].is_any(&["calendar", "whole", "full", "fiscal", "entire"])
        && let Some(unit) = all.get(i + 1).filter(|unit| span(&unit.lower).is_some())
    {
        return span(&unit.lower).map(|span| made(all, i..i + 2, Kind::Span(span)));
    }
    let sign = usize::from(all[i].is_any(&["€", "$", "£"]));
    let number = number(&all[i + sign..])?;
    // "One" and "a" are mostly no numbers.
    if sign == 0 && all[i].is("one") && all.get(i + 1).is_none_or(|next| !next.is_content() || next.is_mark()) {
        return None;
    }
    let mut end = i + sign + number.tokens;
    let glued = number.suffix.as_str();
    let next = |at: usize| all.get(at);
    let unit = next(end).filter(|_| glued.is_empty()).map(|token| token.lower.as_str()).unwrap_or(glued);
    let own = usize::from(glued.is_empty());
    let mut norm = format!("{}", number.value);
    let kind = if sign == 1 || MONEY.contains(&unit) {
        end += if sign == 1 { 0 } else { own };
        Kind::Money
    } else if unit == "%" || unit == "percent" {
        end += own;
        Kind::Percent
    } else if unit == "per" && next(end + 1).is_some_and(|token| token.is("cent")) {
        end += 2;
        Kind::Percent
    } else if let Some(size) = size(all, end) {
        norm.push_str(&format!(" x {}", size.0));
        end = size.1;
        Kind::Size
    } else if let Some(span) = span(unit) {
        end += own;
        norm.push_str(&stem(unit));
        Kind::Span(span)
    } else if let Some((measure, _)) = MEASURES.iter().find(|(_, names)| names.contains(&unit)) {
        end += own;
        if measure == &"m" && next(end).is_some_and(|token| token.is_any(&["high", "tall", "deep"])) {
            end += 1;
            Kind::Measure("m high")
        } else {
            Kind::Measure(measure)
        }
    } else if !glued.is_empty() {
        return None;
    } else {
        counted(all, i, &mut end)?
    };
    let mut value = made(all, i..end, kind);
    value.norm = norm;
    bound(all, i, &mut value);
    Some(value)
}

/// The second side of "5 by 4 metres", and where it ends.
fn size(all: &[Token<'_>], at: usize) -> Option<(f64, usize)> {
    all.get(at).filter(|token| token.is_any(&["by", "x", "×"]))?;
    let other = number(all.get(at + 1..)?)?;
    let end = at + 1 + other.tokens;
    let unit =
        all.get(end).is_some_and(|token| MEASURES.iter().any(|(_, names)| names.contains(&token.lower.as_str())));
    Some((other.value, end + usize::from(unit)))
}

fn span(unit: &str) -> Option<&'static str> {
    match unit.trim_end_matches('s') {
        "second" | "sec" | "minute" | "min" | "hour" | "hr" | "h" => Some("short"),
        "day" | "week" | "month" | "year" | "weekend" => Some("long"),
        "night" => Some("nights"),
        _ => None,
    }
}

/// What is counted by the number before `end`.
fn counted(all: &[Token<'_>], from: usize, end: &mut usize) -> Option<Kind> {
    let token = |at: usize| all.get(at);
    let Some(next) = token(*end) else { return Some(bare(all, from)) };
    if next.is("of") {
        return match token(*end + 1) {
            Some(who) if who.is_any(&["us", "you"]) => {
                let before = from.checked_sub(1).map(|at| &all[at]);
                let total = before.is_none_or(|before| {
                    before.is_any(&[
                        "it's", "we're", "are", "be", "is", "for", "makes", "only", "really", "now", "of", "to",
                        "just", ",", "about", "than", "most", "actually", "with", "least",
                    ])
                });
                // "Two of us are vegan" is not how many there are.
                let goes_on = token(*end + 2).is_some_and(|t| {
                    t.is_any(&["are", "is", "don't", "can't", "have", "eat", "eats", "drink", "want", "need", "will"])
                });
                let starts = from == 0 && goes_on;
                *end += 2;
                Some(if total && !starts { Kind::People } else { Kind::Count("of us".to_owned()) })
            }
            // "Two of the guests".
            _ => Some(Kind::Count("part".to_owned())),
        };
    }
    if PEOPLE.contains(&next.lower.as_str()) {
        *end += 1;
        return Some(Kind::People);
    }
    if next.is_mark() || !next.is_content() || number(&all[*end..]).is_some() {
        return Some(bare(all, from));
    }
    // An adjective may stand between: the last of two content words is what is counted.
    let second = token(*end + 1).filter(|second| second.is_content() && !second.is_mark() && !is_verb(second));
    let noun = match second {
        Some(second) if !looks_plural(&next.lower) => second,
        _ => next,
    };
    *end += if std::ptr::eq(noun, next) { 1 } else { 2 };
    if PEOPLE.contains(&noun.lower.as_str()) {
        return Some(Kind::People);
    }
    Some(Kind::Count(stem(&noun.lower)))
}

fn is_verb(token: &Token<'_>) -> bool {
    token.lower.ends_with("ing")
        || token.lower.ends_with("ed")
        || token.is_any(&["left", "early", "late", "ahead", "long", "old", "high", "wide"])
}

fn looks_plural(lower: &str) -> bool {
    lower.ends_with('s') && !lower.ends_with("ss")
}

/// A number of nothing: people where it stands after "we're" or "among".
fn bare(all: &[Token<'_>], from: usize) -> Kind {
    let before = all[..from].iter().rev().find(|token| !token.is_any(&["only", "just", "now", "really"]));
    let end = all.get(from + 1).is_none_or(|next| next.is_mark() || next.is_any(&["in", "now", "really", "on", "at"]));
    match before {
        Some(before) if before.is_any(&["we're", "among", "between", "party"]) && end => Kind::People,
        _ if all[from].lower.len() == 4 && ["19", "20"].iter().any(|century| all[from].lower.starts_with(century)) => {
            Kind::Count("year".to_owned())
        }
        _ => Kind::Number,
    }
}

/// Takes "at most", "about" and the like before a number into the value.
fn bound(all: &[Token<'_>], from: usize, value: &mut Value) {
    let mut start = from;
    if start > 0 && all[start - 1].is_any(VAGUE) {
        start -= 1;
    }
    if matches!(value.kind, Kind::Span(_)) && start > 0 && all[start - 1].is_any(&["last", "past", "next", "coming"]) {
        start -= 1;
        start -= usize::from(start > 0 && all[start - 1].is("the"));
    }
    let before = &all[..start];
    let bound = BOUNDS.iter().find(|words| {
        before.len() >= words.len()
            && before[before.len() - words.len()..].iter().zip(**words).all(|(t, word)| t.is(word))
    });
    if let Some(words) = bound {
        start -= words.len();
        value.bounded = true;
    }
    value.at.start = all[start].at.start;
}

/// What has a name: one of a kind of things, a version, a code, a proper name.
fn named(all: &[Token<'_>], i: usize) -> Option<Value> {
    let first = &all[i];
    if first.is_mark() {
        return None;
    }
    let words: Vec<&str> = all[i..].iter().take(3).map(|token| token.lower.as_str()).collect();
    let class = lexicon::class(&words).filter(|_| plausible(first));
    let after =
        |end: usize| all.get(end).filter(|token| is_version(&token.lower) && token.at.start == all[end - 1].at.end + 1);
    if let Some((class, length)) = class {
        let mut end = i + length;
        if after(end).is_some() {
            end += 1;
        }
        let mut start = i;
        if lexicon::takes_modifiers(class) {
            while start > 0
                && i - start < 2
                && all[start - 1].is_content()
                && !all[start - 1].is_mark()
                && !is_verbal(&all[start - 1])
            {
                start -= 1;
            }
            if first.is("head") {
                end += usize::from(all.get(end).is_some_and(Token::is_content));
            }
        }
        return Some(made(all, start..end, Kind::Class(class)));
    }
    if let Some(version) = after(i + 1)
        && first.is_content()
        && (first.is_capitalised() && !first.is_any(NUMBERED) || first.is("version"))
    {
        let mut value = made(all, i..i + 2, Kind::Version(stem(&first.lower)));
        value.norm = format!("{} {}", first.lower, version.lower);
        return Some(value);
    }
    if is_code(&first.lower) {
        return Some(made(all, i..i + 1, Kind::Code));
    }
    if first.is_capitalised() && first.is_content() && i > 0 && !ends_sentence(&all[i - 1]) && first.lower.len() > 1 {
        let mut end = i + 1;
        while all.get(end).is_some_and(|next| next.is_capitalised() && next.is_content()) {
            end += 1;
        }
        return Some(made(all, i..end, Kind::Name));
    }
    None
}

/// Names of things that are common words as well count only as names are written.
fn plausible(token: &Token<'_>) -> bool {
    let common = [
        "go", "c", "r", "nice", "spring", "express", "word", "play", "rock", "pop", "metal", "soul", "rap", "basel",
        "table",
    ];
    !common.contains(&token.lower.as_str()) || token.is_capitalised() || token.is("table") || token.is("play")
}

fn is_verbal(token: &Token<'_>) -> bool {
    token.is_any(&[
        "write", "create", "draft", "compose", "want", "applying", "apply", "called", "show", "draw", "plot", "add",
    ])
}

fn is_version(lower: &str) -> bool {
    lower.starts_with(|c: char| c.is_ascii_digit())
        && lower.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && lower.len() <= 6
}

fn is_code(lower: &str) -> bool {
    let digit = lower.bytes().any(|b| b.is_ascii_digit());
    let letter = lower.bytes().any(|b| b.is_ascii_alphabetic());
    let inner = |c: char| lower.trim_matches(c).contains(c);
    lower.contains('@')
        || lower.contains('_')
        || (digit && inner('-'))
        || (letter && inner('.') && lower.len() > 4 && lower != "a.m" && lower != "p.m")
}

fn ends_sentence(token: &Token<'_>) -> bool {
    token.is_any(&[".", "!", "?", ":", "\"", "“", "(", "-", "–"])
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
