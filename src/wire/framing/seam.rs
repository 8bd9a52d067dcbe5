//! Where in a stream that passes an error of ours can stand, should the stream break off.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use super::items::At;
use crate::wire::Dialect;
use crate::wire::response::MediaType;

/// Watches a stream for the places between two of its payloads, where one of ours can follow.
///
/// In the middle of a payload there is none: what was sent cannot be taken back. Nothing is kept of what passes.
#[derive(Debug)]
pub struct Seam {
    dialect: Dialect,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// Events; the last bytes of the stream.
    Events([u8; 4]),
    /// Lines; whether the last one has ended.
    Lines(bool),
    /// Objects in an array. Until its first byte has come this may be a whole answer.
    Items(At),
    /// No stream that something could be added to.
    Whole,
}

impl Seam {
    /// A watch on a response to a call in `dialect`; `None` where its head says that nothing can be added to it: it has a
    /// length or a content coding, or is no stream.
    pub fn of(dialect: Dialect, headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key(CONTENT_ENCODING) || headers.contains_key(CONTENT_LENGTH) {
            return None;
        }
        let form = match MediaType::of(headers.get(CONTENT_TYPE)?)? {
            // Before the first event one can stand, too.
            MediaType::Events => Form::Events(*b"\n\n\n\n"),
            MediaType::Lines => Form::Lines(true),
            MediaType::Json => Form::Items(At::default()),
        };
        Some(Self { dialect, form })
    }

    /// Looks at the next bytes of the stream.
    pub fn see(&mut self, mut data: &[u8]) {
        match &mut self.form {
            Form::Events(end) => {
                for &byte in &data[data.len().saturating_sub(end.len())..] {
                    end.rotate_left(1);
                    end[3] = byte;
                }
            }
            Form::Lines(between) => *between = data.last().map_or(*between, |&byte| byte == b'\n'),
            Form::Items(at) => {
                while !data.is_empty() {
                    let passed = match at {
                        At::Inside(_) => at.inside(data),
                        _ => match at.between(data) {
                            Ok(passed) => passed,
                            Err(_) => {
                                self.form = Form::Whole;
                                return;
                            }
                        },
                    };
                    data = &data[passed..];
                }
            }
            Form::Whole => {}
        }
    }

    /// What tells the client of an error, to be sent next and last; `None` where that is not possible.
    pub fn fault(&self, message: &str) -> Option<Bytes> {
        let item = |before: &str| {
            let (_, body) = self.dialect.fault(StatusCode::BAD_GATEWAY, message);
            Bytes::from([before.as_bytes(), &body, b"]"].concat())
        };
        match &self.form {
            Form::Events(end) => {
                let between = end.ends_with(b"\n\n") || end.ends_with(b"\r\r") || end == b"\r\n\r\n";
                between.then(|| self.dialect.fault_event(message))
            }
            Form::Lines(between) => between.then(|| self.dialect.fault_event(message)),
            Form::Items(At::First | At::Next) => Some(item("")),
            Form::Items(At::Behind) => Some(item(",")),
            Form::Items(At::Before | At::Inside(_) | At::Closed) | Form::Whole => None,
        }
    }
}
