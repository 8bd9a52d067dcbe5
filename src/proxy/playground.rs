//! `POST /explain` on the admin listener: what the live configuration would do with a conversation that somebody types.
//!
//! One at a time, so that it takes one place of the classifier's queue at most; nothing is recorded, and nothing is sent.
//! A page of another origin cannot ask: browsers name the origin of such requests, and ask first about JSON, which is never
//! granted.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, ORIGIN, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full, Limited};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// A conversation that somebody types is small, and one that is pasted is not large.
const MOST_BYTES: usize = 256 << 10;
/// A browser on the same machine or network needs no longer to send it.
const READING: Duration = Duration::from_secs(10);
/// How long a turn waits for the one before it.
const WAITING: Duration = Duration::from_secs(5);

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Explains what was asked: JSON in, JSON out, or what is wrong with the question.
pub(super) type Explain =
    Arc<dyn Fn(Bytes) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send>> + Send + Sync>;

/// Explains to whoever asks, one at a time. Clones share the turn.
#[derive(Clone)]
pub(super) struct Playground {
    explain: Explain,
    turn: Arc<Semaphore>,
}

impl std::fmt::Debug for Playground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Playground").finish_non_exhaustive()
    }
}

impl Playground {
    pub(super) fn new(explain: Explain) -> Self {
        Self { explain, turn: Arc::new(Semaphore::new(1)) }
    }

    /// The response to a request that is known to be a POST.
    pub(super) async fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if !is_json(request.headers()) {
            return wrong(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send JSON, with `content-type: application/json`");
        }
        if !is_same_origin(request.headers()) {
            return wrong(
                StatusCode::FORBIDDEN,
                "only the page of this listener may ask, and programs that are no browser",
            );
        }
        let body = match timeout(READING, Limited::new(request.into_body(), MOST_BYTES).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                return wrong(StatusCode::PAYLOAD_TOO_LARGE, "more than 256 KiB; explain it with `groundwire explain`");
            }
            Ok(Err(_)) => return wrong(StatusCode::BAD_REQUEST, "the request broke off"),
            Err(_) => return wrong(StatusCode::REQUEST_TIMEOUT, "the request took longer than ten seconds"),
        };
        let Ok(Ok(_turn)) = timeout(WAITING, self.turn.acquire()).await else {
            let mut response = wrong(StatusCode::TOO_MANY_REQUESTS, "others are being explained; try again");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            return response;
        };
        match (self.explain)(body).await {
            Ok(told) => respond(StatusCode::OK, told),
            Err(why) => wrong(StatusCode::UNPROCESSABLE_ENTITY, &why),
        }
    }
}

fn wrong(status: StatusCode, why: &str) -> Response<Full<Bytes>> {
    respond(status, json!({ "error": why }).to_string())
}

fn respond(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A form can send three content types without asking first; this is none of them.
fn is_json(headers: &HeaderMap) -> bool {
    let essence = |value: &HeaderValue| {
        let essence = value.as_bytes().split(|&b| b == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
    };
    headers.get(CONTENT_TYPE).is_some_and(essence)
}

/// Whether no page of another origin sent this. Browsers name the origin of every POST (Fetch, section 3.2), and most say
/// how it relates to the target (Fetch Metadata); what names neither is no browser.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let foreign = headers.get_all(SEC_FETCH_SITE).iter().any(|site| site != "same-origin");
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    let same = |origin: &HeaderValue| {
        let origin = origin.as_bytes();
        let authority = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
        authority.is_some_and(|authority| host.is_some_and(|host| host.eq_ignore_ascii_case(authority)))
    };
    !foreign && headers.get_all(ORIGIN).iter().all(same)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn playground() -> Playground {
        Playground::new(Arc::new(|body| {
            Box::pin(async move { if body.is_empty() { Err("nothing".to_owned()) } else { Ok("{}".to_owned()) } })
        }))
    }

    async fn status(headers: &[(&'static str, &'static str)], body: &'static [u8]) -> u16 {
        let mut request = Request::post("/explain").body(Full::new(Bytes::from_static(body))).unwrap();
        for &(name, value) in headers {
            request.headers_mut().append(name, HeaderValue::from_static(value));
        }
        playground().answer(request).await.status().as_u16()
    }

    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
    const HERE: (&str, &str) = ("host", "localhost:9090");

    #[tokio::test]
    async fn only_json_of_the_same_origin_is_explained() {
        for (headers, expected) in [
            (&[JSON, HERE][..], 200),
            (&[JSON, HERE, ("origin", "http://localhost:9090"), ("sec-fetch-site", "same-origin")], 200),
            (&[JSON, HERE, ("origin", "https://LOCALHOST:9090")], 200),
            (&[HERE], 415),
            (&[HERE, ("content-type", "text/plain")], 415),
            (&[HERE, ("content-type", "application/x-www-form-urlencoded")], 415),
            (&[JSON, HERE, ("origin", "http://localhost:8000")], 403),
            (&[JSON, HERE, ("origin", "http://example.com")], 403),
            (&[JSON, HERE, ("origin", "null")], 403),
            (&[JSON, ("origin", "http://localhost:9090")], 403),
            (&[JSON, HERE, ("sec-fetch-site", "cross-site")], 403),
            (&[JSON, HERE, ("sec-fetch-site", "same-site")], 403),
            (&[JSON, HERE, ("origin", "http://localhost:9090"), ("origin", "http://example.com")], 403),
        ] {
            assert_eq!(status(headers, b"{}").await, expected, "{headers:?}");
        }
    }

    #[tokio::test]
    async fn what_is_too_large_or_wrong_says_so() {
        static LARGE: [u8; MOST_BYTES + 1] = [b' '; MOST_BYTES + 1];
        assert_eq!(status(&[JSON], &LARGE).await, 413);
        assert_eq!(status(&[JSON], &LARGE[1..]).await, 200);
        assert_eq!(status(&[JSON], b"").await, 422);
    }

    #[tokio::test(start_paused = true)]
    async fn one_is_explained_at_a_time() {
        let playground = playground();
        let busy = playground.turn.clone().try_acquire_owned().unwrap();
        let ask = || {
            let request = Request::post("/explain").header(CONTENT_TYPE, "application/json");
            playground.answer(request.body(Full::new(Bytes::from_static(b"{}"))).unwrap())
        };
        let refused = ask().await;
        assert_eq!((refused.status().as_u16(), &refused.headers()[RETRY_AFTER]), (429, &HeaderValue::from_static("1")));
        drop(busy);
        assert_eq!(ask().await.status(), 200);
    }
}
