//! SIGTERM under load: whatever was accepted is answered.

use std::collections::BTreeSet;

use super::support::recorder::{Recorder, Seen};
use super::support::watched::Watched;
use super::support::wire::post;
use super::support::within;
use super::{CHAT, HI};

/// Sends one request after another until the server says that it closes, or has closed: those that were answered, and the
/// one that was not, if there is one.
async fn keep_asking(listen: std::net::SocketAddr, who: usize) -> (Vec<String>, Option<String>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut answered = Vec::new();
    let Ok(mut socket) = tokio::net::TcpStream::connect(listen).await else { return (answered, None) };
    for round in 0.. {
        let path = format!("/{who}/{round}");
        let request = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc");
        let mut response = Vec::new();
        let sent = socket.write_all(request.as_bytes()).await;
        while sent.is_ok() && !response.ends_with(b"{}") {
            if within(socket.read_buf(&mut response)).await.unwrap_or(0) == 0 {
                break;
            }
        }
        if !response.ends_with(b"{}") {
            assert!(response.is_empty(), "cut: {:?}", String::from_utf8_lossy(&response));
            return (answered, Some(path));
        }
        assert!(response.starts_with(b"HTTP/1.1 200 OK\r\n"), "{:?}", String::from_utf8_lossy(&response));
        answered.push(path);
        if String::from_utf8_lossy(&response).contains("connection: close") {
            return (answered, None);
        }
    }
    unreachable!("it asks until it is closed")
}

#[tokio::test]
async fn no_accepted_request_is_lost() {
    let mut recorder = Recorder::start().await;
    let server = Watched::start(&recorder.url(), "").await;
    // Ten that wait for their answer, and ten that ask as fast as they can.
    let mut held = Vec::new();
    for _ in 0..10 {
        let mut client = server.connect().await;
        client.send(post("/v1/hold/chat/completions", HI)).await;
        assert!(recorder.request().await.line.contains("hold"));
        held.push(client);
    }
    let asking: Vec<_> = (0..10).map(|who| tokio::spawn(keep_asking(server.listen, who))).collect();
    let mut seen = Vec::new();
    for _ in 0..200 {
        seen.push(recorder.request().await);
    }
    server.terminate();
    let (mut answered, mut unanswered) = (BTreeSet::new(), BTreeSet::new());
    for asking in asking {
        let (got, lost) = within(asking).await.unwrap();
        answered.extend(got);
        unanswered.extend(lost);
    }
    // Only now: the drain waits for those that were held all the while.
    recorder.go_on();
    for mut client in held {
        let response = client.message().await;
        assert_eq!((response.status(), response.header("connection")), (200, Some("close")));
        client.closed().await;
    }
    assert_eq!(server.ended().await, Some(0));
    for next in recorder.so_far() {
        match next {
            Seen::Request(request) => seen.push(request),
            other => panic!("{other:?}"),
        }
    }
    let paths: BTreeSet<String> =
        seen.iter().map(|request| request.line.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(paths, answered, "what went on was answered, and nothing else was");
    assert!(unanswered.is_disjoint(&paths), "what came too late was not even begun");
    assert!(seen.iter().all(|request| request.body == b"abc"));
}

#[tokio::test]
async fn a_body_that_is_still_coming_is_waited_for() {
    let mut recorder = Recorder::start().await;
    let server = Watched::start(&recorder.url(), "").await;
    let mut client = server.connect().await;
    let request = post(CHAT, HI);
    let (first, rest) = request.split_at(request.len() - 5);
    client.send(first).await;
    server.counted("groundwire_requests_in_flight 1").await;
    server.terminate();
    // The listener is gone once it drains; its admin endpoints stay.
    server.until(async || server.ask("/readyz").await.starts_with("draining")).await;
    client.send(rest).await;
    assert_eq!(client.message().await.status(), 200);
    assert_eq!(recorder.request().await.body, HI.as_bytes());
    client.closed().await;
    assert_eq!(server.ended().await, Some(0));
}
