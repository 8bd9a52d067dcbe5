//! A body that may be edited: checked once, spliced at byte offsets, never written anew.

use std::ops::Range;

use bytes::Bytes;
use serde::de::IgnoredAny;

use crate::dialogue::Bypass;

/// One edit: the bytes of `at` make way for `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// What is replaced, as offsets into the body as received; empty for an insertion.
    pub at: Range<usize>,
    /// What stands there afterwards.
    pub with: Vec<u8>,
}

/// A request body that has been found to be JSON, and may therefore be edited.
///
/// Reading a conversation is lenient about the grammar of what it skips, so that a request that goes through untouched
/// never pays for a check. An edit is only safe where every parser agrees on where each value ends; having a `Document`
/// is the proof of that.
#[derive(Clone, Debug)]
pub struct Document(Bytes);

impl Document {
    /// Checks the whole of `body`: UTF-8, and one JSON value by RFC 8259, without limit of depth or of numbers.
    ///
    /// # Errors
    /// [`Bypass::Malformed`].
    pub fn validate(body: &Bytes) -> Result<Self, Bypass> {
        let text = std::str::from_utf8(body).map_err(|_| Bypass::Malformed)?;
        // `IgnoredAny` builds nothing, and serde_json passes over it without recursion.
        serde_json::from_str::<IgnoredAny>(text).map_err(|_| Bypass::Malformed)?;
        Ok(Self(body.clone()))
    }

    /// The body as received.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The body with `edits` made; everything outside of them is byte-identical.
    ///
    /// The edits are given in rising order and do not overlap; offsets are those of the body as received. Without an
    /// edit, or where the edits are not as required, this is the body itself.
    pub fn splice(&self, edits: &[Splice]) -> Bytes {
        splice(&self.0, edits)
    }
}

fn splice(body: &Bytes, edits: &[Splice]) -> Bytes {
    if edits.is_empty() || !in_order(edits, body.len()) {
        return body.clone();
    }
    let added: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut out = Vec::with_capacity(body.len() + added);
    let mut from = 0;
    for edit in edits {
        out.extend_from_slice(&body[from..edit.at.start]);
        out.extend_from_slice(&edit.with);
        from = edit.at.end;
    }
    out.extend_from_slice(&body[from..]);
    out.into()
}

fn in_order(edits: &[Splice], length: usize) -> bool {
    let mut from = 0;
    edits.iter().all(|edit| {
        let fits = from <= edit.at.start && edit.at.start <= edit.at.end && edit.at.end <= length;
        from = edit.at.end;
        fits
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn edit(at: Range<usize>, with: &str) -> Splice {
        Splice { at, with: with.as_bytes().to_vec() }
    }

    fn document(text: &'static str) -> Document {
        Document::validate(&Bytes::from_static(text.as_bytes())).unwrap()
    }

    #[test]
    fn only_json_is_a_document() {
        let valid: [&[u8]; 5] =
            [b" {} \n", br#"{"a":1e999,"a":-0,"b":"\ud83d"}"#, b"123456789012345678901234567890", b"\"\"", b"[[],{}]"];
        for body in valid {
            assert!(Document::validate(&Bytes::from_static(body)).is_ok(), "{}", body.escape_ascii());
        }
        let invalid: [&[u8]; 9] =
            [b"", b"\xEF\xBB\xBF{}", b"{} x", b"{}{}", b"[1}", b"[tru]", b"\"\xff\"", b"\"a\nb\"", b"{'a':1}"];
        for body in invalid {
            assert!(Document::validate(&Bytes::from_static(body)).is_err(), "{}", body.escape_ascii());
        }
    }

    #[test]
    fn deep_nesting_is_checked_without_recursion() {
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert!(Document::validate(&Bytes::from(deep.clone())).is_ok());
        assert!(Document::validate(&Bytes::from(deep + "]")).is_err());
    }

    #[test]
    fn edits_leave_the_rest_alone() {
        let body = document("[0,1,2,3]");
        assert_eq!(body.splice(&[edit(1..2, "9"), edit(4..4, "4"), edit(8..9, ",5]")]), "[9,14,2,3,5]");
        assert_eq!(body.splice(&[edit(9..9, " ")]), "[0,1,2,3] ");
    }

    #[test]
    fn no_edit_is_the_same_memory() {
        let body = document("[0,1,2,3]");
        assert_eq!(body.splice(&[]).as_ptr(), body.bytes().as_ptr());
    }

    #[test]
    #[allow(clippy::reversed_empty_ranges)]
    fn edits_that_do_not_fit_are_not_made() {
        let body = document("[0,1,2,3]");
        for edits in [
            vec![edit(8..10, "")],
            vec![edit(3..2, "x")],
            vec![edit(2..4, ""), edit(3..5, "")],
            vec![edit(5..5, ""), edit(1..1, "")],
        ] {
            assert_eq!(body.splice(&edits).as_ptr(), body.bytes().as_ptr(), "{edits:?}");
        }
    }
}
