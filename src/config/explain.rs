//! What the TOML parser and serde found, in the words of the configuration: what is wrong, and how to mend it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::suggest::nearest;

/// What must stand at a key, where the type that serde names says too little.
const WANTED: &[(&str, &str)] = &[
    ("admin", "an address and a port in quotes, or \"off\", such as \"127.0.0.1:9090\""),
    ("upstreams", "a list of tables, such as [[upstreams]]"),
    ("routes", "a list of tables, such as [[routes]]"),
    ("dialect", "the name of a dialect in quotes, or \"off\"; in a rule a list of names, such as \"openai-chat\""),
    ("upstream-key-scheme", "a word in quotes, or \"off\", such as \"Bearer\""),
    ("key-scheme", "a word in quotes, or \"off\", such as \"Bearer\""),
    ("policy", "the name of a policy in quotes, such as \"gentle\""),
    ("tools", "\"observe\", \"steer\" or \"bypass\""),
    ("trust-headers", "a list of \"mode\", \"conversation\", \"domain\" and \"user\", such as [\"mode\"]"),
    ("certificate", "the path of a file in quotes, such as \"/etc/ssl/server.pem\""),
    ("client-ca", "the path of a file in quotes, such as \"/etc/ssl/clients.pem\""),
    ("base-rate", "a number above 0 and below 0.4, such as 0.03"),
    ("response-head-timeout", "a length of time in quotes, or \"off\", such as \"90s\""),
    ("retention", "a length of time in quotes, or \"off\", such as \"90d\""),
    ("rollup-retention", "a length of time in quotes, or \"off\", such as \"400d\""),
    ("max-body", "a number of bytes in quotes, or \"off\", such as \"4MiB\""),
    ("format", "\"auto\", \"pretty\" or \"json\""),
    ("request-id", "\"pass\" or \"generate\""),
    ("traceparent", "\"pass\" or \"generate\""),
    ("experiments", "a list of tables, such as [[experiments]]"),
    ("arms", "a table of weights, such as { control = 50, gentle = 50 }"),
    ("explore", "a number from 0 to 0.5, such as 0.05"),
    ("alpha", "a number from 0.000001 to 0.5, such as 0.05"),
    ("primary-better", "\"higher\" or \"lower\""),
    ("rules", "a list of rules, such as [{ act = \"clarify\", ambiguity = 0.5 }]"),
    ("act", "the name of an act in quotes, such as \"clarify\""),
    ("delivery", "\"steer\", \"reply\" or \"observe\""),
    ("ambiguity", "a number from 0 to 1, such as 0.5"),
    ("underspecified", "a number from 0 to 1, such as 0.5"),
    ("gap", "a list of gaps in quotes, such as [\"vague_goal\"]"),
    ("user-act", "a list of acts in quotes, such as [\"request\"]"),
    ("at-most", "a whole number, 0 or more, such as 2"),
    ("cooldown", "a whole number, 0 or more, such as 3"),
    ("need", "a list of needs in quotes, such as [\"ask\"]"),
    ("gap-probability", "a number from 0 to 1, such as 0.5"),
    ("emotion", "a number from 0 to 1, such as 0.8"),
    ("user-act-probability", "a number from 0 to 1, such as 0.6"),
    ("user-turns", "a whole number, 0 or more, such as 6"),
    ("until-turn", "a whole number, 0 or more, such as 3"),
    ("every", "a whole number, 1 or more, such as 3"),
    ("requirements", "a whole number, 0 or more, such as 5"),
    ("questions", "a whole number, 0 or more, such as 2"),
    ("repairs", "a whole number, 0 or more, such as 1"),
    ("failures", "a whole number, 0 or more, such as 1"),
    ("refusals", "a whole number, 0 or more, such as 1"),
    ("domain", "a list of domains in quotes, such as [\"health\"]"),
    ("route", "a list of paths in quotes, such as [\"/v1/chat\"]"),
    ("header", "a table of headers and values, such as { x-tier = \"free\" }"),
    ("any-of", "a list of policies in quotes, such as [\"careful\", \"gentle\"]"),
    ("only-if", "a table of conditions, such as { domain = [\"health\"] }"),
    ("budget", "a table, such as { questions = 2, cooldown = 3 }"),
    ("utility", "a table, such as { answered = 0.73 }"),
    ("shadow", "the name of a policy in quotes, such as \"careful\""),
    ("answered", "a number from 0 to 1, such as 0.73"),
    ("gain", "a number, 0 or more, such as 1.0"),
    ("turn-cost", "a number, 0 or more, such as 0.1"),
    ("abandonment", "a number, 0 or more, such as 0.14"),
    ("history-cost", "a number, 0 or more, such as 0.15"),
    ("assume-gain", "a number, 0 or more, such as 0.3"),
];

/// The key that something is wrong at.
#[derive(Debug, Default)]
pub(super) struct Place {
    key: String,
    /// Where its value is a list: an item of it.
    item: bool,
}

impl Place {
    /// The key of this name.
    pub(super) fn at(key: &str) -> Self {
        Self { key: key.to_owned(), item: false }
    }

    /// The innermost key whose value holds `span`.
    pub(super) fn of(table: &DeTable<'_>, span: &Range<usize>) -> Self {
        Self::within(table, span).unwrap_or_default()
    }

