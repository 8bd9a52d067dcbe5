//! From the start to the end: readiness, draining, and what is broken off.

use tokio::net::TcpStream;

use super::support::wire::{ok, post};
use super::support::{Proxy, Upstream};

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn what_is_under_way_is_finished_and_nothing_new_begins() {
    let upstream = Upstream::start().await;
    let mut proxy = Proxy::start(&upstream.url()).await;
    assert_eq!(proxy.ask_admin("/readyz").await, (200, "ready\n".to_owned()));
    let mut silent = proxy.connect().await;
    let mut idle = proxy.connect().await;
    idle.send("GET /1 HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send(ok("{}")).await;
    idle.message().await;
    let mut streaming = proxy.connect().await;
    streaming.send(post(CHAT, "{}")).await;
    there.message().await;
    there.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
    streaming.until("a\r\n").await;
    let mut waiting = proxy.connect().await;
    waiting.send(post(CHAT, "{}")).await;
    let mut elsewhere = upstream.accept().await;
    elsewhere.message().await;

    proxy.stop();
    idle.closed().await;
    silent.closed().await;
    assert!(TcpStream::connect(proxy.address).await.is_err(), "nobody listens any more");
    assert_eq!(proxy.ask_admin("/readyz").await, (503, "draining\n".to_owned()));
    assert_eq!(proxy.ask_admin("/healthz").await.0, 200);
    assert!(proxy.is_running());

    there.send("1\r\nb\r\n0\r\n\r\n").await;
    assert_eq!(streaming.chunk().await, b"b");
    assert!(streaming.chunk().await.is_empty());
    elsewhere.send(ok("{}")).await;
    let response = waiting.message().await;
    assert_eq!((response.status(), response.header("connection")), (200, Some("close")));
    waiting.closed().await;
    proxy.stopped().await;
}

#[tokio::test]
async fn what_does_not_end_in_time_is_broken_off() {
    let upstream = Upstream::start().await;
    let mut proxy = Proxy::configured(&upstream.url(), "[limits]\ndrain = \"50ms\"").await;
    let mut client = proxy.connect().await;
    client.send(post(CHAT, "{}")).await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
    client.until("a\r\n").await;
    proxy.stop();
    proxy.stopped().await;
    client.closed().await;
    there.closed().await;
}

#[tokio::test]
async fn a_server_that_is_dropped_ends_at_once() {
    let upstream = Upstream::start().await;
    let config = super::support::config(&upstream.url(), "");
    let server = groundwire::proxy::Server::bind(&config).unwrap();
    let address = server.address();
    let running = tokio::spawn(server.run(groundwire::proxy::Upstream::new(&config).unwrap(), std::future::pending()));
    let mut client = super::support::Peer::connect(address).await;
    client.send(post(CHAT, "{}")).await;
    let mut there = upstream.accept().await;
    there.message().await;
    running.abort();
    client.closed().await;
    there.closed().await;
}

#[tokio::test]
async fn clients_wait_for_a_server_that_does_not_run_yet() {
    let upstream = Upstream::start().await;
    let config = super::support::config(&upstream.url(), "");
    let mut server = groundwire::proxy::Server::bind(&config).unwrap();
    let (address, admin) = (server.address(), server.admin_address().unwrap());
    server.serve_admin(|| "# EOF\n".to_owned());
    let mut probe = super::support::Peer::connect(admin).await;
    probe.send("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let answer = probe.message().await;
    assert_eq!((answer.status(), answer.body.as_slice()), (503, &b"starting\n"[..]));
    let mut client = super::support::Peer::connect(address).await;
    client.send("GET /early HTTP/1.1\r\nhost: x\r\n\r\n").await;
    tokio::spawn(server.run(groundwire::proxy::Upstream::new(&config).unwrap(), std::future::pending()));
    assert_eq!(upstream.accept().await.message().await.line(), "GET /early HTTP/1.1");
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error_that_says_so() {
    let upstream = Upstream::start().await;
    let mut config = super::support::config("http://h", "");
    config.listen = groundwire::config::Listen(upstream.address());
    let error = groundwire::proxy::Server::bind(&config).unwrap_err();
    assert!(error.is_io());
    assert!(error.to_string().contains(&upstream.address().to_string()), "{error}");
}
