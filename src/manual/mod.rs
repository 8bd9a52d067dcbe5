//! The manual.

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("audit.md")]
pub mod audit {}

#[doc = include_str!("configuration.md")]
pub mod configuration {}

#[doc = include_str!("dialects.md")]
pub mod dialects {}

#[doc = include_str!("conformance.md")]
pub mod conformance {}

#[doc = include_str!("edges.md")]
pub mod edges {}

#[doc = include_str!("embedding.md")]
pub mod embedding {}

#[doc = include_str!("experiments.md")]
pub mod experiments {}

#[doc = include_str!("acts.md")]
pub mod acts {}

#[doc = include_str!("figures.md")]
pub mod figures {}

#[doc = include_str!("metrics.md")]
pub mod metrics {}
#[doc = include_str!("operations.md")]
pub mod operations {}

#[doc = include_str!("outcomes.md")]
pub mod outcomes {}

#[doc = include_str!("policies.md")]
pub mod policies {}

#[doc = include_str!("privacy.md")]
pub mod privacy {}

#[doc = include_str!("replay.md")]
pub mod replay {}

#[doc = include_str!("store.md")]
pub mod store {}

#[doc = include_str!("threats.md")]
pub mod threats {}

#[doc = include_str!("transparency.md")]
pub mod transparency {}

#[doc = include_str!("upstreams.md")]
pub mod upstreams {}
