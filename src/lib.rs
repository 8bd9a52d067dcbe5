//! Embeddable inference-time grounding middleware for LLM APIs.

pub mod classify;
pub mod dialogue;
mod error;
pub mod wire;

pub use error::{Error, Result};
