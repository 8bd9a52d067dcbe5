//! Lines and arrays: read alike however they are cut, compressed or not, and told from whole answers.
#![allow(clippy::unwrap_used)]

#[cfg(feature = "codings")]
use http::header::CONTENT_ENCODING;
use proptest::prelude::*;

#[cfg(feature = "codings")]
use super::super::coding::encoding::flushed;
use super::*;

const LINES: [&str; 3] = [
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"hm\"},\"done\":false}\n",
    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"H\u{e9}\"},\"done\":false}\r\n\n",
    "{\"model\":\"m\",\"message\":{\"content\":\"!\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":5,\"eval_count\":2}\n",
];

const ITEMS: [&str; 3] = [
    "[{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hm {\\\"\",\"thought\":true}]}}]}\n",
    ",\r\n{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"H\u{e9}\"}]},\"index\":0}]}\n",
    ",\r\n{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"!\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":2}}\n]\n",
];

const STREAMS: [(Dialect, &str, [&str; 3]); 2] =
    [(Dialect::Ollama, "application/x-ndjson", LINES), (Dialect::Gemini, "application/json; charset=UTF-8", ITEMS)];

fn reader(dialect: Dialect, content_type: &'static str) -> ResponseReader {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
    ResponseReader::new(dialect, StatusCode::OK, &headers)
}

fn read<'p>(mut reader: ResponseReader, pieces: impl IntoIterator<Item = &'p [u8]>) -> Reading {
    pieces.into_iter().for_each(|piece| reader.feed(piece));
    reader.finish()
}

#[test]
fn the_first_text_is_seen_when_its_payload_ends() {
    for (dialect, content_type, [thinks, says, ends]) in STREAMS {
        let mut reader = reader(dialect, content_type);
        assert!(!reader.first_text());
        let (first, second) = says.split_at(30);
        // Before the first byte, nobody knows that a JSON value is an array.
        for (piece, (seen, between)) in
            [thinks, first, second].into_iter().zip([(false, true), (false, false), (true, true)])
        {
            reader.feed(piece.as_bytes());
            assert_eq!((reader.first_text(), reader.between_events()), (seen, between), "{dialect}: {piece}");
        }
        reader.feed(ends.as_bytes());
        let reading = reader.finish();
        assert!(reading.complete && !reading.failed);
        assert_eq!((reading.text.head(), reading.finish_reason.is_some()), ("H\u{e9}!", true));
        assert_eq!(reading.usage, Some(Usage { prompt_tokens: 5, completion_tokens: 2, cached_tokens: None }));
    }
}

#[test]
fn a_stream_reads_the_same_at_every_pair_of_cuts() {
    for (dialect, content_type, pieces) in STREAMS {
        let body = pieces.concat();
        let whole = read(reader(dialect, content_type), [body.as_bytes()]);
        assert!(whole.complete, "{whole:?}");
        for first in 0..=body.len() {
            for second in (first..=body.len()).step_by(7) {
                let body = body.as_bytes();
                let cut = [&body[..first], &body[first..second], &body[second..]];
                assert_eq!(read(reader(dialect, content_type), cut), whole, "{dialect} at {first} and {second}");
            }
        }
    }
}

#[test]
fn an_answer_is_complete_only_with_its_end() {
    let complete = |dialect, content_type, body: &str| {
        let reading = read(reader(dialect, content_type), [body.as_bytes()]);
        assert_eq!(reading.unread, None, "{body}");
        reading.complete
    };
    let (lines, items) = (LINES.concat(), ITEMS.concat());
    let json = "application/json";
    assert!(complete(Dialect::Ollama, "application/ndjson", lines.trim_end()), "the last line may have no end");
    assert!(!complete(Dialect::Ollama, "application/x-ndjson", &lines[..lines.len() - 9]), "cut in the last line");
    assert!(!complete(Dialect::Ollama, "application/x-ndjson", &LINES[..2].concat()));
    assert!(!complete(Dialect::Ollama, "application/x-ndjson", ""));
    assert!(!complete(Dialect::Ollama, "application/x-ndjson", &(LINES[1].to_owned() + "{\"error\":\"x\"}\n")));
    assert!(complete(Dialect::Gemini, json, items.trim_end()));
    assert!(!complete(Dialect::Gemini, json, items.trim_end().trim_end_matches(']')), "no reader takes half an array");
    assert!(!complete(Dialect::Gemini, json, &ITEMS[..2].concat()));
    assert!(!complete(Dialect::Gemini, json, "[]"));
    assert!(!complete(Dialect::Gemini, json, " \n"));
    assert!(!complete(Dialect::Gemini, json, &(ITEMS[0].to_owned() + ",{\"error\":{\"code\":503}}]")));
}

