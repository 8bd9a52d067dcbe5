//! Anthropic Messages: `POST …/messages`, and the routes by which Vertex AI and Bedrock take the same bodies.
//!
//! After the API reference of Anthropic and the types of its Python SDK 2.13. The API knows only users and assistants, so a
//! tool's result comes in a user's message; it is read as a turn of its own. An instruction stands behind all blocks of the
//! last user message, and so behind every cache breakpoint; no breakpoint is added or moved.

mod note;
mod read;
mod write;

use bytes::Bytes;
use http::{Method, StatusCode};

use super::call::{Call, Tail};
use super::codec::Codec;
use super::content;
use super::document::Splice;
use super::reply::{OwnReply, ReplyTo};
use super::response::Notes;
use super::span::Malformed;
use crate::dialogue::Bypass;

/// The dialect.
pub(super) struct Messages;

impl Codec for Messages {
    fn name(&self) -> &'static str {
        "anthropic-messages"
    }

    /// `/messages/count_tokens` and `/messages/batches` ask nothing of a model, or not now; and the messages of a thread
    /// are those of another API (OpenAI's Assistants).
    fn serves(&self, method: &Method, path: &str) -> bool {
        let is_route = path.ends_with("/messages") && !path.contains("/threads/");
        method == Method::POST && (is_route || Hosted::of(path).is_some())
    }

    fn read<'a>(&self, target: &'a str, body: &'a [u8]) -> Result<Call<'a>, Bypass> {
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        Ok(read::read(Hosted::of(path), body)?)
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

/// What the route of a cloud that hosts these models says in the place of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hosted<'p> {
    model: &'p str,
    /// The answer comes in frames of AWS's own.
    framed: bool,
}

impl<'p> Hosted<'p> {
    /// Vertex AI: `…/publishers/anthropic/models/{model}:rawPredict` or `:streamRawPredict`; Bedrock:
    /// `…/model/{model}/invoke` or `…/invoke-with-response-stream`, where the model is one of Anthropic's.
    fn of(path: &'p str) -> Option<Self> {
        let (before, last) = path.rsplit_once('/')?;
        if before.ends_with("/publishers/anthropic/models") {
            let model = last.strip_suffix(":rawPredict").or_else(|| last.strip_suffix(":streamRawPredict"))?;
            return (model != "count-tokens").then_some(Self { model, framed: false });
        }
        let framed = last == "invoke-with-response-stream";
        let (before, model) = before.rsplit_once('/').filter(|_| framed || last == "invoke")?;
        (before.ends_with("/model") && model.contains("anthropic.")).then_some(Self { model, framed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clouds_name_the_model_in_the_path() {
        let of = |path: &str| Hosted::of(path).map(|hosted| (hosted.model.to_owned(), hosted.framed));
        let hosted = |model: &str, framed| Some((model.to_owned(), framed));
        let vertex = "/v1/projects/p/locations/l/publishers/anthropic/models/";
        assert_eq!(of(&format!("{vertex}claude@1:rawPredict")), hosted("claude@1", false));
        assert_eq!(of(&format!("{vertex}claude@1:streamRawPredict")), hosted("claude@1", false));
        assert_eq!(of("/model/us.anthropic.claude-v1%3A0/invoke"), hosted("us.anthropic.claude-v1%3A0", false));
        assert_eq!(of("/b/model/anthropic.c/invoke-with-response-stream"), hosted("anthropic.c", true));
        for path in [
            &*format!("{vertex}count-tokens:rawPredict"),
            &format!("{vertex}claude@1:predict"),
            "/v1/projects/p/locations/l/publishers/google/models/gemini:rawPredict",
            "/model/amazon.titan/invoke",
            "/model/anthropic.c/converse",
            "/anthropic.c/invoke",
            "/v1/messages",
            "",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