    fn within(table: &DeTable<'_>, span: &Range<usize>) -> Option<Self> {
        table.iter().find_map(|(key, value)| {
            let inner = match value.get_ref() {
                DeValue::Table(table) => Self::within(table, span),
                DeValue::Array(items) => items.iter().find_map(|item| match item.get_ref() {
                    DeValue::Table(table) => Self::within(table, span),
                    _ => None,
                }),
                _ => None,
            };
            let item = |items: &[Spanned<DeValue<'_>>]| items.iter().any(|item| item.span() == *span);
            let here = || Self {
                key: key.get_ref().to_string(),
                item: value.get_ref().as_array().is_some_and(|items| item(items)),
            };
            inner.or_else(|| holds(&value.span(), span).then(here))
        })
    }

    fn named(&self) -> String {
        format!("`{}`", self.key)
    }

    /// What must stand here: in the words of [`WANTED`] or, where they have none, of the type that serde expected.
    fn wanted(&self, expected: &str) -> String {
        if let Some((_, wanted)) = WANTED.iter().find(|(key, _)| *key == self.key) {
            return (*wanted).to_owned();
        }
        match expected {
            "a boolean" => "true or false".to_owned(),
            "a string" => "text in quotes".to_owned(),
            "path string" => "the path of a file in quotes".to_owned(),
            "a sequence" => "a list in square brackets".to_owned(),
            "a map" => format!("a table, such as [{}]", self.key),
            other if other.starts_with("struct ") => format!("a table, such as [{}]", self.key),
            // Types of ours say it in our words.
            other => other.to_owned(),
        }
    }
}

fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// What serde found wrong at `place`, and the fix; `offending` is the text that it is about.
pub(super) fn explain(message: &str, place: &Place, offending: &str) -> (String, String) {
    if let Some((what, fix)) = message.split_once('\n') {
        // One of ours: see `Wrong`.
        return (what.replacen("this must be", &format!("{} must be", place.named()), 1), fix.to_owned());
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let mut first = || names.next().unwrap_or_default().to_owned();
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let key = message.starts_with("unknown field");
        let wrong = first();
        let known: Vec<&str> = names.collect();
        return if key {
            (format!("unknown key `{wrong}`"), name_one(&wrong, &known))
        } else {
            unknown(&wrong, &known)
        };
    }
    if let Some((wrong, known)) = message.split_once(" is none of ") {
        // A label of `dialogue`.
        return unknown(wrong.trim_matches('"'), &known.split(", ").collect::<Vec<_>>());
    }
    if message.starts_with("missing field") {
        let name = first();
        return (format!("the key `{name}` is missing"), format!("add `{name} = …`"));
    }
    let (found, expected) = match message.split_once(", expected ") {
        Some((found, expected)) => (found_in_words(found), expected),
        // An enumeration: the parser says no more than that it "wanted string or table".
        None => (offending_in_words(offending), ""),
    };
    let wanted = place.wanted(expected);
    let plain = wanted.split(", such as ").next().unwrap_or_default();
    let found = if place.item { format!("a list with {found} in it") } else { found };
    (format!("{} must be {plain}, not {found}", place.named()), format!("write {wanted}"))
}

/// What the parser found wrong: the file is no TOML.
pub(super) fn explain_syntax(message: &str, offending: &str) -> (String, String) {
    let (what, fix) = match message.split(", expected ").next().unwrap_or_default() {
        "duplicate key" => {
            return (format!("`{offending}` stands here for the second time"), "remove one of the two".to_owned());
        }
        "string values must be quoted" if offending.trim().is_empty() => {
            ("a value is missing", "write one after the `=`")
        }
        "string values must be quoted" => ("text must stand in quotes", "put the value in double quotes"),
        "invalid basic string" => ("a text in quotes does not end", "end it with a double quote on the same line"),
        "unclosed table" => ("the name of a table does not end", "end it with `]`"),
        "unclosed array" => ("a list does not end", "end it with `]`"),
        "unclosed inline table" => ("a table in braces does not end", "end it with `}`"),
        what if what.starts_with("invalid float") || what.starts_with("invalid integer") => {
            ("this is no number", "put it in double quotes if it is text")
        }
        what => {
            let fix = "write `key = value` on a line of its own, with text in double quotes";
            return (format!("this is not written as TOML is: {what}"), fix.to_owned());
        }
    };
    (what.to_owned(), fix.to_owned())
}

fn unknown(wrong: &str, known: &[&str]) -> (String, String) {
    let what =
        if wrong.is_empty() { "an empty text stands here".to_owned() } else { format!("unknown value `{wrong}`") };
    (what, name_one(wrong, known))
}

/// The known name that is meant, or all of them.
fn name_one(wrong: &str, known: &[&str]) -> String {
    match nearest(wrong, known).filter(|_| !wrong.is_empty()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("what may stand here: {}", known.join(", ")),
    }
}

/// What serde found, in words. A text is not repeated.
fn found_in_words(found: &str) -> String {
    let (_, found) = found.split_once(": ").unwrap_or(("", found));
    match found.split_once(' ').map_or(found, |(kind, _)| kind) {
        "integer" | "floating" | "boolean" => found.split('`').nth(1).unwrap_or(found).to_owned(),
        "string" => "text".to_owned(),
        "sequence" => "a list".to_owned(),
        "map" => "a table".to_owned(),
        _ => found.to_owned(),
    }
}

fn offending_in_words(offending: &str) -> String {
    match offending.chars().next() {
        Some('[') => "a list".to_owned(),
        Some('{') => "a table".to_owned(),
        _ => offending.to_owned(),
    }
}
