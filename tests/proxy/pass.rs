//! What passes: bodies, paths, heads, streams; and what must stay behind.

use std::sync::Arc;

use groundwire::classify::{Classifier, Judging, ModelId};
use groundwire::dialogue::{Conversation, Gap, Id};

use super::support::told::judgement;
use super::support::wire::{ok, post};
use super::support::{Proxy, Upstream, config};

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn a_request_and_its_response_pass_as_they_are() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    // Key order, spaces, duplicate keys, a number that no double holds, an escape that need not be one.
    let body = r#"{ "z":1,"model" : "m","messages":[{"role":"user","content":"\u0068i"}],"z":1e400,"a":null }"#;
    client.send(post(CHAT, body)).await;
    let mut there = upstream.accept().await;
    let request = there.message().await;
    assert_eq!(request.line(), "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(request.body, body.as_bytes());
    assert_eq!(request.header("content-length"), Some(&*body.len().to_string()));
    assert_eq!(request.header("host"), Some(&*upstream.address().to_string()));
    let mut names: Vec<&str> = request.head.lines().skip(1).filter_map(|l| l.split_once(':')).map(|(n, _)| n).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "content-type", "host"], "nothing of ours is added");
    there.send(ok(r#"{"choices" : [] }"#)).await;
    let response = client.message().await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.body, br#"{"choices" : [] }"#);
    assert!(response.header("via").is_none() && response.header("connection").is_none());
}

#[tokio::test]
async fn paths_queries_and_methods_are_kept_byte_for_byte() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&format!("{}/base//x/", upstream.url())).await;
    let mut client = proxy.connect().await;
    let mut there = None;
    for (method, path, arrives) in [
        ("GET", "/v1/models", "/base//x/v1/models"),
        ("GET", "//a//b/", "/base//x//a//b/"),
        ("DELETE", "/v1/files/a%2Fb?x=%20&y=a+b&&z", "/base//x/v1/files/a%2Fb?x=%20&y=a+b&&z"),
        ("PATCH", "/?", "/base//x/?"),
        ("PURGE", "/a/../b/./c", "/base//x/a/../b/./c"),
        ("GET", "http://evil.example/steal?key=1", "/base//x/steal?key=1"),
        ("OPTIONS", "*", "*"),
    ] {
        client.send(format!("{method} {path} HTTP/1.1\r\nhost: proxy\r\n\r\n")).await;
        if there.is_none() {
            there = Some(upstream.accept().await);
        }
        let there = there.as_mut().unwrap();
        let request = there.message().await;
        assert_eq!(request.line(), format!("{method} {arrives} HTTP/1.1"));
        assert_eq!(request.header("host"), Some(&*upstream.address().to_string()));
        assert!(request.header("content-length").is_none() && request.header("transfer-encoding").is_none());
        there.send("HTTP/1.1 204 No Content\r\nx-answer: 1\r\n\r\n").await;
        let response = client.message().await;
        assert_eq!((response.status(), response.header("x-answer")), (204, Some("1")));
    }
}

#[tokio::test]
async fn what_is_for_one_hop_stays_there() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client
        .send(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: proxy\r\nconnection: keep-alive, x-mine\r\nx-mine: 1\r\n\
             keep-alive: timeout=5\r\nproxy-authorization: Basic eA==\r\nproxy-connection: keep-alive\r\n\
             te: gzip, trailers\r\nauthorization: Bearer k\r\nx-groundwire-mode: off\r\nx-groundwire-later: 1\r\n\
             accept-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
        )
        .await;
    let mut there = upstream.accept().await;
    let request = there.message().await;
    let mut names: Vec<&str> = request.head.lines().skip(1).filter_map(|l| l.split_once(':')).map(|(n, _)| n).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept-encoding", "authorization", "content-length", "host", "te"]);
    assert_eq!(request.header("te"), Some("trailers"));
    there
        .send(
            "HTTP/1.1 200 OK\r\nconnection: close, x-theirs\r\nx-theirs: 1\r\nkeep-alive: timeout=5\r\n\
             proxy-authenticate: Basic\r\nupgrade: h2c\r\nx-request-id: r\r\ncontent-length: 2\r\n\r\n{}",
        )
        .await;
    let response = client.message().await;
    for name in ["x-theirs", "keep-alive", "proxy-authenticate", "upgrade", "connection"] {
        assert!(response.header(name).is_none(), "{name}: {}", response.head);
    }
    assert_eq!(response.header("x-request-id"), Some("r"));
    // The upstream's wish to close was the upstream's; the client's connection lives on.
    client.send("GET /again HTTP/1.1\r\nhost: proxy\r\n\r\n").await;
    assert_eq!(upstream.accept().await.message().await.line(), "GET /again HTTP/1.1");
}

