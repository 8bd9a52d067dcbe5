//! Interim responses, and `Expect: 100-continue`.

use bytes::Bytes;
use tokio::net::TcpListener;

use super::support::tls;
use super::support::wire::{ok, post};
use super::support::{Proxy, Upstream, within};

const CHAT: &str = "/v1/chat/completions";

/// The head of a request that waits before it sends its two bytes.
fn expecting(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: proxy\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n")
}

#[tokio::test]
async fn a_client_that_waits_for_100_gets_it_as_soon_as_its_body_is_wanted() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    let mut there = None;
    // Read for the classifier, and only passed on.
    for path in [CHAT, "/v1/files"] {
        client.send(expecting(path, 2)).await;
        assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
        client.send("{}").await;
        if there.is_none() {
            there = Some(upstream.accept().await);
        }
        let there = there.as_mut().unwrap();
        let request = there.message().await;
        assert_eq!(request.body, b"{}");
        assert!(request.header("expect").is_none(), "met already: {}", request.head);
        there.send(ok("{}")).await;
        assert_eq!(client.message().await.status(), 200, "one 100, then the answer");
    }
}

#[tokio::test]
async fn a_client_whose_body_is_not_wanted_is_told_so_instead_of_100() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nmax-body = \"10B\"").await;
    for path in [CHAT, "/v1/files"] {
        let mut client = proxy.connect().await;
        client.send(expecting(path, 11)).await;
        assert_eq!(client.message().await.status(), 413, "{path}");
        client.closed().await;
    }
    // The first that the upstream hears of anybody.
    let mut client = proxy.connect().await;
    client.send("GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(upstream.accept().await.message().await.line(), "GET /v1/models HTTP/1.1");
}

#[tokio::test]
async fn interim_responses_of_the_upstream_are_counted_and_end_here() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client.send(post(CHAT, "{}")).await;
    let mut there = upstream.accept().await;
    there.message().await;
    there
        .send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n")
        .await;
    there.send(format!("HTTP/1.1 102 Processing\r\n\r\n{}", ok("{}"))).await;
    let response = client.message().await;
    assert_eq!((response.status(), response.header("link")), (200, None));
    let (_, metrics) = proxy.ask_admin("/metrics").await;
    for (status, count) in [(100, 1), (102, 1), (103, 2)] {
        let line = format!("groundwire_interim_responses_total{{status=\"{status}\"}} {count}");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn interim_responses_over_http2_do_not_stand_in_the_way_of_the_answer() {
    let acceptor = tls::acceptor(&[b"h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let proxy = Proxy::configured(&url, &format!("upstream-ca = \"{}/ca.pem\"", tls::FOLDER)).await;
    let mut client = proxy.connect().await;
    client.send(post(CHAT, "{}")).await;
    let socket = acceptor.accept(within(listener.accept()).await.unwrap().0).await.unwrap();
    let mut connection = ::h2::server::handshake(socket).await.unwrap();
    let (_, mut respond) = within(connection.accept()).await.unwrap().unwrap();
    for status in [100, 103, 102] {
        let hints = http::Response::builder().status(status).header("link", "</a>").body(()).unwrap();
        respond.send_informational(hints).unwrap();
    }
    let mut body = respond.send_response(http::Response::new(()), false).unwrap();
    body.send_data(Bytes::from_static(b"{}"), true).unwrap();
    // Nothing is sent unless the connection is polled.
    tokio::spawn(async move { while connection.accept().await.is_some() {} });
    let response = client.message().await;
    assert_eq!((response.status(), response.header("link"), response.body.as_slice()), (200, None, &b"{}"[..]));
}
