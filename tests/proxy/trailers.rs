//! Trailers: they go on where the next hop has room for them, and else their announcement stays behind with them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use groundwire::dialogue::Bypass;
use http::{HeaderMap, Request};
use http_body::{Body, Frame};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::pass::AlwaysVague;
use super::support::tls::FOLDER;
use super::support::wire::{Peer, ok};
use super::support::{Proxy, Upstream, config, within};
use super::tls;

const CHAT: &str = "/v1/chat/completions";
const HI: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;

/// A chunked request with `head` among its headers and `trailers` behind its body.
fn chunked(path: &str, head: &str, trailers: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n{head}\r\n{:x}\r\n{HI}\r\n0\r\n{trailers}\r\n",
        HI.len()
    )
}

/// What of a message's trailers and announcement arrived, in lower case.
fn announced_and_sent(head: &str, trailers: &str) -> (Option<String>, String) {
    let announced = head.lines().find_map(|line| line.to_lowercase().strip_prefix("trailer: ").map(str::to_owned));
    (announced, trailers.to_lowercase())
}

#[tokio::test]
async fn a_requests_trailers_go_on_behind_a_body_that_was_read() {
    let upstream = Upstream::start().await;
    // Judged, over the classification cap, and no chat call.
    for (more, path) in [("", CHAT), ("[limits]\nclassify-bytes = \"10B\"", CHAT), ("", "/v1/files")] {
        let proxy = Proxy::configured(&upstream.url(), more).await;
        let mut client = proxy.connect().await;
        client.send(chunked(path, "trailer: x-sum\r\n", "x-sum: 5\r\nx-other: 6\r\n")).await;
        let mut there = upstream.accept().await;
        let request = there.message().await;
        assert_eq!(request.body, HI.as_bytes());
        let arrived = announced_and_sent(&request.head, &request.trailers);
        // Over HTTP/1.1 only what was announced can go on.
        assert_eq!(arrived, (Some("x-sum".to_owned()), "x-sum: 5\r\n".to_owned()), "{path} {more}");
        there.send(ok("{}")).await;
        assert_eq!(client.message().await.status(), 200);
    }
}

#[tokio::test]
async fn an_announcement_that_nothing_follows_stays_behind() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client.send(chunked(CHAT, "trailer: x-sum\r\n", "")).await;
    let mut there = upstream.accept().await;
    let request = there.message().await;
    assert_eq!(request.header("content-length"), Some(&*HI.len().to_string()));
    assert_eq!(announced_and_sent(&request.head, &request.trailers), (None, String::new()));
    there.send(ok("{}")).await;
    client.message().await;
    // Trailers that were not announced cannot go on over HTTP/1.1, and do not hold the body up.
    for path in [CHAT, "/v1/files"] {
        client.send(chunked(path, "", "x-sum: 5\r\n")).await;
        let request = there.message().await;
        assert_eq!(request.body, HI.as_bytes());
        assert_eq!(announced_and_sent(&request.head, &request.trailers), (None, String::new()));
        there.send(ok("{}")).await;
        assert_eq!(client.message().await.status(), 200);
    }
}

#[tokio::test]
async fn what_frames_or_authorises_is_no_trailer_either_way() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let bad = "transfer-encoding: gzip\r\ncontent-length: 1\r\nhost: evil.example\r\nkeep-alive: timeout=1\r\n\
               proxy-authorization: x\r\nx-groundwire-mode: off\r\nx-sum: 5\r\n";
    let announced = "trailer: keep-alive, X-Sum,host\r\ntrailer: x-groundwire-mode, proxy-authorization\r\n";
    let mut client = proxy.connect().await;
    for path in [CHAT, "/v1/files"] {
        client.send(chunked(path, &format!("te: trailers\r\n{announced}"), bad)).await;
        let mut there = upstream.accept().await;
        let request = there.message().await;
        let arrived = announced_and_sent(&request.head, &request.trailers);
        assert_eq!(arrived, (Some("x-sum".to_owned()), "x-sum: 5\r\n".to_owned()), "{}", request.head);
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n{announced}");
        there.send(format!("{head}\r\n1\r\nz\r\n0\r\n{bad}\r\n")).await;
        let response = client.message().await;
        assert_eq!(response.body, b"z");
        let arrived = announced_and_sent(&response.head, &response.trailers);
        assert_eq!(arrived, (Some("x-sum".to_owned()), "x-sum: 5\r\n".to_owned()), "{}", response.head);
    }
}

