//! Shapes that two readers of HTTP/1.1 may take for different requests: each is refused, or goes on as exactly one that
//! leaves nothing to interpret. After those of the PortSwigger and RFC 9112 (sections 2.2, 5.1, 6.1, 6.3, 7.1) literature.

use super::support::recorder::{Recorder, Seen};
use super::support::watched::Watched;
use super::{CHAT, at_rest, recorded};

/// What becomes of a shape.
enum Fate {
    /// The client gets this status, the connection ends, and the upstream never hears a whole request.
    Refused(u16),
    /// The upstream gets one request with this body.
    Forwarded(&'static str),
}
use Fate::{Forwarded, Refused};

/// Sends bytes as they are; the path tells the row.
async fn play(server: &Watched, recorder: &mut Recorder, row: usize, name: &str, shape: &[u8], fate: &Fate) {
    let mut client = server.connect().await;
    client.send(shape).await;
    match fate {
        Refused(status) => {
            let response = client.message().await;
            assert_eq!(response.status(), *status, "{name}");
            client.closed().await;
        }
        Forwarded(body) => {
            let request = recorder.request().await;
            assert_eq!(String::from_utf8_lossy(&request.body), *body, "{name}");
            assert!(request.trailers.is_empty(), "{name}: {:?}", request.trailers);
            assert_eq!(client.message().await.status(), 200, "{name}");
        }
    }
    // Whatever comes next at the upstream is the next client's, whole: nothing was left in between.
    let mut next = server.connect().await;
    next.send(format!("GET /after/{row} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    loop {
        match recorder.next().await {
            Seen::Request(request) => {
                assert_eq!(request.line, format!("GET /after/{row} HTTP/1.1"), "{name}");
                break;
            }
            // A body that broke off in the middle had gone on so far; that is no request.
            Seen::Broken(so_far) if matches!(fate, Refused(_)) => assert!(!so_far.contains("\r\n0\r\n"), "{so_far}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(next.message().await.status(), 200, "{name}");
}

fn post(fields: &str, body: &str) -> Vec<u8> {
    format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\n{fields}\r\n{body}").into_bytes()
}

async fn all(rows: Vec<(&'static str, Vec<u8>, Fate)>) {
    let (mut recorder, server) = recorded("").await;
    let before = at_rest(&server).await;
    for (row, (name, shape, fate)) in rows.iter().enumerate() {
        play(&server, &mut recorder, row, name, shape, fate).await;
    }
    assert!(recorder.so_far().is_empty());
    drop(recorder);
    server.settled(before).await;
}

#[tokio::test]
async fn two_framings() {
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    let both = "content-length: 6\r\ntransfer-encoding: chunked\r\n";
    let chunk = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
    let chunked = "5\r\nhello\r\n0\r\n\r\n";
    let te = |value: &str| post(&format!("transfer-encoding: {value}\r\n"), chunked);
    all(vec![
        ("CL.TE", post(both, "0\r\n\r\nG"), Forwarded("")),
        (
            "TE.CL",
            post("content-length: 4\r\ntransfer-encoding: chunked\r\n", &chunk),
            Forwarded("GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n"),
        ),
        ("TE.TE, twice", post("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", chunked), Refused(501)),
        (
            "TE.TE, the second unknown",
            post("transfer-encoding: chunked\r\ntransfer-encoding: x\r\n", chunked),
            Refused(400),
        ),
        (
            "TE.TE, the first unknown",
            post("transfer-encoding: x\r\ntransfer-encoding: chunked\r\n", chunked),
            Refused(501),
        ),
        ("TE in a list with another", te("identity, chunked"), Refused(501)),
        ("TE that is compressed, too", te("gzip, chunked"), Refused(501)),
        ("TE in capitals", te("CHUNKED"), Forwarded("hello")),
        ("TE that only resembles", te("xchunked"), Refused(400)),
        ("TE in quotes", te("\"chunked\""), Refused(400)),
        ("TE behind a vertical tab", te("\u{b}chunked"), Refused(400)),
        ("TE without a value", te(""), Refused(400)),
        ("TE with a space before its colon", post("transfer-encoding : chunked\r\n", chunked), Refused(400)),
        ("TE behind a bare LF in a value", post("x: a\ntransfer-encoding: chunked\r\n", chunked), Forwarded("hello")),
        (
            "TE in HTTP/1.0",
            format!("POST {CHAT} HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n{chunked}").into_bytes(),
            Refused(400),
        ),
        (
            "CL named by Connection",
            post("connection: content-length\r\ncontent-length: 5\r\n", "hello"),
            Forwarded("hello"),
        ),
        (
            "TE named by Connection",
            post("connection: transfer-encoding\r\ntransfer-encoding: chunked\r\n", chunked),
            Forwarded("hello"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn lengths() {
    let length = |value: &str| post(&format!("content-length: {value}\r\n"), "hello");
    all(vec![
        ("two that are equal", post("content-length: 5\r\ncontent-length: 5\r\n", "hello"), Forwarded("hello")),
        ("two that differ", post("content-length: 5\r\ncontent-length: 6\r\n", "hello"), Refused(400)),
        ("a list", length("5, 5"), Refused(400)),
        ("a sign", length("+5"), Refused(400)),
        ("a negative one", length("-5"), Refused(400)),
        ("hexadecimal", length("0x5"), Refused(400)),
        ("with a space", length("5 5"), Refused(400)),
        ("empty", length(""), Refused(400)),
        ("more than a number can be", length("99999999999999999999"), Refused(400)),
        ("leading zeros", length("0005"), Forwarded("hello")),
    ])
    .await;
}

#[tokio::test]
async fn chunks() {
    let chunks = |body: &str| post("transfer-encoding: chunked\r\n", body);
    let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(20_000));
    all(vec![
        ("an extension", chunks("5;name=value\r\nhello\r\n0\r\n\r\n"), Forwarded("hello")),
        ("an extension that is very long", chunks(&long), Refused(400)),
        ("an extension with a bare LF", chunks("5;a\nhello\r\n0\r\n\r\n"), Refused(400)),
        ("a size that is no number", chunks("zz\r\nhello\r\n0\r\n\r\n"), Refused(400)),
        ("no size", chunks("\r\nhello\r\n0\r\n\r\n"), Refused(400)),
        ("a negative size", chunks("-5\r\nhello\r\n0\r\n\r\n"), Refused(400)),
        ("a size with a prefix", chunks("0x5\r\nhello\r\n0\r\n\r\n"), Refused(400)),
        ("a size that is too large to be one", chunks("10000000000000005\r\nhello\r\n0\r\n\r\n"), Refused(400)),
        ("a bare LF behind the size", chunks("5\nhello\r\n0\r\n\r\n"), Refused(400)),
        ("a chunk that is longer than it says", chunks("3\r\nhello\r\n0\r\n\r\n"), Refused(400)),
        ("leading zeros", chunks("0005\r\nhello\r\n0\r\n\r\n"), Forwarded("hello")),
        (
            "framing in the trailers",
            chunks("5\r\nhello\r\n0\r\ncontent-length: 50\r\ntransfer-encoding: x\r\n\r\n"),
            Forwarded("hello"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn heads() {
    let head = |fields: &str| post(&format!("content-length: 5\r\n{fields}\r\n"), "hello");
    let line = |line: &str| format!("{line}\r\nhost: x\r\n\r\n").into_bytes();
    all(vec![
        ("a folded value", head("x-a: 1\r\n 2"), Refused(400)),
        ("a folded first line", post(" x: 1\r\ncontent-length: 5\r\n", "hello"), Refused(400)),
        ("a space in a name", head("x a: 1"), Refused(400)),
        ("a space behind a name", head("x-a : 1"), Refused(400)),
        ("a tab behind a name", head("x-a\t: 1"), Refused(400)),
        ("no name", head(": 1"), Refused(400)),
        ("no colon", head("x-a"), Refused(400)),
        ("NUL in a value", head("x-a: 1\0b"), Refused(400)),
        ("NUL in a name", head("x\0a: 1"), Refused(400)),
        ("a bare CR in a value", head("x-a: 1\r2"), Refused(400)),
        (
            "bare LFs throughout",
            format!("POST {CHAT} HTTP/1.1\nhost: x\ncontent-length: 5\n\nhello").into_bytes(),
            Forwarded("hello"),
        ),
        ("two hosts", head("host: evil.example"), Forwarded("hello")),
        (
            "another host in the target",
            format!("POST http://evil.example{CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello")
                .into_bytes(),
            Forwarded("hello"),
        ),
        ("NUL in the target", line("GET /a\0b HTTP/1.1"), Refused(400)),
        ("a space in the target", line("GET /a b HTTP/1.1"), Refused(400)),
        ("a tab for a space", line("GET\t/a\tHTTP/1.1"), Refused(400)),
        ("a version in small letters", line("GET /a http/1.1"), Refused(400)),
        ("no version", line("GET /a"), Refused(400)),
        ("empty lines before the first", [b"\r\n\r\n", &head("x-a: 1")[..]].concat(), Forwarded("hello")),
    ])
    .await;
}

#[tokio::test]
async fn requests_that_follow_one_another_stay_apart() {
    let (mut recorder, server) = recorded("").await;
    let mut client = server.connect().await;
    // Three in one write, the second with a body that looks like a request.
    let body = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    client
        .send(format!(
            "GET /1 HTTP/1.1\r\nhost: x\r\n\r\nPOST /2 HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}GET /3 HTTP/1.1\r\nhost: x\r\n\r\n",
            body.len()
        ))
        .await;
    for (line, body) in [("GET /1 HTTP/1.1", ""), ("POST /2 HTTP/1.1", body), ("GET /3 HTTP/1.1", "")] {
        let request = recorder.request().await;
        assert_eq!((&*request.line, &*request.body), (line, body.as_bytes()));
        assert_eq!(client.message().await.status(), 200);
    }
}
