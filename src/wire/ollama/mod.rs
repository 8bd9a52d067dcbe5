//! Ollama: `POST …/api/chat` and `POST …/api/generate`.
//!
//! After Ollama's API reference, the types of its server (Go) and of its Python SDK (0.6). Both routes stream unless they are
//! told not to. Many an application has a route `/api/chat` of its own; only a body that names a model is read as Ollama's.

mod clock;
mod machine;
mod note;
mod read;
mod transcript;
mod write;

use bytes::Bytes;
use http::{Method, StatusCode};

use super::call::{Call, Tail};
use super::codec::Codec;
use super::document::Splice;
use super::escape::escaped;
use super::reply::{OwnReply, ReplyTo};
use super::response::Notes;
use super::span::Malformed;
use crate::dialogue::Bypass;

/// The dialect.
pub(super) struct Ollama;

impl Codec for Ollama {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn serves(&self, method: &Method, path: &str) -> bool {
        method == Method::POST && (path.ends_with("/api/chat") || path.ends_with("/api/generate"))
    }

    fn read<'a>(&self, target: &'a str, body: &'a [u8]) -> Result<Call<'a>, Bypass> {
        Ok(read::read(target, body)?)
    }

    fn steer(&self, tail: Tail, instruction: &str) -> Splice {
        match tail {
            Tail::Quote(at) => Splice { at: at..at, with: escaped(instruction).into_bytes() },
            // Messages of this dialect have no parts: there is no place.
            Tail::AfterPart(at) | Tail::NoParts(at) => Splice { at: at..at, with: Vec::new() },
        }
    }

    fn reply(&self, to: &ReplyTo, text: &str) -> OwnReply {
        if to.stream { write::stream(to, text) } else { write::whole(to, text) }
    }

    fn fault(&self, _: StatusCode, message: &str) -> Bytes {
        write::fault(message).into()
    }

    fn fault_event(&self, message: &str) -> Bytes {
        (write::fault(message) + "\n").into()
    }

    fn note(&self, payload: &[u8], notes: &mut Notes) -> Result<(), Malformed> {
        note::note(payload, notes)
    }
}
