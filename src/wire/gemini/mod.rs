//! Gemini: `POST …/models/{model}:generateContent` and `:streamGenerateContent`, of the Gemini API and of Vertex AI.
//!
//! After the API reference of Google and the types and parsers of its Python SDK (google-genai 3.6). The servers read JSON as
//! [ProtoJSON](https://protobuf.dev/programming-guides/json/) does: a field may go by its camelCase or its snake_case
//! name, and one message may stand where a list of them is wanted. Both are read here, too.

mod machine;
mod note;
mod parts;
mod read;
mod route;
mod write;

use bytes::Bytes;
use http::{Method, StatusCode};

use super::call::{Call, Tail};
use super::codec::Codec;
use super::document::Splice;
use super::escape::{Quoted, escaped};
use super::reply::{OwnReply, ReplyTo};
use super::response::Notes;
use super::span::Malformed;
use crate::dialogue::Bypass;

/// The dialect.
pub(super) struct Gemini;

impl Codec for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn serves(&self, method: &Method, path: &str) -> bool {
        method == Method::POST && route::Route::of(path).is_some()
    }

    fn read<'a>(&self, target: &'a str, body: &'a [u8]) -> Result<Call<'a>, Bypass> {
        Ok(read::read(target, body)?)
    }

    fn steer(&self, tail: Tail, instruction: &str) -> Splice {
        let part = |comma| format!(r#"{comma}{{"text":{}}}"#, Quoted(instruction));
        let (at, with) = match tail {
            // A single part that is no list.
            Tail::Quote(at) => (at, escaped(instruction)),
            Tail::AfterPart(at) => (at, part(",")),
            Tail::NoParts(at) => (at, part("")),
        };
        Splice { at: at..at, with: with.into_bytes() }
    }

    fn reply(&self, to: &ReplyTo, text: &str) -> OwnReply {
        if to.stream { write::stream(to, text) } else { write::whole(to, text) }
    }

    fn fault(&self, status: StatusCode, message: &str) -> Bytes {
        write::fault(status, message).into()
    }

    fn fault_event(&self, message: &str) -> Bytes {
        write::fault_event(message)
    }

    fn note(&self, payload: &[u8], notes: &mut Notes) -> Result<(), Malformed> {
        note::note(payload, notes)
    }
}
