//! `groundwire explain` and `groundwire replay`: what they show of conversations, and what they say of bad input.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod command;
mod dialects;
#[path = "../support/offline.rs"]
mod offline;
mod replay;
mod snapshots;
