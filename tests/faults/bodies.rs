//! Bodies through the command: of any size with bounded memory, over a limit, announced, signed, and compressed.

use super::encoding::encode;
use super::support::recorder::Recorder;
use super::support::watched::Watched;
use super::support::wire::ok;
use super::support::{Upstream, within};
use super::{CHAT, at_rest, recorded};

/// Everything is steered, whatever the model says; so the body says whether it was read.
const ALWAYS: &str = "policy = \"always\"\ndebug-headers = true\n[classifier]\ndeadline = \"30s\"\n[policies.always]\n\
                      rules = [{ act = \"clarify\", at-most = 9 }]\n";

/// The same with a small bound, so that bombs need not be large.
fn bounded() -> String {
    ALWAYS.replace("[classifier]", "[limits]\ndecoded-bytes = \"1MiB\"\n[classifier]")
}

const VAGUE: &str = r#"{ "messages":[{"role":"user","content":"Fix the bug in my function."}],"seed":1e400 }"#;
const MARK: &str = "<grounding-note>";

fn brotli(plain: &[u8]) -> Vec<u8> {
    let (mut from, mut out) = (plain, Vec::new());
    // A window of 256 KiB: what is measured here is what is decoded, not what a window may be.
    let params = brotli::enc::BrotliEncoderParams { quality: 1, lgwin: 18, ..Default::default() };
    brotli::BrotliCompress(&mut from, &mut out, &params).unwrap();
    out
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    encode("gzip", plain)
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    encode("zstd", plain)
}

/// Sends a chat call with these fields, and gives what the response says was the bypass.
async fn call(server: &Watched, fields: &str, body: &[u8]) -> Option<String> {
    let mut client = server.connect().await;
    let head = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\n{fields}content-length: {}\r\n\r\n", body.len());
    client.send([head.as_bytes(), body].concat()).await;
    let response = client.message().await;
    assert_eq!(response.status(), 200);
    response.header("x-groundwire-bypass").map(str::to_owned)
}

#[tokio::test]
async fn compressed_turns_are_read_and_go_on_as_they_came_or_edited_and_plain() {
    let (mut recorder, server) = recorded(&bounded()).await;
    let before = at_rest(&server).await;
    let cut = gzip(VAGUE.as_bytes()).split_last().unwrap().1.to_vec();
    for (encoding, body, bypass) in [
        ("gzip", gzip(VAGUE.as_bytes()), None),
        ("deflate", encode("deflate", VAGUE.as_bytes()), None),
        ("br", brotli(VAGUE.as_bytes()), None),
        ("zstd", zstd(VAGUE.as_bytes()), None),
        ("gzip, br", brotli(&gzip(VAGUE.as_bytes())), None),
        ("compress", gzip(VAGUE.as_bytes()), Some("encoded")),
        ("gzip", cut, Some("undecodable")),
        ("zstd", VAGUE.as_bytes().to_vec(), Some("undecodable")),
        ("gzip", gzip(&vec![b' '; 16 << 20]), Some("decoded_too_large")),
        ("br", brotli(&vec![b' '; 16 << 20]), Some("decoded_too_large")),
        ("zstd", zstd(&vec![b' '; 16 << 20]), Some("decoded_too_large")),
        ("gzip, gzip", gzip(&gzip(&vec![b' '; 16 << 20])), Some("decoded_too_large")),
    ] {
        let said = call(&server, &format!("content-encoding: {encoding}\r\n"), &body).await;
        assert_eq!(said.as_deref(), bypass, "{encoding}");
        let request = recorder.request().await;
        if bypass.is_some() {
            assert_eq!(request.body, body, "{encoding}: byte for byte");
            assert_eq!(request.header("content-encoding"), Some(encoding));
        } else {
            let text = std::str::from_utf8(&request.body).expect("it is plain");
            assert!(text.contains(MARK) && text.starts_with(&VAGUE[..40]) && text.ends_with("1e400 }"), "{text}");
            assert_eq!(request.header("content-encoding"), None);
        }
        assert_eq!(request.header("content-length"), Some(&*request.body.len().to_string()));
    }
    drop(recorder);
    server.settled(before).await;
}

