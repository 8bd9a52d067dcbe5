//! Calls of OpenAI Responses.

#![no_main]

use groundwire::wire::Dialect;
use libfuzzer_sys::fuzz_target;

mod call;

fuzz_target!(|body: &[u8]| call::check(Dialect::OpenAiResponses, "/v1/responses", body));
