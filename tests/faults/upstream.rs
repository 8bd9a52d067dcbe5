//! An upstream that fails, at every stage of an exchange and in every way.

use super::support::watched::Watched;
use super::support::wire::post;
use super::support::{Peer, Upstream};
use super::{CHAT, HI, at_rest};

const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// Sends a chat call, and gives both ends once the upstream has it.
async fn asked(server: &Watched, upstream: &Upstream) -> (Peer, Peer) {
    let mut client = server.connect().await;
    client.send(post(CHAT, HI)).await;
    let mut there = upstream.accept().await;
    assert_eq!(there.message().await.body, HI.as_bytes(), "once, and whole");
    (client, there)
}

/// Whichever connection brings the next request: the one that is there, or one that was opened in the meantime.
async fn next_request(upstream: &Upstream, mut there: Peer) -> Peer {
    let mut another = tokio::select! {
        head = there.head() => {
            assert!(head.starts_with("GET /next "), "{head}");
            return there;
        }
        another = upstream.accept() => another,
    };
    tokio::select! {
        _ = there.head() => there,
        _ = another.head() => another,
    }
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_502() {
    let upstream = Upstream::start().await;
    let url = upstream.url();
    drop(upstream);
    let server = Watched::start(&url, "").await;
    let before = at_rest(&server).await;
    for _ in 0..20 {
        let mut client = server.connect().await;
        client.send(post(CHAT, HI)).await;
        let response = client.message().await;
        assert_eq!(response.status(), 502);
        assert!(response.json()["error"]["message"].as_str().unwrap().contains("could not be reached"));
        // A refusal costs the client no connection.
        client.send("GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert_eq!(client.message().await.status(), 502);
    }
    server.settled(before).await;
}

#[tokio::test]
async fn before_a_whole_head_every_failure_is_an_error_in_the_callers_dialect_and_none_is_tried_again() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "[limits]\nresponse-head-timeout = \"300ms\"").await;
    let before = at_rest(&server).await;
    // What the upstream says, how it ends, and what the client is told.
    for (says, ends, status) in [
        ("", "closes", 502),
        ("", "resets", 502),
        ("", "stalls", 504),
        ("HTTP/1.1 200 OK\r\ncontent-le", "closes", 502),
        ("HTTP/1.1 200 OK\r\ncontent-le", "resets", 502),
        ("HTTP/1.1 200 OK\r\ncontent-le", "stalls", 504),
        ("SSH-2.0-OpenSSH_9.6\r\n", "stalls", 502),
        ("\0\0\0\x0c\x04\0\0\0\0\0", "stalls", 502),
        ("HTTP/1.1 999999 OK\r\n\r\n", "stalls", 502),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", "stalls", 502),
        ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", "stalls", 502),
        ("HTTP/1.1 200 OK\r\nx-a: 1\0\r\n\r\n", "stalls", 502),
        ("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "stalls", 502),
    ] {
        let (mut client, mut there) = asked(&server, &upstream).await;
        there.send(says).await;
        let there = match ends {
            "closes" => {
                drop(there);
                None
            }
            "resets" => {
                there.reset();
                None
            }
            _ => Some(there),
        };
        let response = client.message().await;
        assert_eq!(response.status(), status, "{says:?} {ends}");
        assert!(response.json()["error"]["type"].is_string());
        if let Some(mut there) = there {
            there.closed().await;
        }
        // The client's connection serves on; and were the last request tried again, this would be that one's.
        client.send(post(CHAT, HI)).await;
        let mut there = upstream.accept().await;
        there.message().await;
        there.send("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
        assert_eq!(client.message().await.status(), 204, "{says:?} {ends}");
    }
    let mut long = server.connect().await;
    long.send(post(CHAT, HI)).await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send(format!("HTTP/1.1 200 OK\r\nx-long: {}", "a".repeat(200))).await;
    // A head without end is read no further than a buffer.
    let endless = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while there.socket.write_all(&[b'a'; 1 << 16]).await.is_ok() {}
    });
    assert_eq!(long.message().await.status(), 502);
    endless.await.unwrap();
    drop(long);
    server.settled(before).await;
}

