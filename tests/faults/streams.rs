//! Compressed answers through the command: relayed as they are, at once, and read on a copy.

use super::encoding::flushed;
use super::support::watched::Watched;
use super::support::wire::post;
use super::support::{Peer, Upstream};
use super::{CHAT, HI, at_rest};

const CODINGS: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

/// The pieces of a stream, two of which are one event.
const PIECES: [&str; 5] = [
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"con",
    "tent\":\"Wellington.\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n",
    "data: [DONE]\n\n",
];

async fn asked(server: &Watched, upstream: &Upstream, coding: &str) -> (Peer, Peer) {
    let mut client = server.connect().await;
    client.send(post(CHAT, HI)).await;
    let mut there = upstream.accept().await;
    there.message().await;
    let head =
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
    there.send(format!("{head}content-encoding: {coding}\r\n\r\n")).await;
    let head = client.head().await;
    assert!(head.contains(&format!("content-encoding: {coding}\r\n")), "{head}");
    (client, there)
}

/// Sends pieces as chunks, each of which the client must have before the next one leaves.
async fn relayed(client: &mut Peer, there: &mut Peer, pieces: &[Vec<u8>]) {
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        there.send([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()).await;
        let mut received = Vec::new();
        while received.len() < piece.len() {
            received.extend(client.chunk().await);
        }
        assert_eq!(received, *piece, "as it came");
    }
    there.send("0\r\n\r\n").await;
    assert!(client.chunk().await.is_empty());
}

/// The records that were written so far.
fn records(path: &std::path::Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[tokio::test]
async fn a_compressed_stream_is_relayed_as_it_comes_and_read_beside() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("turns.jsonl");
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), &format!("[records]\nto = \"{}\"", path.display())).await;
    let before = at_rest(&server).await;
    for (at, coding) in CODINGS.into_iter().enumerate() {
        let pieces: Vec<&[u8]> = PIECES.iter().map(|piece| piece.as_bytes()).collect();
        let (mut client, mut there) = asked(&server, &upstream, coding).await;
        relayed(&mut client, &mut there, &flushed(coding, &pieces)).await;
        drop(client);
        server.until(async || records(&path).len() > at).await;
        let record = &records(&path)[at];
        assert_eq!(record["finish_reason"], "stop", "{coding}: {record}");
        assert_eq!(record["usage"]["completion_tokens"], 2, "{coding}: {record}");
        assert!(record["first_token_micros"].is_u64(), "{coding}: {record}");
    }
    server.settled(before).await;
}

#[tokio::test]
async fn a_bomb_is_relayed_and_read_no_further_than_it_must_be() {
    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "").await;
    let before = at_rest(&server).await;
    let spaces = vec![b' '; 16 << 20];
    let bombs = CODINGS.map(|coding| (coding, flushed(coding, &[&spaces]).concat()));
    for round in 0..2 {
        let memory = server.memory("VmHWM");
        for (coding, bomb) in &bombs {
            let (mut client, mut there) = asked(&server, &upstream, coding).await;
            relayed(&mut client, &mut there, std::slice::from_ref(bomb)).await;
        }
        let grown = server.memory("VmHWM") - memory;
        assert!(grown < 12 << 20, "{grown} bytes for bombs of 16 MiB, round {round}");
    }
    server.settled(before).await;
}

/// Streams that are open at once.
const STREAMS: usize = 200;

/// A build with optimisations costs two thirds of this; `tests/bench/streams.sh` measures that. What must not come back is a
/// stream that keeps the buffers its request went through, which took 190 KiB after the larger body.
#[tokio::test]
async fn an_open_stream_costs_little_however_large_its_request_was() {
    for (size, most) in [(1_000, 64 << 10), (200_000, 128 << 10)] {
        // A process of its own each: what an allocator keeps of the one would be found again by the other.
        let upstream = Upstream::start().await;
        let server = Watched::start(&upstream.url(), "").await;
        let before = at_rest(&server).await;
        let text = "word ".repeat(size / 5);
        let body = format!("{{\"stream\":true,\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}]}}");
        let memory = server.memory("VmRSS");
        let mut open = Vec::new();
        for _ in 0..STREAMS {
            let mut client = server.connect().await;
            client.send(post(CHAT, &body)).await;
            let mut there = upstream.accept().await;
            there.message().await;
            there
                .send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
                .await;
            client.head().await;
            for event in [PIECES[0].len() + PIECES[1].len(), 1500] {
                let event = format!("data: {{\"choices\":[],\"x\":\"{}\"}}\n\n", "x".repeat(event));
                there.send(format!("{:x}\r\n{event}\r\n", event.len())).await;
                client.until("\"}\n\n").await;
            }
            open.push((client, there));
        }
        let each = server.memory("VmRSS").saturating_sub(memory) / STREAMS;
        assert!(each < most, "{each} bytes a stream after a body of {size}");
        drop(open);
        server.settled(before).await;
    }
}
