//! Calls of OpenAI Chat Completions.

#![no_main]

use groundwire::wire::Dialect;
use libfuzzer_sys::fuzz_target;

mod call;

fuzz_target!(|body: &[u8]| call::check(Dialect::OpenAiChat, "/v1/chat/completions", body));
