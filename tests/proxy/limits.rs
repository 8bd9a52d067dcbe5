//! Limits: of bytes, of time, of connections.

use super::support::wire::{ok, post};
use super::support::{Proxy, Upstream};

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn a_body_over_the_limit_is_a_413_where_there_is_one() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nmax-body = \"10B\"").await;
    let mut client = proxy.connect().await;
    client.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 11\r\n\r\n")).await;
    let response = client.message().await;
    assert_eq!(response.status(), 413, "refused for its length, before a byte of it");
    assert_eq!(response.json()["error"]["type"], "invalid_request_error");
    let mut client = proxy.connect().await;
    client
        .send(format!(
            "POST {CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\nghijk\r\n"
        ))
        .await;
    assert_eq!(client.message().await.status(), 413);
    // The upstream may have heard of that one, without its end; of this one it hears all.
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nmax-body = \"10B\"").await;
    let mut client = proxy.connect().await;
    client.send(post("/v1/files", "0123456789")).await;
    let mut there = upstream.accept().await;
    assert_eq!(there.message().await.body, b"0123456789");
    there.send(ok("{}")).await;
    assert_eq!(client.message().await.status(), 200);
}

#[tokio::test]
async fn a_head_over_the_limit_is_a_431() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nhead-bytes = \"8KiB\"").await;
    let mut client = proxy.connect().await;
    client.send(format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(9000))).await;
    assert_eq!(client.message().await.status(), 431);
    let mut client = proxy.connect().await;
    client.send(format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(7000))).await;
    let mut there = upstream.accept().await;
    assert_eq!(there.message().await.header("x-long").unwrap().len(), 7000);
}

#[tokio::test]
async fn a_head_that_trickles_is_cut_off_and_an_idle_connection_is_not() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nhead-timeout = \"100ms\"").await;
    // Idle from before the slow ones start until after they are over, and then once more between two requests.
    let (mut fresh, mut used) = (proxy.connect().await, proxy.connect().await);
    used.send("GET /1 HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send(ok("{}")).await;
    used.message().await;
    for start in ["P", "PRI * HTTP/2.0\r\n", "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-a"] {
        let mut slow = proxy.connect().await;
        slow.send(start).await;
        slow.closed().await;
    }
    for client in [&mut fresh, &mut used] {
        client.send("GET /2 HTTP/1.1\r\nhost: x\r\n\r\n").await;
        there.message().await;
        there.send(ok("{}")).await;
        assert_eq!(client.message().await.status(), 200);
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_the_end() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nidle-timeout = \"100ms\"").await;
    let (mut silent, mut used) = (proxy.connect().await, proxy.connect().await);
    silent.closed().await;
    // One that waits for its answer is not idle, however long that takes.
    let mut waiting = proxy.connect().await;
    waiting.send("GET /1 HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut there = upstream.accept().await;
    there.message().await;
    used.closed().await;
    let mut another = proxy.connect().await;
    another.closed().await;
    there.send(ok("{}")).await;
    assert_eq!(waiting.message().await.status(), 200);
    waiting.closed().await;
}

#[tokio::test]
async fn a_body_that_stands_still_is_a_408() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nidle-timeout = \"100ms\"").await;
    for path in [CHAT, "/v1/files"] {
        let mut client = proxy.connect().await;
        client.send(format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")).await;
        let response = client.message().await;
        assert_eq!(response.status(), 408, "{path}");
        assert!(response.json()["error"]["message"].as_str().unwrap().contains("in time"));
    }
}

#[tokio::test]
async fn a_connection_too_many_is_told_so() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nconnections = 1").await;
    let mut first = proxy.connect().await;
    first.send(post(CHAT, "{}")).await;
    let mut there = upstream.accept().await;
    there.message().await;
    let mut second = proxy.connect().await;
    second.send(post(CHAT, "{}")).await;
    let response = second.message().await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.header("retry-after"), Some("1"));
    assert_eq!(response.json()["error"]["type"], "server_error");
    second.closed().await;
    there.send(ok("{}")).await;
    assert_eq!(first.message().await.status(), 200);
    drop(first);
    // The place is free as soon as the server has noticed.
    loop {
        let mut third = proxy.connect().await;
        third.send("GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await;
        tokio::select! {
            _ = there.head() => break,
            response = third.message() => assert_eq!(response.status(), 503),
        }
    }
}
