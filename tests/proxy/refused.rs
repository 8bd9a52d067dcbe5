//! Refused or broken off: heads that are no HTTP, bodies over a limit, clients that leave; and that each is counted and
//! recorded for what it is.

use bytes::Bytes;
use groundwire::dialogue::Bypass;
use groundwire::observe::Ending;
use http_body_util::Channel;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::support::wire::{ok, post};
use super::support::{Proxy, Upstream, within};

const CHAT: &str = "/v1/chat/completions";

/// Waits until `/metrics` shows `line`; what is counted after the client has its answer is there a moment later.
async fn counted(proxy: &Proxy, line: &str) {
    within(async {
        while !proxy.ask_admin("/metrics").await.1.contains(line) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_answered_closed_and_counted() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nhead-bytes = \"8KiB\"").await;
    let long = "a".repeat(9000);
    let many = (0..200).map(|i| format!("x-{i}: 1\r\n")).collect::<String>();
    let rows = [
        ("nonsense\r\n\r\n".to_owned(), 400, "bad_head"),
        ("GET / HTTP/3.7\r\nhost: x\r\n\r\n".to_owned(), 400, "bad_head"),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), 400, "bad_head"),
        ("POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(), 400, "bad_head"),
        (format!("GET / HTTP/1.1\r\nx-long: {long}\r\n\r\n"), 431, "head_too_large"),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), 431, "head_too_large"),
    ];
    let mut counts = std::collections::HashMap::new();
    for (head, status, reason) in rows {
        let mut client = proxy.connect().await;
        client.send(&head).await;
        let response = client.message().await;
        assert_eq!(response.status(), status, "{}", &head[..head.len().min(80)]);
        assert_eq!((response.header("content-length"), response.body.len()), (Some("0"), 0));
        assert_eq!(response.header("connection"), Some("close"));
        client.closed().await;
        let count = counts.entry(reason).and_modify(|count| *count += 1).or_insert(1);
        counted(&proxy, &format!("groundwire_connections_failed_total{{reason=\"{reason}\"}} {count}")).await;
    }
    let hurried = Proxy::configured(&upstream.url(), "[limits]\nhead-timeout = \"100ms\"").await;
    let mut client = hurried.connect().await;
    client.send("GET / HTTP/1.1\r\nx-slow").await;
    client.closed().await;
    counted(&hurried, "groundwire_connections_failed_total{reason=\"head_too_slow\"} 1").await;
    counted(&proxy, "groundwire_connections 0").await;
    // None of them is in the way of those who come next.
    let mut client = proxy.connect().await;
    client.send("GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(upstream.accept().await.message().await.line(), "GET /v1/models HTTP/1.1");
}

