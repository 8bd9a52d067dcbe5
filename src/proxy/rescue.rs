//! The one door from a fault to a response: the right status, in the dialect that the caller speaks.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response};

use super::Fault;
use crate::wire::{Dialect, plain_fault};

/// Seconds after which a client that was turned away may try again.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// The response to a request in `dialect` that met `fault`.
///
/// SDKs retry 408, 409, 429 and 5xx by themselves; we never do.
pub(super) fn rescue(dialect: Option<Dialect>, fault: &Fault) -> Response<Bytes> {
    let (status, message) = (fault.kind().status(), fault.kind().message());
    let (content_type, body) = match dialect {
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
            for &dialect in Dialect::ALL {
                let response = rescue(Some(dialect), &secret);
                assert!(response.status().is_client_error() || response.status().is_server_error());
                let text = std::str::from_utf8(response.body()).unwrap();
                assert!(text.contains(kind.message()) && !text.contains("hunter2"), "{dialect}: {text}");
                assert_eq!(*response.body(), dialect.fault(kind.status(), kind.message()).1);
                assert_eq!(response.headers()[CONTENT_LENGTH], response.body().len().to_string());
            }
            let other = rescue(None, &secret);
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
