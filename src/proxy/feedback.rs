//! Feedback: what applications tell of what came of a turn, as HTTP has it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Where feedback is sent.
pub(super) const PATH: &str = "/groundwire/feedback";

/// Most bytes of one.
const BYTES: usize = 16 * 1024;
/// Longest time until all of them are there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes what a request with these headers and this body tells: the status, and the answer as a line of text.
pub(super) type Tell = Arc<dyn Fn(&HeaderMap, &[u8]) -> (StatusCode, String) + Send + Sync>;

/// Answers one request to [`PATH`].
pub(super) async fn answer<B>(head: &Parts, body: B, tell: &Tell) -> Response<Bytes>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if head.method != Method::POST {
        let mut response = told(StatusCode::METHOD_NOT_ALLOWED, "only POST, of JSON\n".to_owned());
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let (status, text) = match tokio::time::timeout(PATIENCE, Limited::new(body, BYTES).collect()).await {
        Ok(Ok(body)) => tell(&head.headers, &body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            (StatusCode::PAYLOAD_TOO_LARGE, format!("feedback has at most {BYTES} bytes\n"))
        }
        Ok(Err(_)) => (StatusCode::BAD_REQUEST, "the body broke off\n".to_owned()),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n".to_owned()),
    };
    let mut response = told(status, text);
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110, section 15.5.2: it is said how to authenticate.
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn told(status: StatusCode, text: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
