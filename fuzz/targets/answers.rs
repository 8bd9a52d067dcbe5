//! However an answer is cut, the reader beside it notes the same.

#![no_main]

use groundwire::wire::{Dialect, Reading, ResponseReader};
use http::{HeaderMap, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;

const TYPES: [&str; 4] = ["text/event-stream", "application/json", "application/x-ndjson", "text/plain"];

fn reading<'a>(dialect: Dialect, kind: &'static str, pieces: impl Iterator<Item = &'a [u8]>) -> Reading {
    let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
    let mut reader = ResponseReader::new(dialect, StatusCode::OK, &headers);
    pieces.for_each(|piece| reader.feed(piece));
    reader.finish()
}

fuzz_target!(|input: (u8, u8, u8, &[u8])| {
    let (dialect, kind, size, body) = input;
    let dialect = Dialect::ALL[usize::from(dialect) % Dialect::ALL.len()];
    let kind = TYPES[usize::from(kind) % TYPES.len()];
    let whole = reading(dialect, kind, std::iter::once(body));
    assert_eq!(reading(dialect, kind, body.chunks(usize::from(size).max(1))), whole);
});
