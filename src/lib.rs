//! Embeddable inference-time grounding middleware for LLM APIs.
//!
#![cfg_attr(feature = "cli", doc = include_str!("../README.md"))]

pub mod act;
#[cfg(feature = "onnx")]
pub mod audit;
pub mod classify;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "proxy")]
pub mod config;
pub mod dialogue;
pub mod engine;
mod error;
pub mod experiment;
pub mod layer;
#[cfg(all(doc, feature = "cli"))]
pub mod manual;
pub mod observe;
pub mod policy;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(feature = "proxy")]
pub mod report;
pub mod stats;
pub mod wire;

pub use engine::Grounder;
pub use error::{Error, Result};
pub use layer::GroundingLayer;
