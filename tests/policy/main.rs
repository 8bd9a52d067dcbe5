//! Policies: every condition and combination as a table, what users say that matters to it, and what holds over thousands of
//! generated conversations.

#![cfg(feature = "toml")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod generated;
mod judged;
mod replicas;
mod rows;
mod said;
