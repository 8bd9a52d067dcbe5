//! Embeddable inference-time grounding middleware for LLM APIs.

pub mod classify;
#[cfg(feature = "proxy")]
pub mod config;
pub mod dialogue;
mod error;
pub mod wire;

pub use error::{Error, Result};
