//! What goes on of a request, compared with what came.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use crate::act::Intervention;
use crate::wire::{Dialect, OwnReply, ResponseReader};

/// What goes on, or comes back in its place.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "as")]
#[non_exhaustive]
pub enum Forwarded {
    /// The request goes on as it came.
    Same {
        /// Its body's length.
        bytes: usize,
    },
    /// The request goes on with a changed body.
    Edited {
        /// The changed body's length.
        bytes: usize,
        /// What is different.
        change: Change,
        /// All of the changed body.
        body: String,
    },
    /// The request does not go on; this comes back.
    Reply {
        /// The content type of the response.
        content_type: String,
        /// What the user reads.
        says: String,
        /// All of its body.
        body: String,
    },
}

/// The span outside of which two bodies are the same to the last byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// Where it begins, in bytes.
    pub at: usize,
    /// What stood there.
    pub removed: String,
    /// What stands there now, as it stands in the JSON.
    pub inserted: String,
    /// What is inserted, as the model reads it; `None` where it is not the inside of one JSON text.
    pub words: Option<String>,
}

impl Forwarded {
    /// What becomes of the plain body `sent`, of which `bytes` were received.
    pub(super) fn of(intervention: Intervention, dialect: Dialect, sent: &[u8], bytes: usize) -> Self {
        match intervention {
            Intervention::Pass => Self::Same { bytes },
            Intervention::Edit(edited) => {
                let change = Change::between(sent, &edited);
                Self::Edited { bytes: edited.len(), change, body: text(&edited) }
            }
            Intervention::Reply(reply) => {
                let says = says(dialect, &reply);
                Self::Reply { content_type: reply.content_type.to_owned(), says, body: text(&reply.body) }
            }
        }
    }
}

impl Change {
    /// The one span that holds all differences.
    ///
    /// Where what is inserted repeats what stands before it, several places would do; it is put as far back as possible,
    /// since acts are performed at the end of a message.
    pub fn between(sent: &[u8], forwarded: &[u8]) -> Self {
        let shorter = sent.len().min(forwarded.len());
        let tail = sent.iter().rev().zip(forwarded.iter().rev()).take_while(|(a, b)| a == b).count();
        let head = sent.iter().zip(forwarded).take_while(|(a, b)| a == b).count();
        let at = whole(sent, forwarded, head.min(shorter));
        let tail = tail.min(shorter - at);
        let to = forwarded.len() - tail;
        let inserted = text(&forwarded[at..to]);
        let words = words(&inserted);
        Self { at, removed: text(&sent[at..sent.len() - tail]), inserted, words }
    }
}

/// Moves a difference that begins within a character, or within a JSON escape, to where that begins.
fn whole(sent: &[u8], forwarded: &[u8], mut at: usize) -> usize {
    let within = |bytes: &[u8], at: usize| bytes.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    while at > 0 && (within(sent, at) || within(forwarded, at)) {
        at -= 1;
    }
    // A backslash that is itself escaped begins nothing.
    let slashes = forwarded[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
    at - slashes % 2
}

/// The text that an insertion adds: the inside of a JSON string, or the `text` of one part.
fn words(inserted: &str) -> Option<String> {
    if let Ok(text) = serde_json::from_str::<String>(&format!("\"{inserted}\"")) {
        return Some(text);
    }
    // A part of its own, behind a comma or before one.
    let part: serde_json::Value = serde_json::from_str(inserted.trim_matches([',', ' '])).ok()?;
    Some(part.get("text")?.as_str()?.to_owned())
}

/// The text of a reply, as the reader beside responses has it.
fn says(dialect: Dialect, reply: &OwnReply) -> String {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(reply.content_type))]);
    let mut reader = ResponseReader::new(dialect, StatusCode::OK, &headers);
    reader.feed(&reply.body);
    let text = reader.finish().text;
    [text.head(), if text.is_cut() { " … " } else { "" }, text.tail()].concat()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_insertion_is_found_with_its_words() {
        let change = Change::between(br#"{"content":"Fix it"}"#, br#"{"content":"Fix it\n\n<note>\"ask\""}"#);
        assert_eq!((change.at, change.removed.as_str()), (18, ""));
        assert_eq!(change.words.unwrap(), "\n\n<note>\"ask\"");
        let part = Change::between(
            br#"[{"type":"text","text":"a"}]"#,
            br#"[{"type":"text","text":"a"},{"type":"text","text":"b"}]"#,
        );
        assert_eq!(part.words.unwrap(), "b");
        assert_eq!(part.removed, "");
    }

    #[test]
    fn a_replacement_shows_both_sides() {
        let change = Change::between(b"[1,2,3]", b"[1,9,8,3]");
        assert_eq!((change.at, change.removed.as_str(), change.inserted.as_str()), (3, "2", "9,8"));
    }

    #[test]
    fn no_character_and_no_escape_is_cut() {
        let change = Change::between("aé".as_bytes(), "aèz".as_bytes());
        assert_eq!((change.removed.as_str(), change.inserted.as_str()), ("é", "èz"));
        let change = Change::between(br#""a\n""#, br#""a\t\n""#);
        assert_eq!(change.inserted, r"\t");
    }

    proptest! {
        #[test]
        fn the_change_makes_the_one_of_the_other(a in "[ab\\\\é]{0,12}", b in "[ab\\\\é]{0,12}") {
            let change = Change::between(a.as_bytes(), b.as_bytes());
            let rebuilt = [&a[..change.at], &change.inserted, &a[change.at + change.removed.len()..]].concat();
            prop_assert_eq!(rebuilt, b);
        }
    }
}
