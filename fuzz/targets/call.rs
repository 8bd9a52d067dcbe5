//! What reading and steering a call must hold for, whatever the body is; each dialect has a target of its own.

use bytes::Bytes;
use groundwire::wire::{Dialect, Document, ReplyTo};
use serde::de::IgnoredAny;

const INSTRUCTION: &str = "\n\n<note>\n\"x\"\\\u{1}é</note>";

pub fn check(dialect: Dialect, target: &str, body: &[u8]) {
    let Ok(call) = dialect.read_at(target, body) else { return };
    let _ = call.estimate_tokens();
    let texts = call.conversation.turns.iter().flat_map(|turn| turn.texts());
    let _ = texts.filter_map(|text| text.decode()).map(|text| text.len()).sum::<usize>();
    if call.answerable {
        let reply = dialect.reply(&ReplyTo::call(&call, *b"sixteen bytes it", 1_760_000_000), "Which one?\n\"é\"");
        assert!(std::str::from_utf8(&reply.body).is_ok());
    }
    let Some(splice) = dialect.steer(&call, INSTRUCTION) else { return };
    let bytes = Bytes::copy_from_slice(body);
    let Ok(document) = Document::validate(&bytes) else { return };
    let after = document.splice(std::slice::from_ref(&splice));
    assert_eq!(after[..splice.at.start], body[..splice.at.start]);
    assert_eq!(after[splice.at.start + splice.with.len()..], body[splice.at.end..]);
    serde_json::from_slice::<IgnoredAny>(&after).expect("what was steered is JSON");
    let again = dialect.read_at(target, &after).expect("what was steered is still a call");
    assert_eq!(again.conversation.turns.len(), call.conversation.turns.len(), "no turn is added");
    assert_eq!(again.machine.is_some(), call.machine.is_some());
}
