//! The wire: how chat APIs say what they say, read and edited without changing a byte that need not change.
//!
//! A [`Dialect`] reads a request's body into a [`Call`] that borrows from it. An edit is a [`Splice`] at byte offsets,
//! and is made on a [`Document`], which is a body that was found to be JSON; nothing is ever parsed and written anew, so
//! key order, whitespace, numbers, unknown fields and the provider's prompt cache survive. Answers and errors of our own
//! are written in the caller's dialect, and a [`ResponseReader`] looks on beside a response that passes.
//!
//! ```
//! use bytes::Bytes;
//! use groundwire::wire::{Dialect, Document};
//!
//! let body = Bytes::from_static(br#"{"messages": [{"role":"user", "content":"Fix it"}], "seed": 1e400}"#);
//! let dialect = Dialect::recognise(&http::Method::POST, &"/v1/chat/completions".parse()?).ok_or("unknown route")?;
//! let call = dialect.read(&body).map_err(|bypass| bypass.as_str())?;
//! let splice = dialect.steer(&call, "\n\n(If unclear, ask.)").ok_or("no user message")?;
//! let document = Document::validate(&body).map_err(|bypass| bypass.as_str())?;
//! assert_eq!(
//!     document.splice(&[splice]),
//!     &br#"{"messages": [{"role":"user", "content":"Fix it\n\n(If unclear, ask.)"}], "seed": 1e400}"#[..],
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod call;
mod chat;
mod codec;
mod coding;
mod content;
mod document;
mod ends;
mod escape;
mod fault;
mod framing;
mod gemini;
mod listed;
mod messages;
mod ollama;
#[cfg(test)]
mod proptests;
mod quotes;
#[cfg(test)]
mod read_tests;
mod reply;
mod response;
mod responses;
mod route;
mod span;
pub mod sse;
mod value;

use std::fmt;

use bytes::Bytes;
use http::{Method, StatusCode, Uri};

pub use call::{AnswerForm, Call, Machine, Tail, estimate_tokens};
pub use document::{Document, Splice};
pub use ends::Ends;
pub use fault::plain_fault;
pub use framing::Seam;
pub use quotes::Quotes;
pub use reply::{OwnReply, ReplyTo};
pub use response::{Reading, ResponseReader, Unread, Usage};
pub use route::{Route, Routes};
pub(crate) use span::value_at;

pub(crate) use coding::{Codings, Undecoded};

use crate::dialogue::Bypass;
use codec::Codec;

