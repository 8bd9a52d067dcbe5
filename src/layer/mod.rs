//! The tower layer: grounding around any `Service<http::Request<B>>`.
//!
//! ```text
//! Request<B> ─ admit ─ collect ─ judge ─ conclude ─┬─ Request<RequestBody<B>> ─ inner ─ Response<ResponseBody<R>>
//!                └────── not a chat call ──────────┤
//!                                                  └─ Reply (the inner service is not called)
//! ```
//!
//! The inner service that was made ready by `poll_ready` is the one that is called. Where groundwire replies itself, that
//! service is dropped uncalled, which gives back whatever its readiness reserved.

mod client;
mod collect;
mod future;
mod request_body;
mod response_body;
mod service;
mod witness;

pub use future::ResponseFuture;
pub use request_body::RequestBody;
pub use response_body::ResponseBody;
pub use service::{Accepted, GroundingLayer, GroundingService, Refusal};
pub use witness::{Noted, Witness};
