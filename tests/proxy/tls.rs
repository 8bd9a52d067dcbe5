//! Upstreams over TLS: whom to trust, and which HTTP to speak.

use std::convert::Infallible;
use std::future::Future;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

use super::support::tls::{FOLDER, acceptor};
use super::support::wire::post;
use super::support::{Proxy, config};

/// An https server that says which HTTP it was spoken to in, and echoes the body.
async fn upstream(protocols: &[&[u8]]) -> String {
    upstream_that(protocols, echo).await
}

/// An https server that answers as the test says.
pub(super) async fn upstream_that<F, A>(protocols: &[&[u8]], answer: F) -> String
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let acceptor = acceptor(protocols);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // A client that does not trust us hangs up here.
            let Ok(socket) = acceptor.accept(socket).await else { continue };
            let http = auto::Builder::new(TokioExecutor::new());
            let answer = answer.clone();
            let service = service_fn(move |request| {
                let answer = answer(request);
                async { Ok::<_, Infallible>(answer.await) }
            });
            tokio::spawn(async move { http.serve_connection(TokioIo::new(socket), service).await });
        }
    });
    url
}

async fn echo(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let version = if request.version() == Version::HTTP_2 { "2" } else { "1" };
    let host = request
        .uri()
        .authority()
        .map(ToString::to_string)
        .or_else(|| request.headers().get("host").and_then(|host| host.to_str().ok()).map(str::to_owned));
    let mut response = Response::new(());
    response.headers_mut().insert("x-version", version.parse().unwrap());
    response.headers_mut().insert("x-host", host.unwrap().parse().unwrap());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    response.map(|()| Full::new(body))
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered() {
    for (offered, spoken) in [(&[&b"h2"[..], b"http/1.1"][..], "2"), (&[b"http/1.1"], "1"), (&[], "1")] {
        let url = upstream(offered).await;
        let proxy = Proxy::configured(&url, &format!("upstream-ca = \"{FOLDER}/ca.pem\"")).await;
        let mut client = proxy.connect().await;
        for _ in 0..2 {
            client.send(post("/v1/chat/completions", "{ }")).await;
            let response = client.message().await;
            assert_eq!((response.line(), response.body.as_slice()), ("HTTP/1.1 200 OK", &b"{ }"[..]));
            assert_eq!(response.header("x-version"), Some(spoken));
            assert_eq!(response.header("x-host"), url.strip_prefix("https://"));
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_a_502() {
    let url = upstream(&[]).await;
    // The server's own certificate is no authority for others, let alone for itself.
    let proxy =
        Proxy::configured(&url.replace("127.0.0.1", "localhost"), &format!("upstream-ca = \"{FOLDER}/ca.pem\"")).await;
    let mut client = proxy.connect().await;
    client.send(post("/v1/chat/completions", "{}")).await;
    assert_eq!(client.message().await.status(), 200, "the certificate is for localhost, too");
    let proxy =
        Proxy::configured(&url.replace("127.0.0.1", "127.0.0.2"), &format!("upstream-ca = \"{FOLDER}/ca.pem\"")).await;
    let mut client = proxy.connect().await;
    client.send(post("/v1/chat/completions", "{}")).await;
    assert_eq!(client.message().await.status(), 502);
}

#[test]
fn nothing_to_trust_is_an_error_at_the_start() {
    let start = |ca: &str| {
        let config = config("https://h", &format!("upstream-ca = \"{ca}\""));
        groundwire::proxy::Upstream::<http_body_util::Empty<Bytes>>::new(&config).unwrap_err().to_string()
    };
    assert!(start("/no/such/file").contains("upstream-ca: /no/such/file cannot be read"));
    assert!(start(&format!("{FOLDER}/server.key")).contains("holds no certificate"));
}
