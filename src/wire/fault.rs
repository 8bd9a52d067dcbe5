//! Errors of our own for callers whose dialect is not known.

use bytes::Bytes;
use http::StatusCode;

use super::escape::Quoted;
use super::reply::JSON;

/// The content type and body of an error for a caller of no known dialect.
pub fn plain_fault(status: StatusCode, message: &str) -> (&'static str, Bytes) {
    let body = format!(r#"{{"error":{{"message":{},"code":{}}}}}"#, Quoted(message), Quoted(&code(status)));
    (JSON, body.into())
}

/// A status as a word that programs can match on: `gateway_timeout` for 504.
pub(crate) fn code(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => reason.to_ascii_lowercase().replace([' ', '-'], "_").replace('\'', ""),
        None => format!("status_{}", status.as_u16()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_fault_is_json_whatever_the_message() {
        let (content_type, body) = plain_fault(StatusCode::GATEWAY_TIMEOUT, "no \"answer\"\n");
        assert_eq!(content_type, "application/json");
        assert_eq!(body, r#"{"error":{"message":"no \"answer\"\n","code":"gateway_timeout"}}"#);
    }

    #[test]
    fn every_status_has_a_code() {
        for status in (100..1000).filter_map(|status| StatusCode::from_u16(status).ok()) {
            let code = code(status);
            assert!(code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_' | b'0'..=b'9')), "{status}: {code}");
        }
    }
}
