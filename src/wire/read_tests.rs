//! What the tests of every dialect's reader have in common.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;

use super::{Call, Dialect, Document};
use crate::dialogue::Part;

/// Who says what, a turn a line.
pub(super) fn said(call: &Call<'_>) -> Vec<String> {
    let turn = |turn: &crate::dialogue::Turn<'_>| {
        let parts = turn.parts.iter().map(|part| match part {
            Part::Text(text) => format!(" '{}'", text.decode().unwrap()),
            Part::Opaque(kind, _) => format!(" {kind:?}"),
        });
        turn.role.as_str().to_owned() + &parts.collect::<String>()
    };
    call.conversation.turns.iter().map(turn).collect()
}

/// Steers, and checks on the way that the body is one that may be edited.
pub(super) fn steered(dialect: Dialect, body: &str, instruction: &str) -> Option<String> {
    let call = dialect.read(body.as_bytes()).unwrap();
    let splice = dialect.steer(&call, instruction)?;
    let document = Document::validate(&Bytes::copy_from_slice(body.as_bytes())).unwrap();
    Some(String::from_utf8(document.splice(&[splice]).to_vec()).unwrap())
}
