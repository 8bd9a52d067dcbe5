//! Clients that vanish at every stage, that dawdle, and that send too much of a head.

use super::support::watched::Watched;
use super::support::wire::{ok, post};
use super::support::{Peer, Upstream, within};
use super::{CHAT, HI, at_rest};

/// How a client goes.
#[derive(Clone, Copy)]
enum Goes {
    Closes,
    Resets,
    /// Says that it has no more to say, as one does that is killed while the kernel still has its words.
    Shuts,
}

const WAYS: [Goes; 3] = [Goes::Closes, Goes::Resets, Goes::Shuts];

async fn go(mut client: Peer, how: Goes) {
    use tokio::io::AsyncWriteExt;
    match how {
        Goes::Closes => drop(client),
        Goes::Resets => client.reset(),
        Goes::Shuts => {
            client.socket.shutdown().await.unwrap();
            client.rest().await;
        }
    }
}

#[tokio::test]
async fn a_client_that_vanishes_before_its_request_is_whole_leaves_nothing() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "").await;
    let before = at_rest(&server).await;
    let whole = post(CHAT, HI);
    for how in WAYS {
        for cut in [0, 1, 20, whole.len() - HI.len() - 1, whole.len() - HI.len(), whole.len() - 1] {
            let mut client = server.connect().await;
            client.send(&whole[..cut]).await;
            go(client, how).await;
        }
        let mut client = server.connect().await;
        client.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel")).await;
        go(client, how).await;
        server.counted("groundwire_connections 0").await;
    }
    // None of them became a request: the first whole one that the upstream hears is this.
    let mut client = server.connect().await;
    client.send("GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut there = loop {
        let mut there = upstream.accept().await;
        if within(there.socket.peek(&mut [0])).await.unwrap_or(0) == 0 {
            continue;
        }
        let first = there.until("\r\n").await;
        if first.starts_with("GET /v1/models ") {
            break there;
        }
        // One whose body broke off may have got as far as here, and no further.
        there.head().await;
        assert_ne!(there.rest().await, HI.as_bytes());
    };
    there.head().await;
    there.send(ok("{}")).await;
    assert_eq!(client.message().await.status(), 200);
    drop((client, there));
    server.settled(before).await;
}

#[tokio::test]
async fn a_client_that_vanishes_while_its_body_streams_cancels_the_upstream() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "[limits]\nclassify-bytes = \"10B\"").await;
    let before = at_rest(&server).await;
    for how in WAYS {
        for path in [CHAT, "/v1/files"] {
            let mut client = server.connect().await;
            client
                .send(format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{}", "a".repeat(500)))
                .await;
            let mut there = upstream.accept().await;
            there.head().await;
            there.exactly(500).await;
            go(client, how).await;
            there.closed().await;
        }
    }
    server.settled(before).await;
}

#[tokio::test]
async fn a_client_that_vanishes_while_it_waits_or_reads_cancels_the_upstream() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "").await;
    let before = at_rest(&server).await;
    for how in WAYS {
        for stage in ["no head", "half a head", "a head", "a body"] {
            let mut client = server.connect().await;
            client.send(post(CHAT, HI)).await;
            let mut there = upstream.accept().await;
            there.message().await;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            match stage {
                "no head" => {}
                "half a head" => there.send(&head[..30]).await,
                "a head" => {
                    there.send(head).await;
                    client.head().await;
                }
                _ => {
                    there.send(format!("{head}9\r\ndata: 1\n\n\r\n")).await;
                    client.until("data: 1\n\n").await;
                }
            }
            go(client, how).await;
            there.closed().await;
        }
    }
    server.settled(before).await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_holds_the_upstream_back_and_is_let_go() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "").await;
    let before = at_rest(&server).await;
    // Pages of the program that were not run before are no buffers.
    let memory = server.memory("RssAnon");
    let mut client = server.connect().await;
    client.send(post(CHAT, HI)).await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n").await;
    // Until all buffers between the two are full: whatever is written then waits.
    let event = [&b"data: "[..], &[b'x'; 60_000], b"\n\n"].concat();
    let mut sent = 0;
    while let Ok(written) = tokio::time::timeout(std::time::Duration::from_secs(1), there.socket.writable()).await {
        written.unwrap();
        match there.socket.try_write(&event) {
            Ok(bytes) => sent += bytes,
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
    assert!(sent > 256 << 10);
    assert!(server.memory("RssAnon") < memory + (4 << 20), "what waits, waits in the sockets");
    drop(client);
    there.rest().await;
    server.settled(before).await;
}

#[tokio::test]
async fn slow_heads_and_bodies_are_cut_off_and_hold_nobody_up() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "[limits]\nhead-timeout = \"300ms\"\nidle-timeout = \"400ms\"").await;
    let before = at_rest(&server).await;
    let mut slow = Vec::new();
    for _ in 0..40 {
        let mut head = server.connect().await;
        head.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-a: ").await;
        slow.push((head, false));
        let mut body = server.connect().await;
        body.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{{")).await;
        slow.push((body, true));
    }
    let mut client = server.connect().await;
    client.send("GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut there = upstream.accept().await;
    assert_eq!(there.message().await.line(), "GET /v1/models HTTP/1.1");
    there.send(ok("{}")).await;
    assert_eq!(client.message().await.status(), 200);
    for (mut client, answered) in slow {
        if answered {
            assert_eq!(client.message().await.status(), 408);
        } else {
            client.closed().await;
        }
    }
    drop((client, there));
    server.counted("groundwire_connections_failed_total{reason=\"head_too_slow\"} 40").await;
    server.settled(before).await;
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused_at_their_limit() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "[limits]\nhead-bytes = \"8KiB\"").await;
    let before = at_rest(&server).await;
    let many = (0..200).map(|i| format!("x-{i}: 1\r\n")).collect::<String>();
    for head in [
        format!("GET / HTTP/1.1\r\nx-long: {}\r\n\r\n", "a".repeat(9000)),
        format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(9000)),
        format!("GET / HTTP/1.1\r\n{many}\r\n"),
        // And one without an end.
        format!("GET / HTTP/1.1\r\nx-long: {}", "a".repeat(20_000)),
    ] {
        for _ in 0..5 {
            let mut client = server.connect().await;
            client.send(&head).await;
            assert_eq!(client.message().await.status(), 431);
            client.rest().await;
        }
    }
    server.settled(before).await;
}
