//! Too much at once: requests in flight, header fields, streams of one connection.

use std::future::Future;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::support::wire::{ok, post};
use super::support::{Proxy, Upstream, within};

const CHAT: &str = "/v1/chat/completions";

/// The value of a metric.
async fn metric(proxy: &Proxy, name: &str) -> f64 {
    let (_, metrics) = proxy.ask_admin("/metrics").await;
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
}

#[tokio::test]
async fn a_request_too_many_is_told_so_and_its_connection_goes_on() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nin-flight = 2").await;
    let mut there = Vec::new();
    let mut served = Vec::new();
    for _ in 0..2 {
        let mut client = proxy.connect().await;
        client.send(post(CHAT, "{}")).await;
        let mut peer = upstream.accept().await;
        peer.message().await;
        there.push(peer);
        served.push(client);
    }
    let mut third = proxy.connect().await;
    for (path, kind) in [(CHAT, Some("server_error")), ("/v1/files", None)] {
        third.send(post(path, "{}")).await;
        let response = third.message().await;
        assert_eq!((response.status(), response.header("retry-after")), (503, Some("1")), "{path}");
        assert_eq!(response.json()["error"]["type"].as_str(), kind, "in the caller's dialect");
        assert!(response.json()["error"]["message"].as_str().unwrap().contains("in flight"));
        assert_eq!(response.header("connection"), None);
    }
    assert_eq!(metric(&proxy, "groundwire_faults_total{origin=\"proxy\",kind=\"overloaded\"}").await, 2.0);
    // A place is free as soon as a response is over, and only then.
    there[0].send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{").await;
    served[0].until("\r\n\r\n{").await;
    third.send(post(CHAT, "{}")).await;
    assert_eq!(third.message().await.status(), 503);
    there[0].send("}").await;
    served[0].exactly(1).await;
    within(async {
        loop {
            third.send(post(CHAT, "{}")).await;
            tokio::select! {
                _ = there[0].head() => break,
                response = third.message() => assert_eq!(response.status(), 503),
            }
        }
    })
    .await;
    there[0].exactly(2).await;
    there[0].send(ok("{}")).await;
    assert_eq!(third.message().await.status(), 200);
    // One that leaves gives its place back, too.
    drop(served.pop());
    there[1].closed().await;
    within(async {
        while metric(&proxy, "groundwire_requests_in_flight").await > 0.0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    third.send(post(CHAT, "{}")).await;
    there[0].message().await;
    there[0].send(ok("{}")).await;
    assert_eq!(third.message().await.status(), 200);
}

#[tokio::test]
async fn header_fields_are_bounded_in_number_over_both_versions() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nheader-count = 20").await;
    let fields = |count: usize| (0..count).map(|i| format!("x-{i}: 1\r\n")).collect::<String>();
    let mut client = proxy.connect().await;
    client.send(format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", fields(20))).await;
    assert_eq!(client.message().await.status(), 431);
    let mut client = proxy.connect().await;
    client.send(format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", fields(19))).await;
    let mut there = upstream.accept().await;
    assert!(there.message().await.head.contains("x-18: 1\r\n"));
    there.send(ok("{}")).await;
    assert_eq!(client.message().await.status(), 200);

    let socket = TcpStream::connect(proxy.address).await.unwrap();
    let (mut sender, connection) =
        within(http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), TokioIo::new(socket))).await.unwrap();
    tokio::spawn(connection);
    let request = |count: usize| {
        let request = Request::post(format!("http://proxy{CHAT}"));
        (0..count).fold(request, |request, i| request.header(format!("x-{i}"), "1")).body(Empty::new()).unwrap()
    };
    let refused = within(sender.send_request(request(20))).await.unwrap();
    assert_eq!(refused.status(), 431);
    let body = within(refused.collect()).await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["error"]["type"], "invalid_request_error", "in the caller's dialect: {body}");
    // The client adds one of its own, a length.
    let passing = tokio::spawn(sender.send_request(request(19)));
    there.message().await;
    there.send(ok("{}")).await;
    assert_eq!(within(passing).await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn streams_of_one_connection_are_bounded_as_announced() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let socket = TcpStream::connect(proxy.address).await.unwrap();
    let (_client, mut connection) = within(h2::client::handshake(socket)).await.unwrap();
    // The server's settings come with its first frames.
    let ready = async {
        while connection.max_concurrent_send_streams() > 1_000 {
            let step = std::future::poll_fn(|cx| {
                let _ = std::pin::Pin::new(&mut connection).poll(cx);
                std::task::Poll::Ready(())
            });
            step.await;
            tokio::task::yield_now().await;
        }
    };
    within(ready).await;
    assert_eq!(connection.max_concurrent_send_streams(), 200);
}
