//! Transport through the real binary, in a process of its own: TLS on both sides, forward proxies, upstreams by path, keys.
//!
//! Certificates are made anew for each test. No test sleeps: each waits for the event that it is about.

#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub)]

#[path = "../support/mod.rs"]
mod support;

mod authority;
mod client;
mod echo;
mod forward_proxy;
mod sidecar;

mod certificates;
mod forward;
mod keys;
mod outgoing;
mod page;
mod routes;
mod secured;
