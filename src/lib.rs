#![doc = include_str!("../README.md")]

pub mod act;
pub mod classify;
#[cfg(feature = "proxy")]
pub mod config;
pub mod dialogue;
pub mod engine;
mod error;
pub mod layer;
#[cfg(doc)]
pub mod manual;
pub mod observe;
pub mod policy;
#[cfg(feature = "proxy")]
pub mod proxy;
pub mod wire;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;

pub use engine::Grounder;
pub use error::{Error, Result};
pub use layer::GroundingLayer;
