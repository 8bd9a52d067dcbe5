//! What a dialect has to know: how its calls are recognised, read, steered and answered, and how its answers are read.

use bytes::Bytes;
use http::{Method, StatusCode};

use super::call::{Call, Tail};
use super::document::Splice;
use super::reply::{OwnReply, ReplyTo};
use super::response::Notes;
use super::span::Malformed;
use crate::dialogue::Bypass;

/// One dialect of chat API.
///
/// Everything is pure: bytes in, bytes or borrowed views out.
pub(crate) trait Codec: Sync {
    /// The dialect's name in records, metrics and configuration.
    fn name(&self) -> &'static str;

    /// Whether a request for `path` is a chat call. The path comes without a trailing slash or query, still
    /// percent-encoded, and may start with a base path of any length.
    fn serves(&self, method: &Method, path: &str) -> bool;

    /// Reads a call from a body that need not be valid. `target` is the request's path and query, still
    /// percent-encoded, where some APIs name the model and the form of the answer; empty where it is not known.
    fn read<'a>(&self, target: &'a str, body: &'a [u8]) -> Result<Call<'a>, Bypass>;

    /// Puts `instruction` at the tail of the last user message.
    fn steer(&self, tail: Tail, instruction: &str) -> Splice;

    /// An answer that says `text` and comes from no model.
    fn reply(&self, to: &ReplyTo, text: &str) -> OwnReply;

    /// The body of an error response; its content type is JSON.
    fn fault(&self, status: StatusCode, message: &str) -> Bytes;

    /// An error in the middle of a stream.
    fn fault_event(&self, message: &str) -> Bytes;

    /// Notes what one piece of a response tells: the whole body, or the payload of one event.
    fn note(&self, payload: &[u8], notes: &mut Notes) -> Result<(), Malformed>;
}
