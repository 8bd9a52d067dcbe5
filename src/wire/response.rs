//! The reader beside a response: it looks on as the bytes pass, keeps little of them, and never gets in their way.
//!
//! Whatever it does not understand, or finds too large, makes it stop reading; the response goes on.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use super::Dialect;
use super::coding::{Codings, Decoder, Undecoded};
use super::ends::Ends;
use super::framing::{Broken, ItemReader, LineReader};
use super::quotes::{QuoteReader, Quotes};
use super::span::Malformed;
use super::sse::EventReader;
use crate::dialogue::Text;

/// The largest whole response that is read, in bytes. A completion is rarely a tenth of it.
const LARGEST: usize = 1 << 20;

/// How many times its own size a compressed response may be, beside [`LARGEST`]. Events repeat themselves, and compress to
/// a twentieth or a fiftieth; a thousandth is only reached by what wants to keep its reader busy.
const SWELLING: u64 = 128;

/// What a model says it used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the request.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
    /// How many of the request's tokens came from the provider's prompt cache, where it says so.
    pub cached_tokens: Option<u64>,
}

/// Why a response was not read, or not to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unread {
    /// It has a content encoding that is not read.
    Encoded,
    /// It is not what its content encoding says.
    Undecodable,
    /// It is of a type that answers of this dialect do not have.
    ContentType,
    /// It, or one of its events, is larger than what is read.
    TooLarge,
    /// It is not of the dialect's shape.
    Malformed,
}

impl Unread {
    /// The name used in records and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Encoded => "encoded",
            Self::Undecodable => "undecodable",
            Self::ContentType => "content_type",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
        }
    }
}

/// What the reader understood of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// Why the answer ended, in the dialect's own word.
    pub finish_reason: Option<String>,
    /// What the model used, as the provider counts.
    pub usage: Option<Usage>,
    /// Whether the assistant said anything.
    pub saw_text: bool,
    /// The beginning and the end of what the assistant said.
    pub text: Ends,
    /// Whether the answer is a success and was seen to end as this dialect's answers end. An answer that was cut is not
    /// complete, nor is one that was not read.
    pub complete: bool,
    /// Whether the response carries an error.
    pub failed: bool,
    /// Why the response was not read, or not to its end.
    pub unread: Option<Unread>,
    /// Whether what the assistant said quotes the instruction that it was given: see [`Quotes`]. `None` where that was not
    /// asked, or where it did not as far as the response was read, and that is not to its end.
    pub leaked: Option<bool>,
}

/// What a codec notes down while it reads.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) finish_reason: Option<String>,
    pub(crate) usage: Option<Usage>,
    pub(crate) text: Ends,
    /// The stream's own end was seen.
    pub(crate) done: bool,
    pub(crate) failed: bool,
    /// What looks for quotes of an instruction in what is said.
    quotes: Option<Box<QuoteReader>>,
}

impl Notes {
    /// The assistant says `text` next.
    pub(crate) fn say(&mut self, text: Text<'_>) -> Result<(), Malformed> {
        let text = text.decode().ok_or(Malformed)?;
        if let Some(quotes) = &mut self.quotes {
            quotes.read(&text);
        }
        self.text.push(&text);
        Ok(())
    }

    /// Whether the answer was seen to end.
    fn has_ended(&self) -> bool {
        self.done || self.finish_reason.is_some()
    }

    /// The answer ended, for this reason. Reasons are words of an API; a longer one is cut.
    pub(crate) fn finish(&mut self, reason: Text<'_>) -> Result<(), Malformed> {
        let reason = reason.decode().ok_or(Malformed)?;
        self.finish_reason = Some(reason[..reason.floor_char_boundary(64)].to_owned());
        Ok(())
    }
}

/// Reads a response as it passes, in bounded memory.
#[derive(Debug)]
pub struct ResponseReader {
    dialect: Dialect,
    success: bool,
    form: Form,
    notes: Notes,
    /// Where the response is compressed: what takes that off, and how much went through it.
    coded: Option<Box<Coded>>,
}

#[derive(Debug)]
struct Coded {
    decoder: Decoder,
    received: u64,
    decoded: u64,
}

