//! The sidecar over loopback: what passes, what stays behind, what goes wrong, how it ends.
//!
//! No test sleeps: each step waits for the event that it is about, and a wait in vain fails the test.

#![cfg(feature = "proxy")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod faults;
mod h2;
mod interim;
mod life;
mod limits;
mod overload;
mod pass;
#[cfg(feature = "onnx")]
mod ready;
mod refused;
mod streams;
mod tls;
mod trailers;
mod tunnel;
