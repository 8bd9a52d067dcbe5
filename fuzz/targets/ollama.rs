//! Calls of Ollama.

#![no_main]

use groundwire::wire::Dialect;
use libfuzzer_sys::fuzz_target;

mod call;

fuzz_target!(|input: (bool, &[u8])| {
    let (chat, body) = input;
    call::check(Dialect::Ollama, if chat { "/api/chat" } else { "/api/generate" }, body);
});
