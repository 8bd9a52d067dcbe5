//! Random JSON as text: with any whitespace, duplicate keys, numbers beyond any type, and every kind of escape.

use proptest::prelude::*;

/// Whitespace of JSON.
fn space() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just(String::new()), 1 => "[ \t\r\n]{1,3}"]
}

/// The inside of a string.
fn inside() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z {}\\[\\]:,]{0,6}",
        1 => prop::sample::select(vec![
            r#"\""#, r"\\", r"\/", r"\b\f\n\r\t", r"\u0000", r"\u0041", r"\uD83D\uDE00", r"\ud83d", r"\udE00x", r"\u2028",
        ]).prop_map(str::to_owned),
        1 => "[\u{7f}-\u{10ffff}]{1,2}",
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

pub(super) fn string() -> impl Strategy<Value = String> {
    inside().prop_map(|inside| format!("\"{inside}\""))
}

fn scalar() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "2",
        "1e400",
        "-0.0E-9",
        "123456789012345678901234567890",
        "0.1",
    ])
    .prop_map(str::to_owned)
}

fn list(items: impl Strategy<Value = String>, count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    (space(), prop::collection::vec((items, space(), space()), count)).prop_map(|(inner, items)| {
        let items: Vec<_> = items.into_iter().map(|(item, before, after)| format!("{before}{item}{after}")).collect();
        if items.is_empty() { format!("[{inner}]") } else { format!("[{}]", items.join(",")) }
    })
}

/// Puts keys and values together; keys come with their quotes.
fn object(entries: Vec<(String, String)>, space: &str) -> String {
    let entries: Vec<_> =
        entries.into_iter().map(|(key, value)| format!("{space}{key}{space}:{value}{space}")).collect();
    format!("{{{}}}", entries.join(","))
}

/// Any JSON value.
pub(super) fn value() -> BoxedStrategy<String> {
    prop_oneof![scalar(), string()]
        .prop_recursive(4, 24, 4, |inner| {
            let entries = prop::collection::vec((prop_oneof![string(), own_key()], inner.clone()), 0..4);
            prop_oneof![list(inner, 0..4), (entries, space()).prop_map(|(entries, space)| object(entries, &space))]
        })
        .boxed()
}

/// A key that means nothing to us.
pub(super) fn foreign_key() -> BoxedStrategy<String> {
    prop_oneof![
        prop::sample::select(vec![
            "\"seed\"",
            "\"\"",
            "\"x\"",
            "\"role\"",
            "\"content\"",
            "\"Messages\"",
            "\"messages \""
        ])
        .prop_map(str::to_owned),
        inside().prop_map(|inside| format!("\"_{inside}\"")),
    ]
    .boxed()
}

/// A key that is read, or a foreign one.
pub(super) fn own_key() -> BoxedStrategy<String> {
    let own = vec![
        "\"messages\"",
        "\"model\"",
        "\"stream\"",
        "\"stream_options\"",
        "\"metadata\"",
        "\"tools\"",
        "\"functions\"",
        "\"response_format\"",
        "\"tool_choice\"",
        "\"n\"",
        "\"modalities\"",
        "\"role\"",
        "\"content\"",
        "\"type\"",
        "\"text\"",
        "\"str\\u0065am\"",
        "\"include_usage\"",
    ];
    prop_oneof![prop::sample::select(own).prop_map(str::to_owned), foreign_key()].boxed()
}

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (string(), space(), any::<bool>()).prop_map(|(text, space, swap)| {
            let mut entries = vec![("\"type\"".to_owned(), "\"text\"".to_owned()), ("\"text\"".to_owned(), text)];
            if swap {
                entries.reverse();
            }
            object(entries, &space)
        }),
        1 => value().prop_map(|value| format!(r#"{{"type":"image_url","image_url":{value}}}"#)),
        1 => string(),
    ]
}

fn message() -> impl Strategy<Value = String> {
    let role = prop::sample::select(vec!["user", "user", "user", "assistant", "system", "developer", "tool"]);
    let content = prop_oneof![3 => string(), 2 => list(part(), 0..4), 1 => Just("null".to_owned())];
    let extra = prop::collection::vec((inside().prop_map(|inside| format!("\"_{inside}\"")), value()), 0..2);
    (role, content, extra, space(), any::<prop::sample::Index>()).prop_map(|(role, content, extra, space, rotate)| {
        let mut entries = vec![("\"role\"".to_owned(), format!("\"{role}\"")), ("\"content\"".to_owned(), content)];
        entries.extend(extra);
        let count = entries.len();
        entries.rotate_left(rotate.index(count));
        object(entries, &space)
    })
}

/// A body with messages and any number of other keys around them.
pub(super) fn body(key: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let extra = prop::collection::vec((key, value()), 0..5);
    let messages = list(message(), 1..5);
    (extra, messages, any::<prop::sample::Index>(), space()).prop_map(|(mut entries, messages, at, space)| {
        entries.insert(at.index(entries.len() + 1), ("\"messages\"".to_owned(), messages));
        format!("{space}{}{space}", object(entries, &space))
    })
}

/// A byte to put in the place of another, or none to take that out.
pub(super) fn damage() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![
        prop::sample::select(b"{}[]\",:\\ \n0u".to_vec()).prop_map(Some),
        any::<u8>().prop_map(Some),
        Just(None),
    ]
}
