//! A document is what another reader of JSON takes for JSON, too, and its text is kept.

#![no_main]

use bytes::Bytes;
use groundwire::wire::Document;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

fuzz_target!(|body: &[u8]| {
    let bytes = Bytes::copy_from_slice(body);
    let ours = Document::validate(&bytes);
    let theirs = std::str::from_utf8(body).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    if let Ok(document) = ours {
        assert!(theirs, "what is no JSON is taken for it");
        assert_eq!(document.bytes(), &bytes);
    }
});
