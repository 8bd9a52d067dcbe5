//! OpenAI Responses: `POST …/responses`.
//!
//! After the API reference of OpenAI and the types of its Python SDK 3.57. What was said before may be kept by the upstream
//! (`previous_response_id`, `conversation`, references to items); such a call is read, and never judged by what it shows
//! alone. Unless `store` is `false` the upstream keeps the answer, too, so an answer of ours would be one that it does not
//! know: there, acts are only steered.

mod item;
mod machine;
mod note;
mod read;
mod write;

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
pub(super) struct Responses;

impl Codec for Responses {
    fn name(&self) -> &'static str {
        "openai-responses"
    }

    fn serves(&self, method: &Method, path: &str) -> bool {
        // Behind the path of one response (`/responses/{id}`, `…/cancel`, `…/input_items`) nothing is asked of a model.
        method == Method::POST && path.ends_with("/responses")
    }

    fn read<'a>(&self, _target: &'a str, body: &'a [u8]) -> Result<Call<'a>, Bypass> {
        Ok(read::read(body)?)
    }

    fn steer(&self, tail: Tail, instruction: &str) -> Splice {
        content::steer(tail, instruction, "input_text")
    }

    fn reply(&self, to: &ReplyTo, text: &str) -> OwnReply {
        if to.stream { write::stream(to, text) } else { write::whole(to, text) }
    }

    fn fault(&self, status: StatusCode, message: &str) -> Bytes {
        super::chat::fault(status, message)
    }

    fn fault_event(&self, message: &str) -> Bytes {
        write::fault_event(message)
    }

    fn note(&self, payload: &[u8], notes: &mut Notes) -> Result<(), Malformed> {
        note::note(payload, notes)
    }
}

/// The types of parts of a message, and of a tool's output.
fn said(kind: &[u8]) -> Said {
    match kind {
        b"input_text" | b"output_text" | b"text" => Said::Text,
        b"refusal" => Said::Refusal,
        b"input_image" | b"computer_screenshot" => Said::Opaque(PartKind::Image),
        b"input_audio" => Said::Opaque(PartKind::Audio),
        b"input_file" => Said::Opaque(PartKind::File),
        // Reasoning and its summaries are thought, not said.
        _ => Said::Opaque(PartKind::Other),
    }
}