#[derive(Debug)]
enum Form {
    /// JSON of which nothing has come but this much whitespace: one value, or an array that is streamed.
    Unopened(usize),
    /// One JSON value, kept until it is complete.
    Whole(Vec<u8>),
    Events(EventReader),
    Lines(LineReader),
    Items(ItemReader),
    Unread(Unread),
}

/// The media types that answers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// Server-sent events.
    Events,
    /// One JSON value a line. The type is not registered; these names are in use.
    Lines,
    /// One JSON value.
    Json,
}

impl ResponseReader {
    /// A reader for a response with this head, to a call in `dialect`.
    pub fn new(dialect: Dialect, status: StatusCode, headers: &HeaderMap) -> Self {
        let (mut form, mut coded) = (Form::of(headers), None);
        match Codings::of(headers) {
            Err(_) => form = Form::Unread(Unread::Encoded),
            Ok(codings) if codings.is_identity() || matches!(form, Form::Unread(_)) => {}
            Ok(codings) => coded = Some(Box::new(Coded { decoder: codings.decoder(), received: 0, decoded: 0 })),
        }
        Self { dialect, success: status.is_success(), form, notes: Notes::default(), coded }
    }

    /// Has the reader look for `quotes` of an instruction in what the assistant says; see [`Reading::leaked`].
    #[must_use]
    pub fn looking_for(mut self, quotes: Option<Quotes>) -> Self {
        self.notes.quotes = quotes.map(|quotes| Box::new(QuoteReader::new(quotes)));
        self
    }

    /// Looks at the next bytes of the body, however it is cut. Of a compressed one a copy is decoded here.
    pub fn feed(&mut self, bytes: &[u8]) {
        let Some(mut coded) = self.coded.take() else { return self.read(bytes) };
        coded.received += bytes.len() as u64;
        let (received, decoded) = (coded.received, &mut coded.decoded);
        let fed = coded.decoder.feed(bytes, &mut |plain| {
            *decoded += plain.len() as u64;
            if *decoded > LARGEST as u64 + SWELLING.saturating_mul(received) {
                return Err(Undecoded::TooLarge);
            }
            self.read(plain);
            // Once nothing is read any more, nothing need be decoded either.
            if matches!(self.form, Form::Unread(_)) { Err(Undecoded::TooLarge) } else { Ok(()) }
        });
        match (fed, &self.form) {
            // Its memory goes with it.
            (_, Form::Unread(_)) => {}
            (Err(Undecoded::Corrupt), _) => self.form = Form::Unread(Unread::Undecodable),
            (Err(Undecoded::TooLarge), _) => self.form = Form::Unread(Unread::TooLarge),
            (Ok(()), _) => self.coded = Some(coded),
        }
    }

    /// Reads the next bytes of the body as they are without a coding.
    fn read(&mut self, bytes: &[u8]) {
        let (codec, notes) = (self.dialect.codec(), &mut self.notes);
        let mut understood = Ok(());
        let mut note = |payload: &[u8]| {
            if understood.is_ok() {
                understood = codec.note(payload, notes);
            }
        };
        let broken = match &mut self.form {
            Form::Unread(_) => return,
            Form::Unopened(before) => {
                let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                *before += blank;
                self.form = match bytes.get(blank) {
                    _ if *before > LARGEST => Form::Unread(Unread::TooLarge),
                    None => return,
                    Some(b'[') => Form::Items(ItemReader::new(LARGEST)),
                    Some(_) => Form::Whole(Vec::new()),
                };
                return self.read(&bytes[blank..]);
            }
            Form::Whole(body) if body.len() + bytes.len() > LARGEST => Some(Broken::TooLarge),
            Form::Whole(body) => {
                body.extend_from_slice(bytes);
                None
            }
            Form::Events(events) => {
                events.feed(bytes, |event| note(event.data));
                events.has_stopped().then_some(Broken::TooLarge)
            }
            Form::Lines(lines) => {
                lines.feed(bytes, note);
                lines.broken()
            }
            Form::Items(items) => {
                items.feed(bytes, note);
                items.broken()
            }
        };
        match (understood, broken) {
            (Err(Malformed), _) | (_, Some(Broken::Malformed)) => self.form = Form::Unread(Unread::Malformed),
            (_, Some(Broken::TooLarge)) => self.form = Form::Unread(Unread::TooLarge),
            (Ok(()), None) => {}
        }
    }

