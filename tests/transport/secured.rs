//! Clients over TLS: what they get, what those get who do not speak it, and who is let in.

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::authority::Authority;
use super::client::{Client, chat, plain, secure};
use super::echo::Echo;
use super::sidecar::{Sidecar, configure};
use super::support::wire::{ok, post};
use super::support::{Peer, Upstream, within};

/// A body that an edit or a second writer would not leave as it is.
pub const BODY: &str = r#"{ "messages": [{"role":"user","content":"h\u00e9"}],  "seed": 1e400 }"#;

/// A sidecar before `upstream` with a certificate for `localhost`, and who signed that.
pub async fn sidecar(upstream: &str, tls: &str) -> (Sidecar, Authority) {
    let authority = Authority::new("servers");
    let folder = tempfile::TempDir::new().unwrap();
    authority.issue(&["localhost"]).write(folder.path(), "server");
    configure(
        folder.path(),
        &format!("upstream = \"{upstream}\"\n[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n{tls}"),
    );
    (Sidecar::start_in(folder, &[]).await, authority)
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls() {
    let echo = Echo::start("it", None).await;
    let (sidecar, authority) = sidecar(&echo.url(), "").await;
    for (offered, chosen) in [(&["h2", "http/1.1"][..], Some("h2")), (&["http/1.1"], Some("http/1.1")), (&[], None)] {
        let stream = secure(sidecar.address, &authority.client(offered, None)).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen.map(str::as_bytes));
        let mut client = match chosen {
            Some("h2") => Client::two(stream).await.unwrap(),
            _ => Client::one(stream).await.unwrap(),
        };
        for _ in 0..2 {
            let url = "https://localhost/v1/chat/completions?x=%20&y";
            let path = if chosen == Some("h2") { url } else { &url["https://localhost".len()..] };
            let response = client.ask(chat(path, BODY, &[("authorization", "Bearer sk")])).await.unwrap();
            assert_eq!(response.status(), 200);
            assert!(response.headers().contains_key("x-groundwire-turn"), "it went through the layer");
            let seen: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(seen["target"], "/v1/chat/completions?x=%20&y");
            assert_eq!(seen["body"], BODY);
            assert_eq!(seen["headers"]["authorization"], "Bearer sk");
            assert_eq!(seen["headers"]["host"], echo.address.to_string());
        }
    }
    assert!(sidecar.log().contains("listening on https://"));
}

#[tokio::test]
async fn a_protocol_that_is_not_spoken_is_refused() {
    let (sidecar, authority) = sidecar("http://127.0.0.1:9", "").await;
    assert!(secure(sidecar.address, &authority.client(&["spdy/3"], None)).await.is_err());
    sidecar.counted("connections_failed_total{reason=\"tls_handshake\"}", 1).await;
}

#[tokio::test]
async fn who_speaks_clear_text_is_told_and_nothing_goes_on() {
    let upstream = Upstream::start().await;
    let (sidecar, _) = sidecar(&upstream.url(), "").await;
    for request in [
        post("/v1/chat/completions", BODY),
        "GET / HTTP/1.0\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
    ] {
        let mut client = sidecar.connect().await;
        client.send(request).await;
        let answer = client.message().await;
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains("https://"));
        client.closed().await;
    }
    sidecar.counted("connections_failed_total{reason=\"plain_http\"}", 3).await;
    // One that never stops sending is not listened to for ever.
    let mut client = sidecar.connect().await;
    client.send("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 1000000000\r\n\r\n").await;
    assert_eq!(client.message().await.status(), 400);
    let junk = vec![b'x'; 64 * 1024];
    within(async { while client.socket.write_all(&junk).await.is_ok() {} }).await;
    sidecar.counted("connections_failed_total{reason=\"plain_http\"}", 4).await;
    sidecar.counted("connections", 0).await;
    sidecar.counted("requests_in_flight", 0).await;
    let (clean, log) = sidecar.stop().await;
    assert!(clean && !log.contains("no response from the upstream"), "nothing went on");
}

#[tokio::test]
async fn handshakes_that_fail_or_stand_still_are_counted_and_ended() {
    let (sidecar, authority) = sidecar("http://127.0.0.1:9", "handshake-timeout = \"100ms\"").await;
    let stranger = Authority::new("somebody else");
    assert!(secure(sidecar.address, &stranger.client(&[], None)).await.is_err(), "a client that does not trust us");
    sidecar.counted("connections_failed_total{reason=\"tls_handshake\"}", 1).await;
    let mut garbage = sidecar.connect().await;
    garbage.send([22, 3, 1, 0, 5, 1, 2, 3, 4, 5]).await;
    garbage.rest().await;
    sidecar.counted("connections_failed_total{reason=\"tls_handshake\"}", 2).await;
    let mut silent = sidecar.connect().await;
    silent.closed().await;
    sidecar.counted("connections_failed_total{reason=\"tls_too_slow\"}", 1).await;
    let mut half = sidecar.connect().await;
    half.send([22, 3, 1]).await;
    half.closed().await;
    sidecar.counted("connections_failed_total{reason=\"tls_too_slow\"}", 2).await;
    // A probe of the port, which says nothing and goes, is no failure.
    drop(sidecar.connect().await);
    sidecar.counted("connections", 0).await;
    sidecar.counted("connections_failed_total{reason=\"tls_handshake\"}", 2).await;
    assert!(secure(sidecar.address, &authority.client(&[], None)).await.is_ok(), "and others are served");
}

