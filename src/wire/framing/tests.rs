//! Streams read the same at every cut, in bounded memory, and an error of ours is added to them only where it can stand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::wire::Dialect;

/// What a reader tells of a stream that comes in these pieces.
fn lines<'p>(bound: usize, pieces: impl IntoIterator<Item = &'p [u8]>) -> (Vec<String>, Option<Broken>) {
    let (mut reader, mut told) = (LineReader::new(bound), Vec::new());
    let mut tell = |line: &[u8]| told.push(String::from_utf8(line.to_vec()).unwrap());
    pieces.into_iter().for_each(|piece| reader.feed(piece, &mut tell));
    let broken = reader.broken();
    reader.finish(tell);
    (told, broken)
}

fn items<'p>(bound: usize, pieces: impl IntoIterator<Item = &'p [u8]>) -> (Vec<String>, Option<Broken>, bool) {
    let (mut reader, mut told) = (ItemReader::new(bound), Vec::new());
    let tell = |item: &[u8]| told.push(String::from_utf8(item.to_vec()).unwrap());
    let mut tell = tell;
    pieces.into_iter().for_each(|piece| reader.feed(piece, &mut tell));
    (told, reader.broken(), reader.is_closed())
}

const LINES: &str = "{\"a\":1}\n \r\n{\"b\":\"\\n\\\"\u{e9}\"}\r\n\n{\"c\":{}}";
const ITEMS: &str = " [ {\"a\":\"}\\\"{\\\\\"}\n,\r\n{\"b\":[{\"c\":{}}, \"]\u{e9}\"]},{} ]\n";

#[test]
fn every_pair_of_cuts_gives_the_same() {
    let line_list = vec!["{\"a\":1}".to_owned(), "{\"b\":\"\\n\\\"\u{e9}\"}".to_owned(), "{\"c\":{}}".to_owned()];
    let item_list =
        vec!["{\"a\":\"}\\\"{\\\\\"}".to_owned(), "{\"b\":[{\"c\":{}}, \"]\u{e9}\"]}".to_owned(), "{}".to_owned()];
    for first in 0..=LINES.len() {
        for second in first..=LINES.len() {
            let stream = LINES.as_bytes();
            let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
            assert_eq!(lines(64, pieces), (line_list.clone(), None), "{first} {second}");
        }
    }
    for first in 0..=ITEMS.len() {
        for second in first..=ITEMS.len() {
            let stream = ITEMS.as_bytes();
            let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
            assert_eq!(items(64, pieces), (item_list.clone(), None, true), "{first} {second}");
        }
    }
}

#[test]
fn a_payload_beyond_the_bound_stops_the_reader_and_frees_its_memory() {
    for size in [1, 7, 4096] {
        let small = "{\"x\":\"12345678\"}";
        let large = format!("{{\"x\":\"{}\"}}", "y".repeat(64));
        let stream = [small, small, &large, small].join("\n");
        let (told, broken) = lines(64, stream.as_bytes().chunks(size));
        assert_eq!((told.len(), broken), (2, Some(Broken::TooLarge)), "{size}");
        assert_eq!(lines(128, stream.as_bytes().chunks(size)).0.len(), 4);
        let stream = format!("[{},{},{},{}]", small, small, large, small);
        let (told, broken, _) = items(64, stream.as_bytes().chunks(size));
        assert_eq!((told.len(), broken), (2, Some(Broken::TooLarge)), "{size}");
        assert_eq!(items(128, stream.as_bytes().chunks(size)).0.len(), 4);
    }
    let mut reader = ItemReader::new(1000);
    reader.feed(b"[{", |_| {});
    (0..99).for_each(|_| reader.feed(&[b'x'; 100], |_| unreachable!("nothing has ended")));
    assert!(!reader.is_between_items() && reader.broken() == Some(Broken::TooLarge));
    assert!(size_of_val(&reader) < 100);
}

#[test]
fn what_is_no_array_of_objects_is_broken() {
    for stream in ["{}", "[1]", "[[]]", "[\"a\"]", "[{}{}]", "[,{}]", "[{},]", "[{}] x", "]", "[null]"] {
        for size in [1, 99] {
            assert_eq!(items(64, stream.as_bytes().chunks(size)).1, Some(Broken::Malformed), "{stream}");
        }
    }
    for stream in ["", " ", "[", "[ ]", "[{},", "[{", "[{\"a\":\"\\"] {
        assert_eq!(items(64, [stream.as_bytes()]).1, None, "{stream}");
    }
}

fn headers(content_type: &'static str, more: &[(HeaderName, &'static str)]) -> HeaderMap {
    let more = more.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
    more.chain([(CONTENT_TYPE, HeaderValue::from_static(content_type))]).collect()
}

/// What is added to a stream of this type that breaks off behind these pieces.
fn added(dialect: Dialect, content_type: &'static str, pieces: &[&[u8]]) -> Option<String> {
    let mut seam = Seam::of(dialect, &headers(content_type, &[])).unwrap();
    pieces.iter().for_each(|piece| seam.see(piece));
    seam.fault("cut").map(|added| String::from_utf8(added.to_vec()).unwrap())
}

#[test]
fn an_event_stands_only_between_events() {
    let told = |pieces: &[&str]| {
        let pieces: Vec<_> = pieces.iter().map(|piece| piece.as_bytes()).collect();
        added(Dialect::OpenAiChat, "Text/Event-Stream; charset=utf-8", &pieces)
    };
    for between in [
        &[][..],
        &["data: a\n\n"],
        &["data: a\r\n\r", "\n"],
        &["data: a\n", "\n"],
        &["a\r\r"],
        &["data: abcdef\n", "", "\n"],
    ] {
        assert_eq!(told(between).as_deref(), std::str::from_utf8(&Dialect::OpenAiChat.fault_event("cut")).ok());
    }
    for within in [&["data: a"][..], &["data: a\n"], &["data: a\n\n", "d"], &["data: a\r\n"]] {
        assert_eq!(told(within), None, "{within:?}");
    }
}

