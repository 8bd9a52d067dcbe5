//! `groundwire health` against the real server: starting, ready, degraded or draining, gone, and what is no server.

#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::net::SocketAddr;

use groundwire::classify::NoClassifier;
use support::served::{groundwire, serve};
use support::wire::{ok, post};
use support::{Peer, Proxy, Upstream, config, within};
use tokio::net::TcpListener;

/// Exit code, standard output and standard error.
async fn health(admin: SocketAddr, more: &[&str]) -> (Option<i32>, String, String) {
    let admin = admin.to_string();
    let output = within(groundwire(&[&["health", "--admin", &admin], more].concat()).output()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn a_server_is_ready_drains_and_is_gone() {
    let upstream = Upstream::start().await;
    let served = serve(&upstream.url(), &[]).await;
    let admin = served.admin;
    assert!(health(admin, &["--wait", "20s"]).await.1.starts_with("ready\n"));
    let (code, said, _) = health(admin, &["--live"]).await;
    assert_eq!((code, &*said), (Some(0), "alive\n"));

    let mut client = Peer::connect(served.listen).await;
    client.send(post("/v1/chat/completions", "{}")).await;
    let mut there = upstream.accept().await;
    there.message().await;
    served.signal(rustix::process::Signal::TERM);
    let said = within(async {
        loop {
            let (code, _, error) = health(admin, &[]).await;
            if code != Some(0) {
                break (code, error);
            }
        }
    })
    .await;
    assert_eq!((said.0, said.1.lines().next()), (Some(1), Some("error: the server says 503: draining")));
    assert_eq!(health(admin, &["--live"]).await.0, Some(0), "it still runs");
    there.send(ok("{}")).await;
    client.message().await;
    served.ended().await;

    let (code, said, error) = health(admin, &["--wait", "100ms"]).await;
    assert_eq!((code, &*said), (Some(1), ""));
    assert!(error.contains(&format!("the server's admin listener on {admin} cannot be asked: ")), "{error}");
}

#[tokio::test]
async fn a_degraded_server_is_ready() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::ailing(&config(&upstream.url(), ""), NoClassifier, || Some("no thread".to_owned())).await;
    let (code, said, _) = health(proxy.admin, &["--wait", "20s"]).await;
    assert_eq!((code, &*said), (Some(0), "degraded: no thread\n"));
}

#[tokio::test]
async fn a_listener_that_says_nothing_is_not_waited_for_long() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (code, _, error) = health(silent.local_addr().unwrap(), &[]).await;
    assert_eq!(code, Some(1));
    assert!(error.contains("no answer within 2 seconds"), "{error}");
}
