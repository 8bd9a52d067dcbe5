//! Answers that groundwire writes itself.

use bytes::Bytes;

use super::call::{AnswerForm, Call};

/// The content type of a stream of server-sent events.
pub(crate) const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";
/// The content type of a whole answer.
pub(crate) const JSON: &str = "application/json";
/// The content type of a stream of lines.
pub(crate) const LINES: &str = "application/x-ndjson";

/// What an answer of ours takes over from the request that it answers.
#[derive(Clone, Debug)]
pub struct ReplyTo {
    /// The model that was asked for; echoed, since SDKs and dashboards key on it.
    pub model: String,
    /// Whether to answer with a stream of events.
    pub stream: bool,
    /// Which of the dialect's forms the answer has.
    pub form: AnswerForm,
    /// Whether a stream is to end with its usage.
    pub include_usage: bool,
    /// What the answer's identifiers are made from: different for every answer.
    pub id_seed: [u8; 16],
    /// The time of the answer, in seconds since the Unix epoch.
    pub created: u64,
    /// Nanoseconds that have passed since then.
    pub created_nanos: u32,
    /// What the answer repeats of the request: members of a JSON object, as they stood, a comma before each.
    pub echoes: String,
    /// The tokens of the request, as far as one can tell without the model's tokeniser.
    pub prompt_tokens: u64,
}

impl ReplyTo {
    /// What an answer to `call` needs to know, with its usage estimated.
    pub fn call(call: &Call<'_>, id_seed: [u8; 16], created: u64) -> Self {
        Self {
            model: call.model_name(),
            stream: call.stream,
            form: call.form,
            include_usage: call.include_usage,
            id_seed,
            created,
            created_nanos: 0,
            echoes: if call.answerable { members(&call.echoes) } else { String::new() },
            prompt_tokens: call.estimate_tokens(),
        }
    }

    /// The seed in hexadecimal, behind `prefix`.
    pub(crate) fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:032x}", u128::from_be_bytes(self.id_seed))
    }
}

/// These members of an object, a comma before each; what is not UTF-8 is left out.
fn members(echoes: &[(&str, &[u8])]) -> String {
    let texts = echoes.iter().filter_map(|(key, value)| Some((key, std::str::from_utf8(value).ok()?)));
    texts.fold(String::new(), |all, (key, value)| all + ",\"" + key + "\":" + value)
}

/// An answer of our own, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnReply {
    /// The value of `content-type`.
    pub content_type: &'static str,
    /// The whole body, also of a stream.
    pub body: Bytes,
}

/// Cuts `text` into the pieces of a stream, about a word each; together they are exactly `text`.
///
/// Clients draw text as it comes, and some only start to draw at the second piece.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    /// Scripts without spaces are cut after this many bytes.
    const LONGEST: usize = 24;
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        // A piece takes the whitespace before its word along, as a model's tokens do.
        let word = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        let end = rest[word..].find(char::is_whitespace).map_or(rest.len(), |length| word + length);
        let (piece, after) = rest.split_at(rest.floor_char_boundary(end.min(LONGEST)));
        rest = after;
        Some(piece)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pieces_are_words_with_the_space_before_them() {
        let cut = |text| pieces(text).collect::<Vec<_>>();
        assert_eq!(cut("Which one?\n\n- a\n"), ["Which", " one?", "\n\n-", " a", "\n"]);
        assert_eq!(cut(""), [""; 0]);
        assert_eq!(cut("どの記事を要約しましょうか"), ["どの記事を要約し", "ましょうか"]);
    }

    proptest! {
        #[test]
        fn pieces_together_are_the_text(text in any::<String>()) {
            prop_assert_eq!(pieces(&text).collect::<String>(), text.as_str());
            prop_assert!(pieces(&text).all(|piece| !piece.is_empty() && piece.len() <= 24));
        }
    }
}
