//! The store, through the real command: both engines, whatever becomes of the process, the store or the network.

#![cfg(all(feature = "cli", unix))]
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod database;
mod engines;
mod feedback;
mod fleet;
mod life;
mod migrations;
mod turns;