#[tokio::test]
async fn bombs_are_decoded_no_further_than_the_bound() {
    let (mut recorder, server) = recorded(&bounded()).await;
    // Once, so that what is only made once is there.
    let bombs: Vec<(&str, Vec<u8>)> = [("gzip", gzip as fn(&[u8]) -> _), ("br", brotli), ("zstd", zstd)]
        .map(|(name, encode)| (name, encode(&vec![b' '; 16 << 20])))
        .into();
    call(&server, "", VAGUE.as_bytes()).await;
    let memory = server.memory("VmHWM");
    for (name, bomb) in &bombs {
        for _ in 0..4 {
            let said = call(&server, &format!("content-encoding: {name}\r\n"), bomb).await;
            assert_eq!(said.as_deref(), Some("decoded_too_large"));
        }
    }
    let grown = server.memory("VmHWM").saturating_sub(memory);
    assert!(grown < 12 << 20, "{grown} bytes for bombs of 16 MiB");
    assert_eq!(recorder.so_far().len(), 13);
}

#[tokio::test]
async fn signed_bodies_go_on_as_they_came() {
    let (mut recorder, server) = recorded(ALWAYS).await;
    assert_eq!(call(&server, "", VAGUE.as_bytes()).await, None);
    assert!(String::from_utf8(recorder.request().await.body).unwrap().contains(MARK), "what is not signed is edited");
    for fields in [
        "authorization: AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=0\r\n",
        "authorization: AWS4-ECDSA-P256-SHA256 Credential=k, SignedHeaders=host, Signature=0\r\n",
        "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n",
        "digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=\r\n",
        "content-digest: sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:\r\n",
        "repr-digest: sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:\r\n",
        "content-md5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n",
        "signature-input: sig1=(\"@method\" \"content-digest\");created=1618884473\r\nsignature: sig1=:AA==:\r\n",
        "content-encoding: gzip\r\ncontent-digest: sha-256=:AA==:\r\n",
    ] {
        let said = call(&server, fields, VAGUE.as_bytes()).await;
        assert_eq!(said.as_deref(), Some("signed"), "{fields}");
        assert_eq!(recorder.request().await.body, VAGUE.as_bytes(), "{fields}");
    }
    server.counted("groundwire_bypasses_total{reason=\"signed\"} 9").await;
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_in_the_callers_dialect_however_they_come() {
    let (mut recorder, server) = recorded("[limits]\nmax-body = \"100B\"").await;
    let before = at_rest(&server).await;
    let chunk = format!("40\r\n{}\r\n", "a".repeat(64));
    for path in [CHAT, "/v1/files"] {
        for (name, request) in [
            ("by its length", "content-length: 101\r\n\r\n".to_owned()),
            ("by its length, announced", "content-length: 101\r\nexpect: 100-continue\r\n\r\n".to_owned()),
            ("by its chunks", format!("transfer-encoding: chunked\r\n\r\n{chunk}{chunk}")),
            ("by one chunk", format!("transfer-encoding: chunked\r\n\r\n65\r\n{}\r\n0\r\n\r\n", "a".repeat(101))),
        ] {
            let mut client = server.connect().await;
            client
                .send(format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{request}"))
                .await;
            let response = client.message().await;
            assert_eq!(response.status(), 413, "{path} {name}");
            let error = &response.json()["error"];
            assert!(error["message"].as_str().unwrap().contains("larger than"), "{path} {name}");
            assert_eq!(error["type"] == "invalid_request_error", path == CHAT, "{path} {name}: {error}");
        }
        let mut client = server.connect().await;
        client.send(format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{}", "a".repeat(100))).await;
        assert_eq!(client.message().await.status(), 200);
    }
    let whole = recorder.so_far().into_iter().filter(|seen| matches!(seen, super::support::recorder::Seen::Request(_)));
    assert_eq!(whole.count(), 2, "of the others the upstream heard no end");
    drop(recorder);
    server.settled(before).await;
}

#[tokio::test]
async fn an_announced_body_is_asked_for_and_passes() {
    let (mut recorder, server) = recorded("").await;
    let mut client = server.connect().await;
    client.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n")).await;
    assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("{}").await;
    assert_eq!(client.message().await.status(), 200);
    let request = recorder.request().await;
    assert_eq!((request.body.as_slice(), request.header("expect")), (&b"{}"[..], None));
}

/// More than a hundred megabytes, each way at once with a few others.
const LARGE: usize = 120 << 20;
const PIECE: usize = 1 << 16;

#[tokio::test]
async fn bodies_of_any_size_stream_through_with_bounded_memory() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let upstream = Upstream::start().await;
    let server = Watched::start(&upstream.url(), "").await;
    let before = at_rest(&server).await;
    let memory = server.memory("VmHWM");
    for (path, chunked) in [(CHAT, false), (CHAT, true), ("/v1/files", false)] {
        let mut client = server.connect().await;
        let framing =
            if chunked { "transfer-encoding: chunked".to_owned() } else { format!("content-length: {LARGE}") };
        client
            .send(format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{framing}\r\n\r\n"))
            .await;
        let (mut answer, mut body) = client.socket.into_split();
        let sending = tokio::spawn(async move {
            let piece = [b'x'; PIECE];
            let chunk = [format!("{PIECE:x}\r\n").as_bytes(), &piece, b"\r\n"].concat();
            for _ in 0..LARGE / PIECE {
                body.write_all(if chunked { &chunk } else { &piece }).await.unwrap();
            }
            if chunked {
                body.write_all(b"0\r\n\r\n").await.unwrap();
            }
            body
        });
        let mut there = upstream.accept().await;
        let head = there.head().await;
        let mut received = 0;
        if chunked {
            assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
            loop {
                let chunk = there.chunk().await;
                if chunk.is_empty() {
                    break;
                }
                received += chunk.len();
            }
            there.until("\r\n").await;
        } else {
            while received < LARGE {
                received += there.exactly(PIECE).await.len();
            }
        }
        assert_eq!(received, LARGE);
        let _body = within(sending).await.unwrap();
        there.send(ok("{}")).await;
        let mut response = vec![0; 4096];
        let read = within(answer.read(&mut response)).await.unwrap();
        assert!(response[..read].starts_with(b"HTTP/1.1 200 OK"));
    }
    let grown = server.memory("VmHWM").saturating_sub(memory);
    // What is read before it is given up on (4 MiB), twice while it is copied together, and buffers.
    assert!(grown < 20 << 20, "{grown} bytes for bodies of {LARGE}");
    server.settled(before).await;
}

#[tokio::test]
async fn requests_of_all_kinds_leave_no_memory_behind() {
    let recorder = Recorder::start().await;
    let server = Watched::start(&recorder.url(), "[limits]\ndecoded-bytes = \"1MiB\"").await;
    let before = at_rest(&server).await;
    let large = format!("{{\"messages\":[{{\"role\":\"user\",\"content\":\"{}\"}}]}}", "word ".repeat(20_000));
    let small = gzip(large.as_bytes());
    let bomb = gzip(&vec![b' '; 16 << 20]);
    let mut after_warming = 0;
    for round in 0..60 {
        call(&server, "", large.as_bytes()).await;
        call(&server, "content-encoding: gzip\r\n", &small).await;
        call(&server, "content-encoding: gzip\r\n", &bomb).await;
        for broken in ["POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nab", "GET / HT", "\0\r\n\r\n"] {
            let mut client = server.connect().await;
            client.send(broken).await;
        }
        if round == 20 {
            server.settled(before).await;
            after_warming = server.memory("VmRSS");
        }
    }
    server.settled(before).await;
    let now = server.memory("VmRSS");
    assert!(now < after_warming + (3 << 20), "{after_warming} bytes after a third, {now} at the end");
}