#[tokio::test]
async fn a_connection_that_ends_in_the_middle_is_counted_by_what_ended_it() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nhead-bytes = \"1MiB\"").await;
    let mut client = proxy.connect().await;
    client.send(format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000))).await;
    assert_eq!(client.message().await.status(), 414);
    client.closed().await;
    counted(&proxy, "groundwire_connections_failed_total{reason=\"head_too_large\"} 1").await;
    let mut client = proxy.connect().await;
    client.send("GET / HT").await;
    drop(client);
    counted(&proxy, "groundwire_connections_failed_total{reason=\"client_left\"} 1").await;
    let mut client = proxy.connect().await;
    // A frame of DATA on stream 0, which RFC 9113, section 6.1, forbids.
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x01\0\0\0\0\0\0a").await;
    client.rest().await;
    counted(&proxy, "groundwire_connections_failed_total{reason=\"http2\"} 1").await;
    // One that is closed where nothing is under way has not failed.
    let mut client = proxy.connect().await;
    client.send("GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send(ok("{}")).await;
    client.message().await;
    drop(client);
    counted(&proxy, "groundwire_connections 0").await;
    let (_, metrics) = proxy.ask_admin("/metrics").await;
    let failed = metrics.lines().filter(|line| line.starts_with("groundwire_connections_failed_total"));
    let sum: u32 = failed.filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok()).sum();
    assert_eq!(sum, 3, "{metrics}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_recorded_however_its_size_is_told() {
    let upstream = Upstream::start().await;
    let mut proxy = Proxy::configured(&upstream.url(), "[limits]\nmax-body = \"10B\"").await;
    let told = format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 11\r\n\r\n");
    let untold = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nb\r\n{{\"messages\"\r\n0\r\n\r\n"
    );
    for (i, request) in [told, untold].into_iter().enumerate() {
        let mut client = proxy.connect().await;
        client.send(request).await;
        let response = client.message().await;
        assert_eq!(response.status(), 413);
        assert_eq!(response.json()["error"]["type"], "invalid_request_error");
        let record = proxy.record().await;
        assert_eq!((record.ending, record.status, record.bypass), (Ending::Refused, Some(413), Some(Bypass::TooLarge)));
        let n = i + 1;
        counted(&proxy, &format!("groundwire_responses_total{{status=\"413\",ending=\"refused\"}} {n}")).await;
        counted(&proxy, &format!("groundwire_bypasses_total{{reason=\"too_large\"}} {n}")).await;
        counted(&proxy, &format!("groundwire_faults_total{{origin=\"client\",kind=\"body_too_large\"}} {n}")).await;
    }
}

#[tokio::test]
async fn a_body_that_stands_still_is_recorded_as_refused() {
    let upstream = Upstream::start().await;
    let mut proxy = Proxy::configured(&upstream.url(), "[limits]\nidle-timeout = \"100ms\"").await;
    let mut client = proxy.connect().await;
    client.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")).await;
    assert_eq!(client.message().await.status(), 408);
    let record = proxy.record().await;
    assert_eq!((record.ending, record.status, record.bypass), (Ending::Refused, Some(408), Some(Bypass::Truncated)));
}

#[tokio::test]
async fn a_client_that_breaks_off_a_body_that_streams_through_has_left() {
    let upstream = Upstream::start().await;
    let mut proxy = Proxy::configured(&upstream.url(), "[limits]\nclassify-bytes = \"10B\"").await;
    // With a length and without, with a goodbye and without, before the upstream answered and after.
    for (length, reset, answered) in
        [true, false].into_iter().flat_map(|l| [(l, true, false), (l, false, false), (l, true, true), (l, false, true)])
    {
        let mut client = proxy.connect().await;
        let framing = if length { "content-length: 1000\r\n\r\n" } else { "transfer-encoding: chunked\r\n\r\n40\r\n" };
        client.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\n{framing}{}", "a".repeat(50))).await;
        let mut there = upstream.accept().await;
        there.until("aaaaaaaaaa").await;
        if answered {
            there.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nz\r\n").await;
            client.until("z\r\n").await;
        }
        if reset {
            client.reset();
        } else {
            drop(client);
        }
        there.rest().await;
        let record = proxy.record().await;
        assert_eq!(record.ending, Ending::ClientLeft, "{length} {reset} {answered}");
        assert_eq!(record.bypass, Some(Bypass::TooLarge));
    }
    // Over HTTP/2 a client leaves by resetting its stream.
    for answered in [false, true] {
        let socket = TcpStream::connect(proxy.address).await.unwrap();
        let (mut sender, connection) =
            within(http2::handshake(TokioExecutor::new(), TokioIo::new(socket))).await.unwrap();
        tokio::spawn(connection);
        let (mut feed, body) = Channel::<Bytes, std::io::Error>::new(1);
        let request = http::Request::post(format!("http://proxy{CHAT}")).body(body).unwrap();
        let response = tokio::spawn(sender.send_request(request));
        feed.send_data(Bytes::from("a".repeat(50))).await.unwrap();
        let mut there = upstream.accept().await;
        there.until("aaaaaaaaaa").await;
        if answered {
            there.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nz\r\n").await;
        }
        feed.abort(std::io::Error::other("changed my mind"));
        there.rest().await;
        assert_eq!(proxy.record().await.ending, Ending::ClientLeft, "{answered}");
        drop(response);
    }
    // An upstream that breaks off such a body is still to blame for it.
    let mut client = proxy.connect().await;
    client.send(format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{}", "a".repeat(50))).await;
    let mut there = upstream.accept().await;
    there.until("aaaaaaaaaa").await;
    there.reset();
    assert_eq!(client.message().await.status(), 502);
    assert_eq!(proxy.record().await.ending, Ending::UpstreamFailed);
}

#[tokio::test]
async fn of_two_wishes_the_stricter_counts_and_of_two_conversations_none() {
    let upstream = Upstream::start().await;
    let mut proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    let mut there = None;
    let body = r#"{"metadata":{"thread_id":"t"},"messages":[{"role":"user","content":"hi"}]}"#;
    for (headers, bypass, source) in [
        ("x-groundwire-mode: observe\r\nx-groundwire-mode: off\r\n", "opted_out", None),
        ("x-groundwire-mode: off\r\nx-groundwire-mode: observe\r\n", "opted_out", None),
        ("x-groundwire-mode: observe, off\r\n", "opted_out", None),
        ("x-groundwire-mode: observe\r\nx-groundwire-mode: observe\r\n", "no_model", Some("body")),
        ("x-groundwire-conversation: a\r\nx-groundwire-conversation: a\r\n", "no_model", Some("header")),
        ("x-groundwire-conversation: a\r\nx-groundwire-conversation: b\r\n", "no_model", Some("body")),
    ] {
        client.send(post(CHAT, body).replacen("\r\n", &format!("\r\n{headers}"), 1)).await;
        if there.is_none() {
            there = Some(upstream.accept().await);
        }
        let there = there.as_mut().unwrap();
        assert!(!there.message().await.head.contains("x-groundwire"));
        there.send(ok("{}")).await;
        client.message().await;
        let record = serde_json::to_value(&*proxy.record().await).unwrap();
        assert_eq!((&record["bypass"], &record["conversation_source"]), (&bypass.into(), &source.into()), "{headers}");
    }
}
