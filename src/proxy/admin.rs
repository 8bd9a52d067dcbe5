//! The admin listener: health, readiness, metrics and the page for people, on an address of its own.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::feedback::{self, Tell};
use super::page;
use super::playground::Playground;
use super::readiness::Readiness;

/// Probes and scrapers are few.
const CONNECTIONS: usize = 64;
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

/// Where conversations are explained.
const EXPLAIN: &str = "/explain";

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
/// The format that `prometheus-client` writes.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const INDEX: &str = "\
groundwire: admin endpoints

/healthz  200 while the process runs
/readyz   200 while it serves, and says so where it is degraded; 503 while it starts and while it drains
/metrics  counts, for Prometheus
";

/// Writes what `/metrics` shows.
pub(super) type WriteMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// Writes what `/` shows of a server in this state: as JSON, or for people.
pub(super) type WriteOverview = Arc<dyn Fn(&str, bool) -> String + Send + Sync>;

/// What the endpoints show.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) readiness: Readiness,
    pub(super) metrics: WriteMetrics,
    pub(super) overview: Option<WriteOverview>,
    pub(super) feedback: Option<Tell>,
    pub(super) playground: Option<Playground>,
}

/// Serves until it is dropped.
pub(super) async fn serve(listener: TcpListener, shown: Shown) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    // Dropped with this future, and every connection with it.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                tracing::warn!(%error, "an admin client could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let shown = shown.clone();
        connections.spawn(async move {
            let _permit = permit;
            let service = service_fn(move |request: Request<Incoming>| {
                let shown = shown.clone();
                async move {
                    let asks = request.method() == Method::POST && request.uri().path() == EXPLAIN;
                    let tells = request.uri().path() == feedback::PATH;
                    Ok::<_, Infallible>(match (&shown.playground, &shown.feedback) {
                        (Some(playground), _) if asks => playground.answer(request).await,
                        (_, Some(tell)) if tells => {
                            let (head, body) = request.into_parts();
                            feedback::answer(&head, body, tell).await.map(Full::new)
                        }
                        _ => answer(&request, &shown),
                    })
                }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
            if let Err(error) = http.serve_connection(TokioIo::new(socket), service).await {
                tracing::debug!(%error, "an admin connection broke");
            }
        });
    }
}

fn answer<B>(request: &Request<B>, shown: &Shown) -> Response<Full<Bytes>> {
    let Shown { readiness, metrics, overview, playground, .. } = shown;
    let reading = request.method() == Method::GET || request.method() == Method::HEAD;
    if let ("/", true, Some(_)) = (request.uri().path(), reading, overview)
        && page::is_wanted(request.headers())
        && !wants_json(request.headers())
    {
        return page::response();
    }
    let (status, content_type, text) = match request.uri().path() {
        "/" | "/healthz" | "/readyz" | "/metrics" if !reading => {
            (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n".into())
        }
        EXPLAIN if playground.is_some() => (StatusCode::METHOD_NOT_ALLOWED, TEXT, "only POST, of JSON\n".into()),
        "/" => match overview {
            None => (StatusCode::OK, TEXT, INDEX.into()),
            Some(overview) => {
                let json = wants_json(request.headers());
                let page = overview(&readiness.say().1, json);
                (StatusCode::OK, if json { JSON } else { TEXT }, page.into())
            }
        },
        "/healthz" => (StatusCode::OK, TEXT, "alive\n".into()),
        "/readyz" => {
            let (status, text) = readiness.tell();
            (status, TEXT, Bytes::from(text.into_owned()))
        }
        "/metrics" => (StatusCode::OK, OPEN_METRICS, Bytes::from(metrics())),
        _ => (StatusCode::NOT_FOUND, TEXT, "there is nothing here; / lists what there is\n".into()),
    };
    let mut response = Response::new(Full::new(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = if request.uri().path() == EXPLAIN { "POST" } else { "GET, HEAD" };
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    }
    if request.uri().path() == "/" {
        page::as_it_is_now(response.headers_mut());
    }
    response
}

/// Whether the client names JSON among what it takes. A browser and `curl` do not.
fn wants_json(headers: &HeaderMap) -> bool {
    let names = |value: &HeaderValue| value.to_str().is_ok_and(|value| value.contains("application/json"));
    headers.get_all(ACCEPT).iter().any(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        let readiness = Readiness::default();
        let metrics: WriteMetrics = Arc::new(|| "# EOF\n".to_owned());
        let overview: WriteOverview = Arc::new(|state, json| format!("{state}{json}"));
        let mut shown =
            Shown { readiness: readiness.clone(), metrics, overview: None, feedback: None, playground: None };
        let status = |method: Method, path: &str| {
            let request = Request::builder().method(method).uri(path).body(()).unwrap();
            answer(&request, &shown).status().as_u16()
        };
        assert_eq!(status(Method::GET, "/healthz"), 200);
        assert_eq!(status(Method::GET, "/readyz"), 503);
        readiness.ready();
        assert_eq!(status(Method::GET, "/readyz"), 200);
        assert_eq!(status(Method::HEAD, "/readyz?verbose"), 200);
        readiness.watch(|| Some("a reason".to_owned()));
        assert_eq!(readiness.say(), (StatusCode::OK, "degraded: a reason\n".into()));
        readiness.drain();
        assert_eq!(status(Method::GET, "/readyz"), 503);
        assert_eq!(status(Method::GET, "/healthz"), 200);
        assert_eq!(status(Method::GET, "/metrics"), 200);
        assert_eq!(status(Method::GET, "/"), 200);
        assert_eq!(status(Method::GET, "/v1/models"), 404);
        assert_eq!(status(Method::POST, "/healthz"), 405);
        shown.overview = Some(overview);
        const HTML: &str = "text/html; charset=utf-8";
        for (accept, content_type) in [
            ("*/*", TEXT),
            ("text/plain", TEXT),
            ("text/html, */*;q=0.8", HTML),
            ("text/html, application/json;q=0.9", JSON),
        ] {
            let request = Request::builder().uri("/").header(ACCEPT, accept).body(()).unwrap();
            assert_eq!(answer(&request, &shown).headers()[CONTENT_TYPE], content_type);
        }
    }
}