    /// Whether anything that the assistant says has been seen yet.
    ///
    /// Asked after each [`feed`](Self::feed), this tells the time of the first content of a stream. A response that is
    /// not a stream is understood only once it is complete; there, the first byte is the first content.
    pub fn first_text(&self) -> bool {
        !self.notes.text.is_empty()
    }

    /// Whether the stream stands between two events, lines or items of an array, so that one of ours can follow.
    ///
    /// `false` wherever that is not known: then a broken stream can only be ended. [`Seam`](super::Seam) tells the same
    /// by a look at the structure alone, and what is to follow.
    pub fn between_events(&self) -> bool {
        match &self.form {
            Form::Events(events) => events.is_between_events(),
            Form::Lines(lines) => lines.is_between_lines(),
            Form::Items(items) => items.is_between_items(),
            Form::Unopened(_) | Form::Whole(_) | Form::Unread(_) => false,
        }
    }

    /// The body has ended, or will not go on.
    pub fn finish(mut self) -> Reading {
        let mut ended = self.notes.done;
        if self.coded.take().is_some_and(|coded| coded.received > 0 && !coded.decoder.has_ended()) {
            // Cut: what was understood of it stays, but it is no whole answer. Some servers leave out the end of a
            // coding behind a stream, whose events say by themselves where it ends.
            if let Form::Whole(_) | Form::Unopened(_) = self.form {
                self.form = Form::Unread(Unread::Undecodable);
            }
        }
        let unread = match &mut self.form {
            Form::Unread(unread) => Some(*unread),
            Form::Events(events) => {
                // Some servers leave out the blank line after the last event. If that event was cut instead, it just
                // tells nothing.
                let codec = self.dialect.codec();
                events.finish(|event| codec.note(event.data, &mut self.notes).unwrap_or_default());
                ended = self.notes.has_ended();
                None
            }
            Form::Lines(lines) => {
                // The same goes for the last line's end.
                let codec = self.dialect.codec();
                lines.finish(|line| codec.note(line, &mut self.notes).unwrap_or_default());
                ended = self.notes.has_ended();
                None
            }
            Form::Items(items) => {
                ended = items.is_closed() && self.notes.has_ended();
                None
            }
            Form::Unopened(_) => None,
            Form::Whole(body) => {
                let understood = self.dialect.codec().note(body, &mut self.notes).is_ok();
                ended = understood && self.notes.has_ended();
                // A cut body is no answer.
                (!understood).then_some(Unread::Malformed)
            }
        };
        let Notes { finish_reason, usage, mut text, failed, quotes, .. } = self.notes;
        text.finish();
        let complete = self.success && ended && !failed && unread.is_none();
        let leaked = quotes.and_then(|quotes| (complete || quotes.found()).then(|| quotes.found()));
        Reading { finish_reason, usage, saw_text: !text.is_empty(), text, complete, failed, unread, leaked }
    }
}

impl Form {
    fn of(headers: &HeaderMap) -> Self {
        match headers.get(CONTENT_TYPE).and_then(MediaType::of) {
            Some(MediaType::Events) => Self::Events(EventReader::new(LARGEST)),
            Some(MediaType::Lines) => Self::Lines(LineReader::new(LARGEST)),
            Some(MediaType::Json) => Self::Unopened(0),
            None => Self::Unread(Unread::ContentType),
        }
    }
}

impl MediaType {
    /// The media type that `Content-Type` names; `None` for one that answers do not have.
    pub(super) fn of(value: &HeaderValue) -> Option<Self> {
        let essence = value.as_bytes().split(|&byte| byte == b';').next()?.trim_ascii();
        let is = |known: &str| essence.eq_ignore_ascii_case(known.as_bytes());
        Some(match () {
            () if is("text/event-stream") => Self::Events,
            () if is("application/json") => Self::Json,
            () if is("application/x-ndjson") || is("application/ndjson") || is("application/jsonl") => Self::Lines,
            () => return None,
        })
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod framed_tests;

#[cfg(all(test, feature = "codings"))]
mod coded_tests;