#[test]
fn nothing_is_added_to_what_is_no_stream() {
    let json = "application/json";
    for (content_type, more) in [
        (json, &[(CONTENT_LENGTH, "12")][..]),
        ("application/x-ndjson", &[(CONTENT_ENCODING, "gzip")]),
        ("text/event-stream", &[(CONTENT_ENCODING, "br")]),
        ("text/html", &[]),
    ] {
        assert!(Seam::of(Dialect::Gemini, &headers(content_type, more)).is_none(), "{content_type}");
    }
    for whole in ["", "{", "{\"candidates\":[]", "{}", "x"] {
        assert_eq!(added(Dialect::Gemini, json, &[whole.as_bytes()]), None, "{whole}");
    }
}

/// The number of payloads in what is a whole stream to a strict reader; `None` where it is not one.
fn payloads(array: bool, stream: &str) -> Option<usize> {
    if array {
        return serde_json::from_str::<Vec<Value>>(stream).ok().map(|items| items.len());
    }
    let lines = stream.split_terminator('\n').filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str::<Value>(line).ok()).collect::<Option<Vec<_>>>().map(|lines| lines.len())
}

/// A stream of objects, with any whitespace between and inside of them.
fn any_stream(array: bool) -> impl Strategy<Value = Vec<u8>> {
    let object = ("[a-z\\[\\]{},: ]{0,6}", prop::sample::select(vec!["\\\"", "\\\\", "\u{e9}", "", "\\u00e9"]))
        .prop_map(|(plain, odd)| format!(r#"{{"k{odd}":["{plain}{odd}",{{"x":{{}}}}, 1]}}"#));
    let space = prop::sample::select(vec!["", " ", "\n", "\r\n"]);
    prop::collection::vec((object, space), 0..5).prop_map(move |objects| match array {
        true => {
            let objects: Vec<_> = objects.iter().map(|(object, space)| format!("{space}{object}{space}")).collect();
            format!("[{}]\n", objects.join(",")).into_bytes()
        }
        false => objects.iter().map(|(object, space)| format!("{object}\n{space}")).collect::<String>().into_bytes(),
    })
}

proptest! {
    #[test]
    fn a_stream_that_breaks_off_is_a_whole_one_with_an_error_or_is_left_alone(
        (array, stream) in any::<bool>().prop_flat_map(|array| (Just(array), any_stream(array))),
        size in 1usize..30,
    ) {
        let (dialect, content_type) = match array {
            true => (Dialect::Gemini, "application/json; charset=UTF-8"),
            false => (Dialect::Ollama, "application/x-ndjson"),
        };
        for end in 0..=stream.len() {
            let pieces: Vec<&[u8]> = stream[..end].chunks(size).collect();
            let Some(added) = added(dialect, content_type, &pieces) else { continue };
            let passed = String::from_utf8(stream[..end].to_vec()).unwrap();
            let all = payloads(array, &(passed.clone() + &added));
            prop_assert!(all.is_some_and(|all| all > 0), "{:?} + {:?}", passed, added);
            // Its last payload is the error; those before it are whole.
            let before = if array { payloads(true, &(passed.trim_end().trim_end_matches(',').to_owned() + "]")) } else { payloads(false, &passed) };
            prop_assert_eq!(all.map(|all| all - 1), before, "{:?} + {:?}", passed, added);
        }
    }

    #[test]
    fn any_stream_reads_as_serde_has_it_however_it_is_cut(
        (array, stream) in any::<bool>().prop_flat_map(|array| (Just(array), any_stream(array))),
        size in 1usize..30,
    ) {
        let told = match array {
            true => items(4096, stream.chunks(size)).0,
            false => lines(4096, stream.chunks(size)).0,
        };
        let values: Vec<Value> = told.iter().map(|payload| serde_json::from_str(payload).unwrap()).collect();
        let text = std::str::from_utf8(&stream).unwrap();
        let expected: Vec<Value> = match array {
            true => serde_json::from_str(text).unwrap(),
            false => text.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect(),
        };
        prop_assert_eq!(values, expected);
    }

    #[test]
    fn any_bytes_read_the_same_however_they_are_cut(
        stream in prop::collection::vec(prop_oneof![prop::sample::select(b"[]{},\"\\ \n".to_vec()), any::<u8>()], 0..100),
        size in 1usize..20,
    ) {
        let mut readers = (LineReader::new(40), ItemReader::new(40), LineReader::new(40), ItemReader::new(40));
        let mut told: [Vec<Vec<u8>>; 4] = Default::default();
        stream.chunks(size).for_each(|piece| {
            readers.0.feed(piece, |line| told[0].push(line.to_vec()));
            readers.1.feed(piece, |item| told[1].push(item.to_vec()));
        });
        readers.2.feed(&stream, |line| told[2].push(line.to_vec()));
        readers.3.feed(&stream, |item| told[3].push(item.to_vec()));
        prop_assert_eq!(&told[0], &told[2]);
        prop_assert_eq!(&told[1], &told[3]);
        prop_assert_eq!(readers.0.broken(), readers.2.broken());
        prop_assert_eq!(readers.1.broken(), readers.3.broken());
    }
}
