//! The one door from a fault to a response: the right status, in the dialect that the caller speaks.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Response, Uri};

use super::Fault;
use crate::wire::{Dialect, plain_fault};

/// Seconds after which a client that was turned away may try again.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// The response to a request that met `fault`.
///
/// SDKs retry 408, 409, 429 and 5xx by themselves; we never do.
pub(super) fn rescue(method: &Method, uri: &Uri, fault: &Fault) -> Response<Bytes> {
    let (status, message) = (fault.kind().status(), fault.kind().message());
    let (content_type, body) = match Dialect::recognise(method, uri) {
        Some(dialect) => dialect.fault(status, message),
        None => plain_fault(status, message),
    };
    let length = body.len();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    if fault.kind().passes() {
        response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    }
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::proxy::FaultKind;

    const KINDS: [FaultKind; FaultKind::ALL.len()] = FaultKind::ALL;

    #[test]
    fn every_fault_is_an_error_in_the_callers_dialect() {
        for kind in KINDS {
            let secret = Fault::new(kind).with("dial tcp key=hunter2");
            let chat = rescue(&Method::POST, &"/v1/chat/completions".parse().unwrap(), &secret);
            assert!(chat.status().is_client_error() || chat.status().is_server_error());
            let json: serde_json::Value = serde_json::from_slice(chat.body()).unwrap();
            assert_eq!(json["error"]["message"], kind.message());
            assert!(json["error"].get("type").is_some(), "{json}");
            assert!(!String::from_utf8_lossy(chat.body()).contains("hunter2"));
            assert_eq!(chat.headers()[CONTENT_LENGTH], chat.body().len().to_string());
            let other = rescue(&Method::GET, &"/v1/models?key=hunter2".parse().unwrap(), &secret);
            let json: serde_json::Value = serde_json::from_slice(other.body()).unwrap();
            assert_eq!(json["error"]["message"], kind.message());
            assert_eq!(other.headers().contains_key(RETRY_AFTER), kind.passes());
        }
    }

    #[test]
    fn names_differ() {
        let names: std::collections::HashSet<_> = KINDS.map(FaultKind::as_str).into_iter().collect();
        assert_eq!(names.len(), KINDS.len());
    }
}
