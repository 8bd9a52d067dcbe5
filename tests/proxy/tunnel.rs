//! Tunnels: requests that switch protocols.

use super::support::wire::ok;
use super::support::{Proxy, Upstream};

const ASK: &str = "GET /v1/realtime?model=m HTTP/1.1\r\nhost: proxy\r\nconnection: keep-alive, Upgrade\r\n\
                   upgrade: websocket\r\nsec-websocket-key: x\r\n\r\n";

#[tokio::test]
async fn a_websocket_is_tunnelled() {
    let upstream = Upstream::start().await;
    let mut proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client.send(ASK).await;
    let mut there = upstream.accept().await;
    let request = there.message().await;
    assert_eq!(request.line(), "GET /v1/realtime?model=m HTTP/1.1");
    assert_eq!((request.header("connection"), request.header("upgrade")), (Some("upgrade"), Some("websocket")));
    assert_eq!(request.header("sec-websocket-key"), Some("x"));
    // The first frame comes right behind the head.
    there.send("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: y\r\n\r\n\x01one").await;
    let response = client.head().await;
    assert!(response.starts_with("HTTP/1.1 101"), "{response}");
    assert!(response.contains("upgrade: websocket") && response.contains("sec-websocket-accept: y"), "{response}");
    assert_eq!(client.exactly(4).await, b"\x01one");
    client.send("\0two").await;
    assert_eq!(there.exactly(4).await, b"\0two");
    let (_, metrics) = proxy.ask_admin("/metrics").await;
    assert!(metrics.contains("groundwire_connections 1\n"), "{metrics}");
    // It is under way: a drain waits for it.
    proxy.stop();
    there.send("three").await;
    assert_eq!(client.exactly(5).await, b"three");
    drop(client);
    there.closed().await;
    proxy.stopped().await;
}

#[tokio::test]
async fn a_tunnel_ends_with_the_drain() {
    let upstream = Upstream::start().await;
    let mut proxy = Proxy::configured(&upstream.url(), "[limits]\ndrain = \"50ms\"").await;
    let mut client = proxy.connect().await;
    client.send(ASK).await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n").await;
    client.head().await;
    proxy.stop();
    client.closed().await;
    there.closed().await;
    proxy.stopped().await;
}

#[tokio::test]
async fn an_upgrade_that_is_refused_is_an_answer_like_any_other() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client.send(ASK).await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send("HTTP/1.1 426 Upgrade Required\r\nupgrade: websocket\r\ncontent-length: 2\r\n\r\nno").await;
    let response = client.message().await;
    assert_eq!((response.status(), response.body.as_slice()), (426, &b"no"[..]));
    client.send("GET /next HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(upstream.accept().await.message().await.line(), "GET /next HTTP/1.1");
}

#[tokio::test]
async fn a_wish_for_http2_is_not_passed_on() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client
        .send(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n\
             http2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\ncontent-length: 2\r\n\r\n{}",
        )
        .await;
    let mut there = upstream.accept().await;
    let request = there.message().await;
    for name in ["connection", "upgrade", "http2-settings"] {
        assert!(request.header(name).is_none(), "{}", request.head);
    }
    assert_eq!(request.body, b"{}");
    there.send(ok("{}")).await;
    assert_eq!(client.message().await.status(), 200);
}

#[tokio::test]
async fn a_switch_that_nobody_asked_for_is_a_fault() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n").await;
    assert_eq!(client.message().await.status(), 502);
}
