//! Calls of Gemini.

#![no_main]

use groundwire::wire::Dialect;
use libfuzzer_sys::fuzz_target;

mod call;

fuzz_target!(|input: (bool, &[u8])| {
    let (stream, body) = input;
    let target = if stream { "/v1beta/models/g:streamGenerateContent" } else { "/v1beta/models/g:generateContent" };
    call::check(Dialect::Gemini, target, body);
});
