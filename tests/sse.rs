//! Server-sent events come out the same however the stream is cut, and as the WHATWG standard has it.

use groundwire::wire::sse::EventReader;
use proptest::prelude::*;

/// Name, payload, identifier, whether a blank line ended it.
type Event = (String, String, String, bool);

fn event(name: &str, data: &str, id: &str) -> Event {
    (name.to_owned(), data.to_owned(), id.to_owned(), true)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Option<u64>) {
    let mut reader = EventReader::new(1 << 20);
    let mut events = Vec::new();
    let mut note = |event: groundwire::wire::sse::Event<'_>| {
        events.push((text(event.name), text(event.data), text(event.id), event.terminated));
    };
    for piece in pieces {
        reader.feed(piece, &mut note);
    }
    reader.finish(&mut note);
    (events, reader.retry())
}

/// The standard's algorithm, word for word, on a whole stream: decode, cut into lines, interpret each.
fn standard(stream: &[u8]) -> Vec<Event> {
    let stream = text(stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream));
    let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = stream.split('\n').collect();
    lines.pop();
    let (mut events, mut data, mut name, mut id) = (Vec::new(), String::new(), String::new(), String::new());
    for line in lines {
        if line.is_empty() {
            if !data.is_empty() {
                data.pop();
                let name = if name.is_empty() { "message" } else { &name };
                events.push(event(name, &data, &id));
            }
            data.clear();
            name.clear();
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => name = value.to_owned(),
            "data" => data = data + value + "\n",
            "id" if !value.contains('\0') => id = value.to_owned(),
            _ => {}
        }
    }
    events
}

/// The examples of the standard, and what servers of chat APIs send.
fn streams() -> Vec<(&'static [u8], Vec<Event>)> {
    vec![
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", vec![event("message", "YHOO\n+2\n10", "")]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            vec![
                event("message", "first event", "1"),
                event("message", "second event", ""),
                event("message", " third event", ""),
            ],
        ),
        (b"data\n\ndata\ndata\n\n", vec![event("message", "", ""), event("message", "\n", "")]),
        (b"data:test\n\ndata: test\n\n", vec![event("message", "test", ""), event("message", "test", "")]),
        (
            b"event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\rdata: 3\n\n",
            vec![event("a", "1", ""), event("b", "2", ""), event("message", "3", "")],
        ),
        (b"\xEF\xBB\xBFdata: 1\n\n\xEF\xBB\xBFdata: 2\n\n", vec![event("message", "1", "")]),
        (b"event: lost\n\ndata: x\n\n", vec![event("message", "x", "")]),
        (b"id: a\0b\nid: 7\ndata: \xF0\x9F\x98\x80\r\n\r\n\r\n", vec![event("message", "😀", "7")]),
        (b"DATA: no\n data: no\ndata : no\ndatum\n\n", vec![]),
        (
            b"data: {\"a\":1}\n\ndata: [DONE]\n\n",
            vec![event("message", "{\"a\":1}", ""), event("message", "[DONE]", "")],
        ),
        (b"\n\n\r\n\r", vec![]),
        (b"", vec![]),
    ]
}

#[test]
fn every_stream_reads_the_same_at_every_pair_of_cuts() {
    for (stream, expected) in streams() {
        assert_eq!(standard(stream), expected, "the standard on {}", stream.escape_ascii());
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let (events, _) = read([&stream[..first], &stream[first..second], &stream[second..]]);
                assert_eq!(events, expected, "{} cut at {first} and {second}", stream.escape_ascii());
            }
        }
        assert_eq!(read(stream.chunks(1)).0, expected, "{} byte by byte", stream.escape_ascii());
    }
}

#[test]
fn what_a_stream_ends_in_is_reported() {
    for (stream, data) in [
        ("data: 1\n\ndata: [DONE]\n", "[DONE]"),
        ("data: 1\n\ndata: [DO", "[DO"),
        ("data: 1\n\ndata: a\r\ndata: b", "a\nb"),
    ] {
        let (events, _) = read([stream.as_bytes()]);
        assert_eq!(events, [event("message", "1", ""), ("message".to_owned(), data.to_owned(), String::new(), false)]);
    }
    for stream in ["data: 1\n\nevent: x\n", "data: 1\n\n: ping", "data: 1\n\nda", "data: 1\n\n"] {
        assert_eq!(read([stream.as_bytes()]).0, [event("message", "1", "")], "{stream:?}");
    }
}

#[test]
fn retry_takes_digits_only() {
    for (stream, retry) in [
        ("retry: 1500\n", Some(1500)),
        ("retry: 1500\nretry: 1e3\n", Some(1500)),
        ("retry: -1\n", None),
        ("retry\n", None),
        ("retry: 99999999999999999999999\n", None),
    ] {
        assert_eq!(read([stream.as_bytes()]).1, retry, "{stream:?}");
    }
}

/// Lines that mean something, in any order, with any line end.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just(Vec::new()),
        prop::sample::select(vec![
            "data",
            "data:",
            "event: e",
            "id: 1",
            "id",
            "retry: 5",
            ":",
            "x: y",
            "\u{feff}data: z"
        ])
        .prop_map(|line| line.as_bytes().to_vec()),
        "data: ?[a-z:é😀]{0,8}".prop_map(String::into_bytes),
        "[a-z: \u{0}]{0,8}".prop_map(String::into_bytes),
    ];
    let end = prop::sample::select(vec![&b"\n"[..], b"\r", b"\r\n"]);
    let lines = prop::collection::vec((line, end), 0..20);
    (lines, any::<bool>()).prop_map(|(lines, marked)| {
        let mut stream = if marked { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
        lines.iter().for_each(|(line, end)| stream.extend([line, *end].concat()));
        stream
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_stream_reads_as_the_standard_has_it(stream in any_stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).chain([0, stream.len()]).collect();
        cuts.sort_unstable();
        let (mut events, _) = read(cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]));
        events.retain(|event| event.3);
        prop_assert_eq!(events, standard(&stream));
    }

    #[test]
    fn any_bytes_read_the_same_however_they_are_cut(stream in prop::collection::vec(any::<u8>(), 0..200), size in 1usize..50) {
        prop_assert_eq!(read(stream.chunks(size)), read([&stream[..]]));
    }
}
