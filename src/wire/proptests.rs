//! Bodies that nobody wrote: whatever is JSON is read and edited exactly, and whatever is not breaks nothing.
//!
//! An independent, naive reader of JSON ([`tree`]) says where an instruction belongs; the edited body must be that tree,
//! and byte-identical outside of the one span.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod chat;
mod gemini;
mod generate;
mod messages;
mod ollama;
mod responses;
mod tree;

use bytes::Bytes;
use proptest::prelude::*;

use super::{Call, Dialect, Document};
use crate::dialogue::{Bypass, Part};

/// What is known of a dialect here, apart from its codec.
#[derive(Clone, Copy, Debug)]
struct Spec {
    dialect: Dialect,
    /// The texts of the last user message, without their quotes and still escaped.
    last_user_texts: fn(&tree::Tree) -> Vec<String>,
    /// A body with an instruction where it belongs; `None` where there is no place for it.
    steered: fn(&tree::Tree, &str) -> Option<tree::Tree>,
    /// Bodies of this dialect, with keys of this kind among its own.
    body: fn(BoxedStrategy<String>) -> BoxedStrategy<String>,
    /// A key that is read, or a foreign one.
    own_key: fn() -> BoxedStrategy<String>,
}

const SPECS: [Spec; Dialect::ALL.len()] = [chat::SPEC, responses::SPEC, messages::SPEC, gemini::SPEC, ollama::SPEC];

/// Any dialect, and a body of it: among keys that mean nothing to it, or any values under its own.
fn any_body(own: bool) -> impl Strategy<Value = (Spec, String)> {
    prop::sample::select(SPECS.to_vec()).prop_flat_map(move |spec| {
        let key = if own { (spec.own_key)() } else { generate::foreign_key() };
        (Just(spec), (spec.body)(key))
    })
}

/// What reading and steering `body` did; panics where it did something wrong.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Refused,
    NoPlace,
    NotJson,
    Steered,
}

fn steer(spec: &Spec, body: &[u8], instruction: &str) -> Outcome {
    let Ok(call) = spec.dialect.read(body) else { return Outcome::Refused };
    let _ = call.estimate_tokens();
    let splice = spec.dialect.steer(&call, instruction);
    let body = Bytes::copy_from_slice(body);
    let Ok(document) = Document::validate(&body) else { return Outcome::NotJson };
    let before = tree::parse(std::str::from_utf8(&body).unwrap()).expect("a document is JSON");
    assert_eq!(said(&call), (spec.last_user_texts)(&before), "what the user said last");
    let expected = (spec.steered)(&before, instruction);
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
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn a_call_among_any_other_keys_is_steered_exactly(
        (spec, body) in any_body(false),
        instruction in any::<String>(),
    ) {
        let outcome = steer(&spec, body.as_bytes(), &instruction);
        prop_assert!(matches!(outcome, Outcome::Steered | Outcome::NoPlace), "{}: {outcome:?}: {body}", spec.dialect);
    }

    #[test]
    fn any_values_under_our_own_keys_are_steered_exactly_or_refused((spec, body) in any_body(true)) {
        prop_assert_ne!(steer(&spec, body.as_bytes(), "\"x\""), Outcome::NotJson, "{}: {}", spec.dialect, body);
    }

    #[test]
    fn any_json_at_all_is_refused_or_read(value in generate::value()) {
        for spec in &SPECS {
            steer(spec, value.as_bytes(), "x");
        }
    }

    #[test]
    fn damage_never_leads_to_a_wrong_edit(
        (spec, body) in any_body(true),
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
        steer(&spec, &body, "x");
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for spec in &SPECS {
            prop_assert_eq!(steer(spec, &bytes, "x"), Outcome::Refused);
        }
    }

    #[test]
    fn a_body_without_messages_is_refused(value in generate::value()) {
        let body = format!(r#"{{"message":{value}}}"#);
        for spec in &SPECS {
            prop_assert_eq!(spec.dialect.read(body.as_bytes()).err(), Some(Bypass::Malformed));
        }
    }
}

/// A test of edits is worth something only where many of its bodies are edited.
#[test]
fn most_bodies_are_steered() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    for spec in &SPECS {
        let mut steered = 0;
        for _ in 0..200 {
            let body = (spec.body)((spec.own_key)()).new_tree(&mut runner).unwrap().current();
            steered += u32::from(steer(spec, body.as_bytes(), "x") == Outcome::Steered);
        }
        assert!(steered >= 40, "{}: {steered} of 200", spec.dialect);
    }
}
