//! Compressed responses: read alike however they are compressed, flushed and cut, and never without bound.
#![allow(clippy::unwrap_used)]

use http::header::CONTENT_ENCODING;
use proptest::prelude::*;

use super::super::coding::encoding::flushed;
use super::*;

const CODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

const EVENTS: [&str; 5] = [
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Wellington.\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n",
    "data: [DONE]\n\n",
];

/// The pieces, of which the last ends with the coding's end.
fn sent(coding: &str, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut out = flushed(coding, pieces);
    let end = out.pop().unwrap();
    out.last_mut().unwrap().extend(end);
    out
}

fn reader(content_type: &'static str, coding: &str) -> ResponseReader {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CONTENT_ENCODING, HeaderValue::from_str(coding).unwrap());
    ResponseReader::new(Dialect::OpenAiChat, StatusCode::OK, &headers)
}

fn events(coding: &str) -> ResponseReader {
    reader("text/event-stream", coding)
}

#[test]
fn the_first_text_is_seen_when_it_is_flushed() {
    for coding in CODINGS {
        // The second event is flushed in its middle.
        let (first, second) = EVENTS[1].split_at(30);
        let pieces: Vec<&[u8]> = [EVENTS[0], first, second].iter().map(|piece| piece.as_bytes()).collect();
        let mut reader = events(coding);
        for (piece, (seen, between)) in sent(coding, &pieces).iter().zip([(false, true), (false, false), (true, true)])
        {
            reader.feed(piece);
            assert_eq!((reader.first_text(), reader.between_events()), (seen, between), "{coding}");
        }
    }
}

#[test]
fn a_whole_answer_is_read_and_a_cut_one_is_not_taken_for_it() {
    let body = br#"{"choices":[{"index":0,"message":{"content":"Wellington."},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
    for coding in CODINGS {
        let sent = sent(coding, &[body]).concat();
        let read = |bytes: &[u8]| {
            let mut reader = reader("application/json", coding);
            bytes.chunks(9).for_each(|piece| reader.feed(piece));
            reader.finish()
        };
        let reading = read(&sent);
        assert!(reading.complete && reading.usage.is_some(), "{coding}: {reading:?}");
        let cut = read(&sent[..sent.len() - 2]);
        assert_eq!((cut.complete, cut.unread), (false, Some(Unread::Undecodable)), "{coding}");
        let plain = read(body);
        assert_eq!((plain.complete, plain.unread), (false, Some(Unread::Undecodable)), "{coding}");
        assert_eq!(read(b"").unread, None, "{coding}: nothing is wrong with nothing, as for a HEAD");
    }
}

#[test]
fn a_bomb_ends_the_reading_and_its_memory() {
    let comment = [&b": "[..], &[b'x'; 500_000], b"\n"].concat();
    for coding in CODINGS {
        for (bomb, content_type) in [
            (vec![b' '; 2 << 20], "application/json"),
            (vec![b' '; 2 << 20], "text/event-stream"),
            // No event is too large here; there are just more of them than any answer has.
            (comment.repeat(8), "text/event-stream"),
        ] {
            let sent = sent(coding, &[&bomb]).concat();
            assert!(sent.len() < 256 << 10, "{coding}: {}", sent.len());
            let mut reader = reader(content_type, coding);
            reader.feed(&sent);
            assert!(matches!(reader.form, Form::Unread(Unread::TooLarge)), "{coding}, {content_type}");
            assert!(reader.coded.is_none());
            reader.feed(&sent);
            assert_eq!(reader.finish().unread, Some(Unread::TooLarge));
        }
    }
}

#[test]
fn a_stream_without_the_end_of_its_coding_is_complete_by_its_events() {
    for coding in CODINGS {
        let pieces: Vec<&[u8]> = EVENTS.iter().map(|event| event.as_bytes()).chain([&b": bye\n"[..]]).collect();
        let mut reader = events(coding);
        sent(coding, &pieces)[..5].iter().for_each(|piece| reader.feed(piece));
        let reading = reader.finish();
        assert!(reading.complete, "{coding}: {reading:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_compressed_stream_reads_as_the_plain_one(cuts in prop::collection::vec(1usize..60, 1..12), size in 1usize..200) {
        let all = EVENTS.concat();
        let mut plain = ResponseReader::new(Dialect::OpenAiChat, StatusCode::OK, &[(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))].into_iter().collect());
        plain.feed(all.as_bytes());
        let expected = plain.finish();
        prop_assert!(expected.complete);
        let (mut pieces, mut rest) = (Vec::new(), all.as_bytes());
        for cut in cuts {
            let (piece, left) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = left;
        }
        pieces.push(rest);
        for coding in CODINGS {
            let mut reader = events(coding);
            sent(coding, &pieces).concat().chunks(size).for_each(|piece| reader.feed(piece));
            prop_assert_eq!(&reader.finish(), &expected, "{}", coding);
        }
    }
}
