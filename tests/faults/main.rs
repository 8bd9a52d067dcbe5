//! The fault matrix, through the command in a process of its own: what goes wrong at either end, and that the client, the
//! upstream and the process are each left as they should be. `src/manual/edges.md` shows it as a table.
//!
//! No test sleeps: each step waits for the event that it is about, and a wait in vain fails the test.

#![cfg(all(feature = "cli", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../src/wire/coding/encoding.rs"]
mod encoding;
#[path = "../support/mod.rs"]
mod support;

mod bodies;
mod clients;
mod drain;
mod exhausted;
mod h2;
mod smuggling;
mod streams;
mod tunnels;
mod upstream;

use support::recorder::Recorder;
use support::watched::{Holds, Watched};

const CHAT: &str = "/v1/chat/completions";
const HI: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;

/// What a server holds that has served something and is idle now.
async fn at_rest(server: &Watched) -> Holds {
    let mut client = server.connect().await;
    client.send("nonsense\r\n\r\n").await;
    client.rest().await;
    server.counted("groundwire_connections 0").await;
    // The connection that asked for the gauge may still be closing.
    let mut least = server.holds();
    for _ in 0..50 {
        tokio::task::yield_now().await;
        let now = server.holds();
        least.descriptors = least.descriptors.min(now.descriptors);
        least.threads = least.threads.max(now.threads);
    }
    least
}

/// A server in front of an upstream that answers and keeps a list.
async fn recorded(more: &str) -> (Recorder, Watched) {
    let recorder = Recorder::start().await;
    let server = Watched::start(&recorder.url(), more).await;
    (recorder, server)
}