#[tokio::test]
async fn a_client_that_takes_no_trailers_is_promised_none() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut there = None;
    for (version, te, arrives) in
        [("1.1", "te: gzip, trailers\r\n", true), ("1.1", "", false), ("1.0", "te: trailers\r\n", false)]
    {
        let mut client = proxy.connect().await;
        client.send(format!("GET /v1/models HTTP/{version}\r\nhost: x\r\n{te}\r\n")).await;
        if there.is_none() {
            there = Some(upstream.accept().await);
        }
        let there = there.as_mut().unwrap();
        there.message().await;
        there
            .send("HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n1\r\nz\r\n0\r\nx-sum: 1\r\n\r\n")
            .await;
        let response = client.message().await;
        let (announced, sent) = announced_and_sent(&response.head, &response.trailers);
        assert_eq!((announced.is_some(), !sent.is_empty()), (arrives, arrives), "{version} {te:?}: {}", response.head);
    }
}

async fn h2(proxy: &Proxy, request: Request<BoxBody<Bytes, Infallible>>) -> u16 {
    let socket = TcpStream::connect(proxy.address).await.unwrap();
    let (mut sender, connection) = within(http2::handshake(TokioExecutor::new(), TokioIo::new(socket))).await.unwrap();
    tokio::spawn(connection);
    within(sender.send_request(request)).await.unwrap().status().as_u16()
}

/// A body that does not tell its size, which hyper would announce.
struct Unsized<B>(B);

impl<B: Body<Data = Bytes> + Unpin> Body for Unsized<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }
}

/// A request of an HTTP/2 client with trailers behind its body.
fn trailing(path: &str, length: bool) -> Request<BoxBody<Bytes, Infallible>> {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "5".parse().unwrap());
    let body = Full::new(Bytes::from_static(HI.as_bytes())).with_trailers(std::future::ready(Some(Ok(trailers))));
    let body = Unsized(body).boxed();
    let mut request = Request::post(format!("http://proxy{path}")).header("trailer", "x-sum");
    if length {
        request = request.header("content-length", HI.len());
    }
    request.body(body).unwrap()
}

#[tokio::test]
async fn trailers_of_http2_go_on_where_http1_has_room_for_them() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    for path in [CHAT, "/v1/files"] {
        for length in [false, true] {
            let there = async || {
                let mut there: Peer = upstream.accept().await;
                let request = there.message().await;
                there.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}").await;
                request
            };
            let (status, request) = tokio::join!(h2(&proxy, trailing(path, length)), there());
            assert_eq!((status, request.body.as_slice()), (200, HI.as_bytes()));
            let (announced, sent) = announced_and_sent(&request.head, &request.trailers);
            // With a length HTTP/1.1 has no chunks to put trailers behind.
            assert_eq!(
                (announced.is_some(), sent.as_str()),
                if length { (false, "") } else { (true, "x-sum: 5\r\n") },
                "{path} {length}"
            );
        }
    }
}

#[tokio::test]
async fn trailers_go_on_to_an_http2_upstream_announced_or_not() {
    let seen: Arc<Mutex<Vec<Option<HeaderMap>>>> = Arc::default();
    let url = tls::upstream_that(&[b"h2"], {
        let seen = Arc::clone(&seen);
        move |request| {
            let seen = Arc::clone(&seen);
            async move {
                let trailers = request.into_body().collect().await.unwrap().trailers().cloned();
                seen.lock().unwrap().push(trailers);
                http::Response::new(Full::new(Bytes::from_static(b"{}")))
            }
        }
    })
    .await;
    let proxy = Proxy::judging(
        &config(&url, &format!("upstream-ca = \"{}/ca.pem\"", FOLDER)),
        groundwire::classify::NoClassifier,
    )
    .await;
    let mut client = proxy.connect().await;
    for head in ["", "trailer: x-sum\r\n"] {
        client.send(chunked(CHAT, head, "x-sum: 5\r\nconnection: close\r\n")).await;
        assert_eq!(client.message().await.status(), 200);
    }
    let seen = seen.lock().unwrap();
    for trailers in seen.iter() {
        let trailers = trailers.as_ref().unwrap();
        assert_eq!((trailers.len(), &trailers["x-sum"]), (1, &http::HeaderValue::from_static("5")));
    }
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn a_body_that_its_trailers_sign_is_not_edited() {
    let upstream = Upstream::start().await;
    let mut proxy = Proxy::judging(&config(&upstream.url(), ""), AlwaysVague).await;
    let mut client = proxy.connect().await;
    let mut there = None;
    for (head, trailers, bypass) in [
        ("", "x-sum: 5\r\n", None),
        ("", "content-digest: sha-256=:x:\r\n", Some(Bypass::Signed)),
        ("trailer: Content-Digest\r\n", "content-digest: sha-256=:x:\r\n", Some(Bypass::Signed)),
    ] {
        client.send(chunked(CHAT, head, trailers)).await;
        if there.is_none() {
            there = Some(upstream.accept().await);
        }
        let there = there.as_mut().unwrap();
        let request = there.message().await;
        assert_eq!(request.body == HI.as_bytes(), bypass.is_some(), "{head} {trailers}");
        there.send(ok("{}")).await;
        client.message().await;
        assert_eq!(proxy.record().await.bypass, bypass);
    }
}
