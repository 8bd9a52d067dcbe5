//! Streams that are no events, over loopback: passed at once, and told of in their own form when they break off.

use serde_json::Value;

use super::support::wire::post;
use super::support::{Peer, Proxy, Upstream};

/// A call whose answer is streamed, and the beginning of the answer in the form of its dialect.
struct Stream {
    target: &'static str,
    request: &'static str,
    content_type: &'static str,
    /// Pieces between which something could stand.
    pieces: [&'static str; 2],
}

const CONTENTS: &str = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;

const STREAMS: [Stream; 3] = [
    Stream {
        target: "/api/chat",
        request: r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#,
        content_type: "application/x-ndjson",
        pieces: [
            "{\"message\":{\"content\":\"a\"},\"done\":false}\n",
            "{\"message\":{\"content\":\"b\"},\"done\":false}\n",
        ],
    },
    Stream {
        target: "/v1beta/models/m:streamGenerateContent",
        request: CONTENTS,
        content_type: "application/json; charset=UTF-8",
        pieces: ["[{\"candidates\":[]}\n", ",\r\n{\"candidates\":[]}\n"],
    },
    Stream {
        target: "/v1beta/models/m:streamGenerateContent?alt=sse",
        request: CONTENTS,
        content_type: "text/event-stream",
        pieces: ["data: {\"candidates\":[]}\r\n\r\n", "data: {\"candidates\":[]}\r\n\r\n"],
    },
];

/// Sends the call, and lets the upstream answer with a head and these pieces, each of which the client has before the next.
async fn begun(proxy: &Proxy, upstream: &Upstream, stream: &Stream, pieces: &[&str]) -> (Peer, Peer) {
    let mut client = proxy.connect().await;
    client.send(post(stream.target, stream.request)).await;
    let mut there = upstream.accept().await;
    let received = there.message().await;
    assert_eq!(received.body, stream.request.as_bytes());
    assert_eq!(received.line(), format!("POST {} HTTP/1.1", stream.target));
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: {}\r\ntransfer-encoding: chunked\r\n\r\n", stream.content_type);
    there.send(head).await;
    for piece in pieces {
        there.send(format!("{:x}\r\n{piece}\r\n", piece.len())).await;
        client.until(piece).await;
    }
    (client, there)
}

/// The chunks that are left, without their framing.
fn unchunked(rest: &[u8]) -> String {
    let mut text = std::str::from_utf8(rest).unwrap().trim_start_matches("\r\n");
    let mut body = String::new();
    while let Some((size, after)) = text.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        assert_ne!(size, 0, "it does not look whole");
        body += &after[..size];
        text = after[size..].trim_start_matches("\r\n");
    }
    body
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_so_in_its_own_form() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    for stream in &STREAMS {
        let (client, there) = begun(&proxy, &upstream, stream, &stream.pieces).await;
        drop(there);
        let mut client = client;
        let added = unchunked(&client.rest().await);
        let all = stream.pieces.concat() + &added;
        let payloads: Vec<Value> = match stream.content_type {
            "application/x-ndjson" => all.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            "text/event-stream" => {
                let events = all.split_terminator("\r\n\r\n");
                events.map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap()).collect()
            }
            _ => serde_json::from_str(&all).unwrap(),
        };
        assert_eq!(payloads.len(), 3, "{all}");
        let error = &payloads[2]["error"];
        let message = error.as_str().or(error["message"].as_str()).unwrap();
        assert!(message.contains("broke off"), "{all}");
        if error.is_object() {
            assert_eq!((&error["code"], &error["status"]), (&502.into(), &"UNAVAILABLE".into()), "{all}");
        }
    }
}

#[tokio::test]
async fn in_the_middle_of_a_payload_nothing_is_added() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    for stream in &STREAMS {
        let (first, half) = (stream.pieces[0], &stream.pieces[1][..9]);
        let (client, there) = begun(&proxy, &upstream, stream, &[first, half]).await;
        drop(there);
        let mut client = client;
        let rest = client.rest().await;
        assert!(matches!(rest.as_slice(), b"" | b"\r\n"), "{:?}", String::from_utf8_lossy(&rest));
    }
}

#[tokio::test]
async fn an_upstream_that_is_down_is_told_of_in_the_envelope_of_each_dialect() {
    let upstream = Upstream::start().await;
    let url = upstream.url();
    drop(upstream);
    let proxy = Proxy::start(&url).await;
    let mut client = proxy.connect().await;
    for stream in &STREAMS {
        client.send(post(stream.target, stream.request)).await;
        let response = client.message().await;
        assert_eq!((response.status(), response.header("content-type")), (502, Some("application/json")));
        let json = response.json();
        let expected = match stream.target {
            "/api/chat" => serde_json::json!({"error": "The upstream API could not be reached."}),
            _ => serde_json::json!({"error": {
                "code": 502, "message": "The upstream API could not be reached.", "status": "UNAVAILABLE",
            }}),
        };
        assert_eq!(json, expected, "{}", stream.target);
    }
    let routes = ["/v1beta/models/m:countTokens", "/v1beta/models/m:embedContent", "/api/embed", "/api/tags"];
    for target in routes {
        client.send(post(target, "{}")).await;
        assert_eq!(client.message().await.json()["error"]["code"], "bad_gateway", "{target}");
    }
}
