//! Bodies of any size stream with bounded memory. A test of its own process, since it measures that process.

#![cfg(all(feature = "proxy", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::{Proxy, Upstream, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CHUNK: usize = 64 << 10;
const BODY: usize = 64 << 20;
/// More than what is read of a request before it is given up on (4 MiB), twice, and sockets' buffers; far less than a body.
const GROWTH: usize = 24 << 20;

/// The most memory that this process has held so far, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

#[tokio::test]
async fn bodies_stream_both_ways_with_bounded_memory() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let before = peak();
    for path in ["/v1/chat/completions", "/v1/files"] {
        let mut client = proxy.connect().await;
        client
            .send(format!(
                "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {BODY}\r\n\r\n"
            ))
            .await;
        let (mut answer, mut body) = client.socket.into_split();
        let sending = tokio::spawn(async move {
            for i in 0..BODY / CHUNK {
                body.write_all(&[i as u8; CHUNK]).await.unwrap();
            }
            body
        });
        let mut there = upstream.accept().await;
        let head = there.head().await;
        assert!(head.contains(&format!("content-length: {BODY}\r\n")), "{head}");
        for i in 0..BODY / CHUNK {
            assert!(there.exactly(CHUNK).await.iter().all(|&byte| byte == i as u8), "chunk {i} came as it was");
        }
        let body = within(sending).await.unwrap();
        there.send(format!("HTTP/1.1 200 OK\r\ncontent-length: {BODY}\r\n\r\n")).await;
        let answering = tokio::spawn(async move {
            for i in 0..BODY / CHUNK {
                there.send([i as u8; CHUNK]).await;
            }
        });
        let (mut received, mut buffer) = (0, vec![0; CHUNK]);
        while received < BODY {
            let read = within(answer.read(&mut buffer)).await.unwrap();
            assert!(read > 0, "the response ended after {received} bytes");
            received += read;
        }
        within(answering).await.unwrap();
        drop(body);
    }
    let growth = peak() - before;
    assert!(growth < GROWTH, "{growth} bytes more than before");
}
