//! OpenAI Chat Completions: `POST …/chat/completions`.
//!
//! After the API reference of OpenAI and the types of its Python SDK 3.54. Azure OpenAI, llama.cpp, vLLM, Ollama and
//! most gateways speak it too, each with keys of its own, so whatever is not known here is passed over.

mod machine;
mod note;
mod read;
mod write;

pub(super) use write::fault;

use bytes::Bytes;
use http::{Method, StatusCode};

use super::call::{Call, Tail};
use super::codec::Codec;
use super::content::{self, Said};
use super::document::Splice;
use super::reply::{OwnReply, ReplyTo};
use super::response::Notes;
use super::span::Malformed;
use crate::dialogue::{Bypass, PartKind};

/// The dialect.
pub(super) struct Chat;

impl Codec for Chat {
    fn name(&self) -> &'static str {
        "openai-chat"
    }

    fn serves(&self, method: &Method, path: &str) -> bool {
        method == Method::POST && path.ends_with("/chat/completions")
    }

    fn read<'a>(&self, _target: &'a str, body: &'a [u8]) -> Result<Call<'a>, Bypass> {
        Ok(read::read(body)?)
    }

    fn steer(&self, tail: Tail, instruction: &str) -> Splice {
        content::steer(tail, instruction, "text")
    }

    fn reply(&self, to: &ReplyTo, text: &str) -> OwnReply {
        if to.stream { write::stream(to, text) } else { write::whole(to, text) }
    }

    fn fault(&self, status: StatusCode, message: &str) -> Bytes {
        write::fault(status, message)
    }

    fn fault_event(&self, message: &str) -> Bytes {
        write::fault_event(message)
    }

    fn note(&self, payload: &[u8], notes: &mut Notes) -> Result<(), Malformed> {
        note::note(payload, notes)
    }
}

/// The types of parts of a message.
fn said(kind: &[u8]) -> Said {
    match kind {
        b"text" => Said::Text,
        b"refusal" => Said::Refusal,
        b"image_url" => Said::Opaque(PartKind::Image),
        b"input_audio" => Said::Opaque(PartKind::Audio),
        b"file" => Said::Opaque(PartKind::File),
        _ => Said::Opaque(PartKind::Other),
    }
}
