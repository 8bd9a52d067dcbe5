//! Experiments: who is in which arm, what is done there, and whether what is concluded can be believed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod agree;
mod believed;
mod engine;
mod simulate;

#[path = "../support/told.rs"]
mod told;
