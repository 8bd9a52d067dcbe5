//! What a dialect reads from a request, in terms that no longer depend on the dialect.

use std::fmt;

use crate::dialogue::{Bypass, Conversation, Text};

/// A chat call, borrowed from the request's body.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Who said what, and whether tools are offered.
    pub conversation: Conversation<'a>,
    /// The model that is asked for.
    pub model: Option<Text<'a>>,
    /// Whether the answer is wanted as a stream of events.
    pub stream: bool,
    /// Which of the dialect's forms the answer is to have.
    pub form: AnswerForm,
    /// Whether a streamed answer is to end with its usage (`stream_options.include_usage`).
    pub include_usage: bool,
    /// Why the call looks made by a machine for a machine, which must never be answered with a question; `None` where it
    /// may well come from a person.
    pub machine: Option<Machine>,
    /// Whether messages that came before are not in the request but kept by the upstream, so that the last one cannot be
    /// judged by what it follows.
    pub elsewhere: bool,
    /// Whether an answer of ours would do. It does not where the upstream keeps the answer to go on from it later.
    pub answerable: bool,
    /// What of the request an answer of ours repeats: key and value, as they stand.
    pub echoes: Vec<(&'static str, &'a [u8])>,
    /// Whether the request names material that is not among its messages: retrieved documents, a search, stored state.
    pub sources: bool,
    /// Whether the provider caches what stands at the tail, too: it puts a breakpoint on the last block by itself, or one
    /// stands behind.
    pub cached_tail: bool,
    /// The application's own identifier of the conversation, where the body carries one.
    pub conversation_id: Option<Text<'a>>,
    /// Where an instruction can be put.
    pub tail: Option<Tail>,
}

/// The form of an answer, where a dialect has more than one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerForm {
    /// The usual one.
    #[default]
    Usual,
    /// Gemini, streamed where no events are asked for: the items of one JSON array.
    Array,
    /// Ollama's `/api/generate`: a text instead of a message.
    Completion,
}

/// A sign that a call is made by a machine for a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    /// What the call is counted as.
    pub bypass: Bypass,
    /// What told: the key or the kind of message that no person's chat has.
    pub sign: &'static str,
}

impl Machine {
    pub(crate) const fn new(bypass: Bypass, sign: &'static str) -> Self {
        Self { bypass, sign }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign)
    }
}

impl Call<'_> {
    /// The model that is asked for, readable; empty where the request names none.
    pub fn model_name(&self) -> String {
        self.model.and_then(|model| model.decode()).map_or_else(String::new, |name| name.into_owned())
    }

    /// An estimate of how many tokens the conversation has, for a usage that nobody measured: see [`estimate_tokens`],
    /// and four more for the frame of each message.
    pub fn estimate_tokens(&self) -> u64 {
        self.conversation
            .turns
            .iter()
            .fold(0, |sum, turn| sum + 4 + turn.texts().map(|text| estimate_tokens(text.raw().len())).sum::<u64>())
    }
}

/// An estimate of how many tokens a text of this many bytes has: one for every four bytes begun.
///
/// Tokenisers of English text average close to four bytes a token. It is only ever reported for answers that no model
/// gave, and bills nobody.
pub fn estimate_tokens(bytes: usize) -> u64 {
    bytes.div_ceil(4) as u64
}

/// The end of the last user message, as offsets into the body. It outlives the borrow of the body that it points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tail {
    /// The message is one string; this is its closing quote.
    Quote(usize),
    /// The message is a list of parts; this is right behind the last one.
    AfterPart(usize),
    /// The message is a list without parts; this is right behind its opening bracket.
    NoParts(usize),
}
