//! `groundwire explain`: what it shows of conversations under each policy that ships, and what it says of bad input.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod command;
#[path = "../support/offline.rs"]
mod offline;
mod snapshots;