/// Names every dialect once.
macro_rules! dialects {
    ($($(#[$doc:meta])* $dialect:ident = $codec:expr;)*) => {
        /// A chat API that groundwire understands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Dialect {
            $($(#[$doc])* $dialect,)*
        }

        impl Dialect {
            /// Every dialect.
            pub const ALL: &'static [Self] = &[$(Self::$dialect),*];

            fn codec(self) -> &'static dyn Codec {
                match self {
                    $(Self::$dialect => &$codec,)*
                }
            }
        }
    };
}

dialects! {
    /// OpenAI's Chat Completions, and the many servers that speak it.
    OpenAiChat = chat::Chat;
    /// OpenAI's Responses.
    OpenAiResponses = responses::Responses;
    /// Anthropic's Messages.
    AnthropicMessages = messages::Messages;
    /// Google's Gemini API, and Vertex AI's models that speak it.
    Gemini = gemini::Gemini;
    /// Ollama's own API.
    Ollama = ollama::Ollama;
}

impl Dialect {
    /// The name used in records, metrics and configuration.
    pub fn as_str(self) -> &'static str {
        self.codec().name()
    }

    /// The dialect of this name, also without the name of its vendor: `openai-chat` or `chat`.
    pub fn named(name: &str) -> Option<Self> {
        let is = |known: &str| known == name || known.split_once('-').is_some_and(|(_, short)| short == name);
        Self::ALL.iter().copied().find(|dialect| is(dialect.as_str()))
    }

    /// The dialect of a request, told by its route alone; `None` where it is no chat call.
    ///
    /// Any base path is accepted, and one trailing slash; the query says nothing.
    pub fn recognise(method: &Method, uri: &Uri) -> Option<Self> {
        let path = uri.path();
        let path = path.strip_suffix('/').unwrap_or(path);
        Self::ALL.iter().copied().find(|dialect| dialect.codec().serves(method, path))
    }

    /// Reads the call in `body`, borrowing all text from it.
    ///
    /// The body is only checked as far as it is read; see [`Document`].
    ///
    /// # Errors
    /// [`Bypass::Malformed`] where the body is not of this dialect's shape, or has two values under a key that matters.
    pub fn read<'a>(&self, body: &'a [u8]) -> Result<Call<'a>, Bypass> {
        self.read_at("", body)
    }

    /// The same, of a request for `target`, its path and query: some APIs name the model there.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_at<'a>(&self, target: &'a str, body: &'a [u8]) -> Result<Call<'a>, Bypass> {
        self.codec().read(target, body)
    }

    /// The edit that puts `instruction` at the very end of the last user message.
    ///
    /// A message that is one string stays one, and gets the instruction as it is: the instruction brings whatever is to
    /// stand between. A message of parts gains one text part. `None` where there is no user message, or where the
    /// assistant has acted on it already: an edit there would change what the assistant's turns refer to.
    pub fn steer(&self, call: &Call<'_>, instruction: &str) -> Option<Splice> {
        call.tail.map(|tail| self.steer_at(tail, instruction))
    }

    /// The same, for a [`Call`] of which only [`tail`](Call::tail) was kept.
    pub fn steer_at(&self, tail: Tail, instruction: &str) -> Splice {
        self.codec().steer(tail, instruction)
    }

    /// An answer that says `text`, in the shape that this dialect's clients expect from a model.
    pub fn reply(&self, to: &ReplyTo, text: &str) -> OwnReply {
        self.codec().reply(to, text)
    }

    /// The content type and body of an error response in this dialect.
    pub fn fault(&self, status: StatusCode, message: &str) -> (&'static str, Bytes) {
        (reply::JSON, self.codec().fault(status, message))
    }

    /// An error to be sent in the middle of a stream, after which the stream ends.
    ///
    /// It must stand between two events: see [`ResponseReader::between_events`].
    pub fn fault_event(&self, message: &str) -> Bytes {
        self.codec().fault_event(message)
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_tells_the_dialect() {
        for (method, uri, dialect) in [
            ("POST", "/v1/chat/completions", Some(Dialect::OpenAiChat)),
            ("POST", "/chat/completions", Some(Dialect::OpenAiChat)),
            ("POST", "/v1/chat/completions/", Some(Dialect::OpenAiChat)),
            ("POST", "/v1/chat/completions?api-version=2024-10-21", Some(Dialect::OpenAiChat)),
            ("POST", "/openai/deployments/gpt-4o/chat/completions", Some(Dialect::OpenAiChat)),
            ("POST", "http://localhost:8080//v1/chat/completions", Some(Dialect::OpenAiChat)),
            ("GET", "/v1/chat/completions", None),
            ("POST", "/v1/chat/completions//", None),
            ("POST", "/v1/chat/completions/chatcmpl-1", None),
            ("POST", "/v1/mychat/completions", None),
            ("POST", "/v1/completions", None),
            ("POST", "/v1/embeddings?x=/chat/completions", None),
            ("POST", "/v1/responses", Some(Dialect::OpenAiResponses)),
            ("POST", "/openai/v1/responses/?api-version=preview", Some(Dialect::OpenAiResponses)),
            ("GET", "/v1/responses/resp_1", None),
            ("POST", "/v1/responses/resp_1/cancel", None),
            ("POST", "/v1/responses/compact", None),
            ("POST", "/v1/responses/input_tokens", None),
            ("POST", "/v1/messages", Some(Dialect::AnthropicMessages)),
            ("POST", "/anthropic/v1/messages?beta=true", Some(Dialect::AnthropicMessages)),
            ("POST", "/v1/messages/count_tokens", None),
            ("POST", "/v1/messages/batches", None),
            ("POST", "/v1/threads/thread_1/messages", None),
            (
                "POST",
                "/v1/projects/p/locations/l/publishers/anthropic/models/claude:streamRawPredict",
                Some(Dialect::AnthropicMessages),
            ),
            ("POST", "/model/us.anthropic.claude-v1%3A0/invoke", Some(Dialect::AnthropicMessages)),
            ("POST", "/model/amazon.titan/invoke", None),
            ("POST", "/", None),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
            let uri: Uri = uri.parse().unwrap_or_default();
            assert_eq!(Dialect::recognise(&method, &uri), dialect, "{method} {uri}");
        }
    }

    #[test]
    fn names_differ() {
        assert_eq!(Dialect::OpenAiChat.to_string(), "openai-chat");
        let names: std::collections::HashSet<_> = Dialect::ALL.iter().map(|dialect| dialect.as_str()).collect();
        assert_eq!(names.len(), Dialect::ALL.len());
    }
}