#[test]
fn a_whole_answer_is_told_from_an_array_by_its_first_byte() {
    let whole = r#"{"candidates":[{"content":{"parts":[{"text":"Hé!"}]},"finishReason":"STOP"}]}"#;
    for space in ["", " \r\n\t"] {
        let body = space.to_owned() + whole;
        for size in [1, 4096] {
            let mut reader = reader(Dialect::Gemini, "application/json");
            body.as_bytes().chunks(size).for_each(|piece| reader.feed(piece));
            assert!(!reader.first_text(), "a whole answer is read at its end");
            assert!(!reader.between_events());
            let reading = reader.finish();
            assert_eq!((reading.complete, reading.text.head()), (true, "Hé!"));
        }
    }
    // An array is no answer of a dialect that has none, nor are other things answers of any.
    for (dialect, body) in [
        (Dialect::OpenAiChat, "[1]"),
        (Dialect::Ollama, "[[]]"),
        (Dialect::Gemini, "[{}{}]"),
        (Dialect::Gemini, "\"x\""),
    ] {
        let reading = read(reader(dialect, "application/json"), [body.as_bytes()]);
        assert_eq!((reading.complete, reading.unread), (false, Some(Unread::Malformed)), "{body}");
    }
}

#[test]
fn a_payload_beyond_the_bound_ends_the_reading_only() {
    let large = format!("\"{}\"", "x".repeat(2 << 20));
    for (dialect, content_type, [thinks, says, ends]) in STREAMS {
        let comma = if dialect == Dialect::Gemini { "," } else { "" };
        let body = format!("{thinks}{says}{comma}{{\"x\":{large}}}\n{ends}");
        let reading = read(reader(dialect, content_type), body.as_bytes().chunks(9999));
        assert_eq!((reading.unread, reading.complete), (Some(Unread::TooLarge), false));
        assert_eq!(reading.text.head(), "H\u{e9}", "what was understood before stays");
    }
}

#[cfg(feature = "codings")]
#[test]
fn compressed_streams_read_as_plain_ones() {
    for (dialect, content_type, pieces) in STREAMS {
        let plain = read(reader(dialect, content_type), [pieces.concat().as_bytes()]);
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let parts: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_bytes()).collect();
            let sent = flushed(coding, &parts).concat();
            for size in [1, 11, sent.len()] {
                let headers = HeaderMap::from_iter([
                    (CONTENT_TYPE, HeaderValue::from_static(content_type)),
                    (CONTENT_ENCODING, HeaderValue::from_str(coding).unwrap()),
                ]);
                let coded = ResponseReader::new(dialect, StatusCode::OK, &headers);
                assert_eq!(read(coded, sent.chunks(size)), plain, "{dialect}, {coding}, {size}");
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_disturb_it(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        size in 1usize..50,
    ) {
        for (dialect, content_type, pieces) in STREAMS {
            let mut body = pieces.concat().into_bytes();
            for (at, byte) in &flips {
                let at = at.index(body.len());
                body[at] = *byte;
            }
            let cut = read(reader(dialect, content_type), body.chunks(size));
            prop_assert_eq!(cut, read(reader(dialect, content_type), [&body[..]]));
        }
    }
}