#[tokio::test]
async fn in_the_middle_of_a_body_every_failure_is_seen_as_one() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "").await;
    let before = at_rest(&server).await;
    let sized = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
    let mut broken = 0;
    // What comes, how it goes on, and what of it the client may see behind the mark.
    for (head, mark, then) in [
        (sized, "{\"a", ""),
        (EVENTS, "9\r\ndata: 1\n\n\r\n", ""),
        (EVENTS, "9\r\ndata: 1\n\n\r\n", "9\r\ndata"),
        (EVENTS, "9\r\ndata: 1\n\n\r\n", "zz\r\n"),
        (EVENTS, "9\r\ndata: 1\n\n\r\n", "3\r\nabcdef\r\n"),
        (EVENTS, "9\r\ndata: 1\n\n\r\n", "0\r\n"),
    ] {
        for reset in [false, true] {
            let (mut client, mut there) = asked(&server, &upstream).await;
            there.send(format!("{head}{mark}")).await;
            client.until(mark).await;
            there.send(then).await;
            if reset {
                there.reset();
            } else {
                drop(there);
            }
            let rest = String::from_utf8(client.rest().await).unwrap();
            assert!(!rest.ends_with("0\r\n\r\n"), "{then:?} {reset}: it looks whole: {rest:?}");
            broken += 1;
        }
    }
    server.counted(&format!("groundwire_broken_responses_total {broken}")).await;
    server.settled(before).await;
}

#[tokio::test]
async fn lengths_that_do_not_fit_never_reach_into_another_response() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "").await;
    let before = at_rest(&server).await;
    let smuggled = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled";
    for (response, body) in [
        // Longer than it says: what is over is nobody's.
        (format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok{smuggled}"), "ok"),
        // Two framings: the coding wins, and the length is not passed on.
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".into(), "ok"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".into(),
            "ok",
        ),
        (format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n{smuggled}"), "ok"),
        (format!("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n{smuggled}"), ""),
        (format!("HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n{smuggled}"), ""),
    ] {
        let (mut client, mut there) = asked(&server, &upstream).await;
        there.send(&response).await;
        let head = client.head().await;
        let framings = ["content-length", "transfer-encoding"].map(|name| head.matches(name).count());
        match framings {
            [1, 0] if !body.is_empty() => assert_eq!(client.exactly(2).await, body.as_bytes()),
            [0, 1] => {
                assert_eq!(client.chunk().await, body.as_bytes(), "{response:?}");
                client.until("0\r\n\r\n").await;
            }
            _ => assert!(body.is_empty(), "{head}"),
        }
        // The next response on this connection is the next request's, over another connection to the upstream.
        client.send("GET /next HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let mut next = if response.contains("smuggled") {
            there.closed().await;
            let mut next = upstream.accept().await;
            assert_eq!(next.message().await.line(), "GET /next HTTP/1.1");
            next
        } else {
            next_request(&upstream, there).await
        };
        next.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnext").await;
        assert_eq!(client.message().await.body, b"next", "{response:?}");
    }
    server.settled(before).await;
}

#[tokio::test]
async fn a_stream_that_stalls_is_waited_for_and_left_with_its_client() {
    let upstream = Upstream::start().await;
    let server =
        Watched::start(&upstream.url(), "[limits]\nidle-timeout = \"100ms\"\nresponse-head-timeout = \"5s\"").await;
    let before = at_rest(&server).await;
    let (mut client, mut there) = asked(&server, &upstream).await;
    there.send(format!("{EVENTS}9\r\ndata: 1\n\n\r\n")).await;
    client.until("data: 1\n\n").await;
    // Others come and are closed for idleness meanwhile; models think long, and no limit of ours is a stream's.
    for _ in 0..3 {
        server.connect().await.closed().await;
    }
    there.send("9\r\ndata: 2\n\n\r\n").await;
    client.until("data: 2\n\n").await;
    drop(client);
    there.closed().await;
    server.settled(before).await;
}
