//! Bodies that nobody wrote: whatever is JSON is read and edited exactly, and whatever is not breaks nothing.
//!
//! An independent, naive reader of JSON ([`tree`]) says where an instruction belongs; the edited body must be that tree,
//! and byte-identical outside of the one span.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod generate;
mod tree;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Call, Dialect, Document};
use crate::dialogue::{Bypass, Part};

const DIALECT: Dialect = Dialect::OpenAiChat;

/// What reading and steering `body` did; panics where it did something wrong.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Refused,
    NoPlace,
    NotJson,
    Steered,
}

fn steer(body: &[u8], instruction: &str) -> Outcome {
    let Ok(call) = DIALECT.read(body) else { return Outcome::Refused };
    let _ = call.estimate_tokens();
    let splice = DIALECT.steer(&call, instruction);
    let body = Bytes::copy_from_slice(body);
    let Ok(document) = Document::validate(&body) else { return Outcome::NotJson };
    let before = tree::parse(std::str::from_utf8(&body).unwrap()).expect("a document is JSON");
    assert_eq!(said(&call), before.last_user_texts(), "what the user said last");
    let expected = before.steered(instruction);
    let Some(splice) = splice else {
        assert_eq!(expected, None, "there is a place for an instruction");
        return Outcome::NoPlace;
    };
    let after = document.splice(std::slice::from_ref(&splice));
    let (start, end) = (splice.at.start, splice.at.end);
    assert_eq!(after[..start], body[..start]);
    assert_eq!(after[start + splice.with.len()..], body[end..]);
    let after = Document::validate(&after).expect("what was edited is still JSON");
    assert_eq!(tree::parse(std::str::from_utf8(after.bytes()).unwrap()), expected);
    Outcome::Steered
}

/// The texts of the last user message, as they stand.
fn said(call: &Call<'_>) -> Vec<String> {
    let last = call.conversation.turns.iter().rfind(|turn| turn.role == crate::dialogue::Role::User);
    let parts = last.into_iter().flat_map(|turn| &turn.parts);
    parts
        .filter_map(|part| match part {
            Part::Text(text) => Some(String::from_utf8(text.raw().to_vec()).unwrap()),
            Part::Opaque(..) => None,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_call_among_any_other_keys_is_steered_exactly(
        body in generate::body(generate::foreign_key()),
        instruction in any::<String>(),
    ) {
        let outcome = steer(body.as_bytes(), &instruction);
        prop_assert!(matches!(outcome, Outcome::Steered | Outcome::NoPlace), "{outcome:?}: {body}");
    }

    #[test]
    fn any_values_under_our_own_keys_are_steered_exactly_or_refused(body in generate::body(generate::own_key())) {
        prop_assert_ne!(steer(body.as_bytes(), "\"x\""), Outcome::NotJson, "{}", body);
    }

    #[test]
    fn any_json_at_all_is_refused_or_read(value in generate::value()) {
        steer(value.as_bytes(), "x");
    }

    #[test]
    fn damage_never_leads_to_a_wrong_edit(
        body in generate::body(generate::own_key()),
        damage in prop::collection::vec((any::<prop::sample::Index>(), generate::damage()), 1..4),
        end in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut body = body.into_bytes();
        for (at, byte) in damage {
            let at = at.index(body.len());
            match byte {
                Some(byte) => body[at] = byte,
                None => drop(body.remove(at)),
            }
        }
        if let Some(end) = end {
            body.truncate(end.index(body.len()));
        }
        steer(&body, "x");
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(steer(&bytes, "x"), Outcome::Refused);
    }

    #[test]
    fn a_body_without_messages_is_refused(value in generate::value()) {
        let body = format!(r#"{{"message":{value}}}"#);
        prop_assert_eq!(DIALECT.read(body.as_bytes()).err(), Some(Bypass::Malformed));
    }
}
