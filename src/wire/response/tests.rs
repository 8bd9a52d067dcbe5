//! Responses as servers send them: whole, streamed, broken, and of no use.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use http::header::CONTENT_ENCODING;
use proptest::prelude::*;

use super::*;

const WHOLE: &str = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Wellington."},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#;

const CHUNKS: [&str; 4] = [
    r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
    r#"{"choices":[{"index":0,"delta":{"content":"Wellington."},"finish_reason":null}]}"#,
    r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}"#,
];

fn reader(status: u16, headers: &[(http::HeaderName, &'static str)]) -> ResponseReader {
    let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
    ResponseReader::new(Dialect::OpenAiChat, StatusCode::from_u16(status).unwrap(), &headers)
}

fn json(status: u16) -> ResponseReader {
    reader(status, &[(CONTENT_TYPE, "application/json; charset=utf-8")])
}

fn events() -> ResponseReader {
    reader(200, &[(CONTENT_TYPE, "Text/Event-Stream")])
}

fn stream(payloads: &[&str]) -> String {
    payloads.iter().map(|payload| format!("data: {payload}\n\n")).collect()
}

#[test]
fn a_whole_answer() {
    let mut reader = json(200);
    WHOLE.as_bytes().chunks(7).for_each(|piece| reader.feed(piece));
    assert!(!reader.first_text() && !reader.between_events());
    let reading = reader.finish();
    assert!(reading.complete && reading.saw_text && !reading.failed);
    assert_eq!(reading.unread, None);
    assert_eq!(reading.text.head(), "Wellington.");
    assert_eq!(reading.usage, Some(Usage { prompt_tokens: 5, completion_tokens: 2, cached_tokens: None }));
}

#[test]
fn the_first_text_is_not_the_first_event() {
    let mut reader = events();
    for (chunk, seen) in CHUNKS.iter().zip([false, true, true, true]) {
        reader.feed(stream(&[chunk]).as_bytes());
        assert_eq!(reader.first_text(), seen, "{chunk}");
        assert!(reader.between_events());
        reader.feed(b"data");
        assert!(!reader.between_events());
        reader.feed(b": {}\n\n");
    }
    reader.feed(b"data: [DONE]\n\n");
    let reading = reader.finish();
    assert!(reading.complete);
    assert_eq!(reading.finish_reason.as_deref(), Some("stop"));
    assert_eq!(reading.usage, Some(Usage { prompt_tokens: 5, completion_tokens: 2, cached_tokens: None }));
}

#[test]
fn an_answer_is_complete_only_with_its_end() {
    let complete = |body: &str| {
        let mut reader = events();
        reader.feed(body.as_bytes());
        let reading = reader.finish();
        assert_eq!(reading.unread, None);
        reading.complete
    };
    assert!(complete(&stream(&[CHUNKS[1], CHUNKS[2]])), "not every server sends [DONE]");
    assert!(complete(&stream(&[CHUNKS[1], "[DONE]"])));
    assert!(complete(&(stream(&[CHUNKS[1]]) + "data: [DONE]")), "nor the last blank line");
    assert!(!complete(&stream(&[CHUNKS[1]])));
    assert!(!complete(&(stream(&[CHUNKS[1]]) + "data: {\"choices\":[{\"ind")), "cut in an event");
    assert!(!complete(&stream(&[CHUNKS[1], r#"{"error":{"message":"overloaded"}}"#, "[DONE]"])));
    assert!(!complete(""));
}

#[test]
fn errors_tell_no_usage_and_break_nothing() {
    let mut reader = json(429);
    reader.feed(br#"{"error":{"message":"slow down","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#);
    let reading = reader.finish();
    assert!(reading.failed && !reading.complete && !reading.saw_text);
    assert_eq!((reading.usage, reading.unread), (None, None));

    let mut reader = json(200);
    reader.feed(&WHOLE.as_bytes()[..WHOLE.len() - 9]);
    let reading = reader.finish();
    assert_eq!((reading.complete, reading.unread), (false, Some(Unread::Malformed)), "cut");

    let reading = json(502).finish();
    assert_eq!((reading.complete, reading.unread), (false, None), "empty");

    let mut reader = json(500);
    reader.feed(WHOLE.as_bytes());
    assert!(!reader.finish().complete, "whatever the body says");
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    for (headers, unread) in [
        (&[(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "compress")][..], Some(Unread::Encoded)),
        (&[(CONTENT_TYPE, "text/event-stream"), (CONTENT_ENCODING, "br, unheard-of")], Some(Unread::Encoded)),
        (&[(CONTENT_TYPE, "text/html")], Some(Unread::ContentType)),
        (&[], Some(Unread::ContentType)),
        (&[(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "Identity")], None),
    ] {
        let mut reader = reader(200, headers);
        reader.feed(WHOLE.as_bytes());
        let reading = reader.finish();
        assert_eq!(reading.unread, unread);
        assert_eq!(reading.complete, unread.is_none());
    }
}

#[test]
fn a_response_beyond_the_bound_is_no_longer_kept() {
    let mut reader = json(200);
    let piece = [b' '; 1 << 16];
    (0..17).for_each(|_| reader.feed(&piece));
    assert!(matches!(reader.form, Form::Unread(Unread::TooLarge)));

    let mut reader = events();
    reader.feed(stream(&CHUNKS[..2]).as_bytes());
    reader.feed(b"data: ");
    (0..17).for_each(|_| reader.feed(&piece));
    reader.feed(stream(&CHUNKS[2..]).as_bytes());
    let reading = reader.finish();
    assert_eq!((reading.unread, reading.complete), (Some(Unread::TooLarge), false));
    assert_eq!(reading.text.head(), "Wellington.", "what was understood before stays");
}

#[test]
fn an_event_that_is_not_understood_ends_the_reading_only() {
    let mut reader = events();
    reader.feed(stream(&[CHUNKS[1], "{oops", CHUNKS[2], "[DONE]"]).as_bytes());
    let reading = reader.finish();
    assert_eq!((reading.unread, reading.complete), (Some(Unread::Malformed), false));
    assert_eq!(reading.finish_reason, None);
}

proptest! {
    #[test]
    fn no_bytes_disturb_it(bytes in prop::collection::vec(any::<u8>(), 0..300), flip in any::<prop::sample::Index>(), to: u8, size in 1usize..50) {
        let mut body = stream(&CHUNKS).into_bytes();
        let at = flip.index(body.len());
        body[at] = to;
        for (mut reader, body) in [(events(), &body), (events(), &bytes), (json(200), &bytes)] {
            body.chunks(size).for_each(|piece| reader.feed(piece));
            reader.finish();
        }
    }

    #[test]
    fn a_stream_reads_the_same_however_it_is_cut(size in 1usize..400) {
        let body = stream(&CHUNKS) + "data: [DONE]\n\n";
        let mut whole = events();
        whole.feed(body.as_bytes());
        let mut cut = events();
        body.as_bytes().chunks(size).for_each(|piece| cut.feed(piece));
        prop_assert_eq!(whole.finish(), cut.finish());
    }
}
