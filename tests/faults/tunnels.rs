//! Upgrades through the command: half-closed, hurried, refused, silent, and ended by a drain.

use super::support::watched::Watched;
use super::support::{Peer, Upstream};
use super::{HI, at_rest};

const ASK: &str = "GET /v1/realtime?model=m HTTP/1.1\r\nhost: proxy\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: x\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";

/// Both ends of a tunnel.
async fn tunnel(server: &Watched, upstream: &Upstream) -> (Peer, Peer) {
    let mut client = server.connect().await;
    client.send(ASK).await;
    let mut there = upstream.accept().await;
    there.head().await;
    there.send(SWITCH).await;
    assert!(client.head().await.starts_with("HTTP/1.1 101 "));
    (client, there)
}

#[tokio::test]
async fn an_end_that_has_no_more_to_say_ends_the_tunnel_behind_its_last_word() {
    use tokio::io::AsyncWriteExt;

    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "").await;
    let before = at_rest(&server).await;
    for (clients, reset) in [(true, false), (false, false), (true, true), (false, true)] {
        let (client, there) = tunnel(&server, &upstream).await;
        let (mut leaves, mut stays) = if clients { (client, there) } else { (there, client) };
        leaves.send("last words").await;
        if reset {
            assert_eq!(stays.exactly(10).await, b"last words");
            leaves.reset();
            assert!(stays.rest().await.is_empty());
        } else {
            leaves.socket.shutdown().await.unwrap();
            assert_eq!(stays.rest().await, b"last words");
            leaves.closed().await;
        }
    }
    server.settled(before).await;
}

#[tokio::test]
async fn what_is_sent_before_the_switch_comes_through_behind_it() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "").await;
    let before = at_rest(&server).await;
    let mut client = server.connect().await;
    // The first frame right behind the request, in the same write.
    client.send(format!("{ASK}early")).await;
    let mut there = upstream.accept().await;
    there.head().await;
    // And the upstream's right behind its answer.
    there.send(format!("{SWITCH}hasty")).await;
    client.head().await;
    assert_eq!(client.exactly(5).await, b"hasty");
    assert_eq!(there.exactly(5).await, b"early");
    drop((client, there));
    server.settled(before).await;
}

#[tokio::test]
async fn an_upstream_that_does_not_switch_answers_as_ever() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "").await;
    let before = at_rest(&server).await;
    for (response, status) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno", 200),
        ("HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\ncontent-length: 2\r\n\r\nno", 401),
        ("HTTP/1.1 403 Forbidden\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", 403),
        (
            "HTTP/1.1 426 Upgrade Required\r\nupgrade: websocket\r\nconnection: upgrade\r\ncontent-length: 2\r\n\r\nno",
            426,
        ),
        ("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\nno", 503),
    ] {
        let mut client = server.connect().await;
        client.send(ASK).await;
        let mut there = upstream.accept().await;
        there.head().await;
        there.send(response).await;
        drop(there);
        let answer = client.message().await;
        assert_eq!((answer.status(), answer.body.as_slice()), (status, &b"no"[..]), "{response:?}");
        // The connection was never switched, and serves on.
        client.send(format!("POST /next HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{HI}", HI.len())).await;
        let mut there = upstream.accept().await;
        assert_eq!(there.message().await.body, HI.as_bytes());
        there.send("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
        assert_eq!(client.message().await.status(), 204);
    }
    server.settled(before).await;
}

#[tokio::test]
async fn a_silent_tunnel_is_no_idle_connection_and_is_counted_until_a_drain_ends_it() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "[limits]\nidle-timeout = \"100ms\"\ndrain = \"300ms\"").await;
    let (mut client, mut there) = tunnel(&server, &upstream).await;
    for _ in 0..3 {
        server.connect().await.closed().await;
    }
    server.counted("groundwire_connections 1").await;
    server.counted("groundwire_bypasses_total{reason=\"not_a_call\"} 1").await;
    client.send("still here").await;
    assert_eq!(there.exactly(10).await, b"still here");
    server.terminate();
    client.closed().await;
    there.closed().await;
    assert_eq!(server.ended().await, Some(0));
}