#[tokio::test]
async fn chunks_and_trailers_pass_both_ways() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client
        .send(
            "POST /v1/audio HTTP/1.1\r\nhost: proxy\r\nte: trailers\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n\
             3\r\nabc\r\n",
        )
        .await;
    let mut there = upstream.accept().await;
    let head = there.head().await;
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert_eq!(there.chunk().await, b"abc", "a chunk leaves before the next one comes");
    client.send("2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n").await;
    assert_eq!(there.chunk().await, b"de");
    assert!(there.chunk().await.is_empty());
    assert_eq!(there.until("\r\n\r\n").await.to_lowercase(), "x-sum: 5\r\n\r\n");
    there
        .send("HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n1\r\nz\r\n0\r\nx-sum: 1\r\n\r\n")
        .await;
    let response = client.message().await;
    assert_eq!(response.body, b"z");
    assert_eq!(response.trailers.to_lowercase(), "x-sum: 1\r\n");
}

#[tokio::test]
async fn every_event_of_a_stream_leaves_at_once() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client.send(post(CHAT, r#"{"stream":true,"messages":[{"role":"user","content":"hi"}]}"#)).await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "the head leaves before any body");
    for i in 0..50 {
        // An event, half of one, and a byte that is part of a character.
        for piece in [format!("data: {i}\n\n").as_bytes(), b"data: {\"a\":", b"\xe2", b"\x98\x83\"}\r\r"] {
            there.send([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()).await;
            assert_eq!(client.chunk().await, piece, "nothing is sent after it until it is here");
        }
    }
    there.send("0\r\n\r\n").await;
    assert!(client.chunk().await.is_empty());
}

#[tokio::test]
async fn responses_without_a_body_stay_so() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client.send("HEAD /v1/models HTTP/1.1\r\nhost: proxy\r\n\r\n").await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send("HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n").await;
    assert!(client.head().await.contains("content-length: 1234"));
    client.send("GET /v1/models HTTP/1.1\r\nhost: proxy\r\n\r\n").await;
    there.message().await;
    there.send("HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 304"));
    client.send("GET /v1/models HTTP/1.1\r\nhost: proxy\r\n\r\n").await;
    there.message().await;
    there.send(ok("{}")).await;
    assert_eq!(client.message().await.body, b"{}");
}

#[tokio::test]
async fn a_client_that_waits_for_100_gets_it() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client
        .send("POST /v1/chat/completions HTTP/1.1\r\nhost: proxy\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        .await;
    assert!(client.head().await.starts_with("HTTP/1.1 100"));
    client.send("{}").await;
    let mut there = upstream.accept().await;
    let request = there.message().await;
    assert!(request.header("expect").is_none());
    // Interim responses of the upstream are its own affair with us.
    there.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n").await;
    there.send(ok("{}")).await;
    assert_eq!(client.message().await.status(), 200);
}

#[tokio::test]
async fn versions_are_each_hops_own() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client.send("GET /old HTTP/1.0\r\n\r\n").await;
    let mut there = upstream.accept().await;
    assert_eq!(there.message().await.line(), "GET /old HTTP/1.1");
    there.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n").await;
    let answer = String::from_utf8(client.rest().await).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with("\r\n\r\nhi"), "{answer}");
    let mut client = proxy.connect().await;
    client.send("GET /new HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(there.message().await.line(), "GET /new HTTP/1.1");
    there.send("HTTP/1.0 200 OK\r\n\r\nuntil the end").await;
    drop(there);
    let response = client.message().await;
    assert_eq!((response.line(), response.body.as_slice()), ("HTTP/1.1 200 OK", &b"until the end"[..]));
}

/// Finds every turn to need a question about a vague goal.
pub(super) struct AlwaysVague;

impl Classifier for AlwaysVague {
    fn judge(&self, _: Id, _: &Conversation<'_>, _: usize) -> Judging {
        Judging::ready(Ok(Arc::new(judgement(1.0, Gap::VagueGoal))))
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}

#[tokio::test]
async fn a_steered_turn_arrives_whole_with_its_new_length() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::judging(&config(&upstream.url(), ""), AlwaysVague).await;
    let mut client = proxy.connect().await;
    let (start, end) = (r#"{ "z":1e400, "messages":[{"role":"user","content":"Fix it"#, r#""}],"a":null }"#);
    let body = format!("{start}{end}");
    let chunked = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let mut there = None;
    for request in [post(CHAT, &body), chunked] {
        client.send(request).await;
        if there.is_none() {
            there = Some(upstream.accept().await);
        }
        let there = there.as_mut().unwrap();
        let steered = there.message().await;
        let text = String::from_utf8(steered.body).unwrap();
        assert!(text.starts_with(start) && text.ends_with(end) && text.len() > body.len(), "{text}");
        there.send(ok("{}")).await;
        let response = client.message().await;
        assert_eq!(response.header("x-groundwire-act"), Some("clarify"));
        assert_eq!(response.header("x-groundwire-turn").map(str::len), Some(32));
    }
}