#[tokio::test]
async fn only_clients_with_a_certificate_are_let_in_where_that_is_wanted() {
    let echo = Echo::start("it", None).await;
    let (clients, strangers) = (Authority::new("clients"), Authority::new("strangers"));
    let authority = Authority::new("servers");
    let folder = tempfile::TempDir::new().unwrap();
    authority.issue(&["localhost"]).write(folder.path(), "server");
    clients.write(folder.path(), "clients.pem");
    let tls = "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\nclient-ca = \"clients.pem\"";
    configure(folder.path(), &format!("upstream = \"{}\"\n{tls}", echo.url()));
    let sidecar = Sidecar::start_in(folder, &[]).await;
    let refused = async |tls: &tokio_rustls::TlsConnector| {
        // In TLS 1.3 a client learns only with its first read that it is not wanted.
        let Ok(stream) = secure(sidecar.address, tls).await else { return true };
        let Ok(mut client) = Client::one(stream).await else { return true };
        client.ask(chat("/v1/chat/completions", BODY, &[])).await.is_err()
    };
    assert!(refused(&authority.client(&[], None)).await, "none");
    assert!(refused(&authority.client(&[], Some(&strangers.issue(&["app"])))).await, "another authority's");
    assert_eq!(echo.connections(), 0);
    sidecar.counted("connections_failed_total{reason=\"tls_handshake\"}", 2).await;
    assert!(!refused(&authority.client(&[], Some(&clients.issue(&["app"])))).await);
    assert_eq!(echo.connections(), 1);
}

/// A stream over TLS as a raw client has it.
async fn read_until(stream: &mut TlsStream<TcpStream>, mark: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(mark.as_bytes()) {
        text.push(within(stream.read_u8()).await.unwrap());
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn streams_tunnels_and_clients_that_leave_are_as_in_clear_text() {
    let upstream = Upstream::start().await;
    let (sidecar, authority) = sidecar(&upstream.url(), "").await;
    let tls = authority.client(&["http/1.1"], None);
    let mut streaming = secure(sidecar.address, &tls).await.unwrap();
    streaming.write_all(post("/v1/chat/completions", "{}").as_bytes()).await.unwrap();
    let mut there = upstream.accept().await;
    there.message().await;
    there.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await;
    read_until(&mut streaming, "\r\n\r\n").await;
    for _ in 0..3 {
        // Each is there before the next is sent.
        there.send("9\r\ndata: a\n\n\r\n").await;
        assert_eq!(read_until(&mut streaming, "\n\n\r\n").await, "9\r\ndata: a\n\n\r\n");
    }
    drop(streaming);
    there.closed().await;

    let mut tunnel = secure(sidecar.address, &tls).await.unwrap();
    let wish = "GET /v1/realtime HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    tunnel.write_all(wish.as_bytes()).await.unwrap();
    let mut there = upstream.accept().await;
    there.head().await;
    there.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello").await;
    let head = read_until(&mut tunnel, "hello").await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    tunnel.write_all(b"\x81\x02hi").await.unwrap();
    assert_eq!(there.exactly(4).await, b"\x81\x02hi");
    drop(tunnel);
    there.closed().await;
    sidecar.counted("connections", 0).await;
}

#[tokio::test]
async fn a_drain_finishes_what_is_under_way_and_says_goodbye() {
    let upstream = Upstream::start().await;
    let (sidecar, authority) = sidecar(&upstream.url(), "").await;
    let tls = authority.client(&["http/1.1"], None);
    let mut idle = secure(sidecar.address, &tls).await.unwrap();
    idle.write_all(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut there = upstream.accept().await;
    there.message().await;
    there.send(ok("{}").replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n")).await;
    assert!(read_until(&mut idle, "{}").await.starts_with("HTTP/1.1 200"));
    let mut busy = secure(sidecar.address, &tls).await.unwrap();
    busy.write_all(post("/v1/chat/completions", "{}").as_bytes()).await.unwrap();
    let mut there = upstream.accept().await;
    there.message().await;
    sidecar.signal(Signal::TERM);
    let mut rest = Vec::new();
    // With a goodbye of TLS's own: an end without one would be an error here.
    within(idle.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty());
    there.send(ok("{}")).await;
    within(busy.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.starts_with(b"HTTP/1.1 200") && rest.ends_with(b"{}"), "{}", String::from_utf8_lossy(&rest));
    assert!(sidecar.stop().await.0);
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_over_tls() {
    let upstream = Upstream::start().await;
    let (sidecar, authority) = sidecar(&upstream.url(), "[limits]\nconnections = 1").await;
    let tls = authority.client(&["h2", "http/1.1"], None);
    let _held = secure(sidecar.address, &tls).await.unwrap();
    let mut client = Client::two(secure(sidecar.address, &tls).await.unwrap()).await.unwrap();
    let response = client.ask(chat("https://localhost/v1/chat/completions", BODY, &[])).await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    let answer: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    assert!(answer["error"]["type"].is_string(), "{answer}");
}

#[tokio::test]
async fn the_admin_listener_stays_in_clear_text() {
    let (sidecar, _) = sidecar("http://127.0.0.1:9", "").await;
    assert_eq!(sidecar.admin("/healthz").await, "alive\n");
    // And a raw connection to the public one is none.
    let mut client = Peer::new(plain(sidecar.address).await);
    client.send("GET /healthz HTTP/1.1\r\n\r\n").await;
    assert_eq!(client.message().await.status(), 400);
}
