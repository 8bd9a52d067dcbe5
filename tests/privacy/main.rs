//! What leaves the process, and what it lets be seen: no socket and no file but its own, no secret and no word.

#![cfg(all(feature = "bundled", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod canary;
mod config;
mod offline;
mod trace;

#[path = "../support/mod.rs"]
mod support;
