//! Random JSON as text: with any whitespace, duplicate keys, numbers beyond any type, and every kind of escape.

use proptest::prelude::*;

/// Whitespace of JSON.
pub(super) fn space() -> impl Strategy<Value = String> {
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

/// A list of such items.
pub(super) fn list(
    items: impl Strategy<Value = String>,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = String> {
    (space(), prop::collection::vec((items, space(), space()), count)).prop_map(|(inner, items)| {
        let items: Vec<_> = items.into_iter().map(|(item, before, after)| format!("{before}{item}{after}")).collect();
        if items.is_empty() { format!("[{inner}]") } else { format!("[{}]", items.join(",")) }
    })
}

/// Puts keys and values together; keys come with their quotes.
pub(super) fn object(entries: Vec<(String, String)>, space: &str) -> String {
    let entries: Vec<_> =
        entries.into_iter().map(|(key, value)| format!("{space}{key}{space}:{value}{space}")).collect();
    format!("{{{}}}", entries.join(","))
}

/// A key that means something to one dialect or another.
fn any_own_key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "messages", "model", "stream", "role", "content", "type", "text", "contents", "parts", "prompt",
    ])
    .prop_map(|key| format!("\"{key}\""))
}

/// Any JSON value.
pub(super) fn value() -> BoxedStrategy<String> {
    prop_oneof![scalar(), string()]
        .prop_recursive(4, 24, 4, |inner| {
            let entries = prop::collection::vec((prop_oneof![string(), any_own_key()], inner.clone()), 0..4);
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
            "\"messages \"",
            "\"contents \"",
            "\"Prompt\""
        ])
        .prop_map(str::to_owned),
        inside().prop_map(|inside| format!("\"_{inside}\"")),
    ]
    .boxed()
}

/// One of these keys, which are read, or a foreign one.
pub(super) fn key_of(own: &[&str]) -> BoxedStrategy<String> {
    let own: Vec<_> = own.iter().map(|key| format!("\"{key}\"")).collect();
    prop_oneof![prop::sample::select(own), foreign_key()].boxed()
}

/// An object of these entries, in any order, among others that mean nothing.
pub(super) fn among(entries: Vec<(String, String)>) -> impl Strategy<Value = String> {
    let extra = prop::collection::vec((inside().prop_map(|inside| format!("\"_{inside}\"")), value()), 0..2);
    (extra, space(), any::<prop::sample::Index>()).prop_map(move |(extra, space, rotate)| {
        let mut entries = [entries.clone(), extra].concat();
        if !entries.is_empty() {
            let by = rotate.index(entries.len());
            entries.rotate_left(by);
        }
        object(entries, &space)
    })
}

/// A body of these entries and any number of others, whose keys are such.
pub(super) fn body(key: BoxedStrategy<String>, own: Vec<(String, String)>) -> impl Strategy<Value = String> {
    let extra = prop::collection::vec((key, value()), 0..5);
    (extra, prop::collection::vec(any::<prop::sample::Index>(), own.len()), space()).prop_map(
        move |(mut entries, places, space)| {
            for (entry, place) in own.iter().zip(places) {
                entries.insert(place.index(entries.len() + 1), entry.clone());
            }
            format!("{space}{}{space}", object(entries, &space))
        },
    )
}

/// A byte to put in the place of another, or none to take that out.
pub(super) fn damage() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![
        prop::sample::select(b"{}[]\",:\\ \n0u".to_vec()).prop_map(Some),
        any::<u8>().prop_map(Some),
        Just(None),
    ]
}
