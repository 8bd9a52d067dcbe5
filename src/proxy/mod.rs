//! The sidecar: a listener, a service in the middle, and one upstream.
//!
//! ```text
//! client ─ Server ─ Exchange ─ InboundBody ─ service (GroundingService) ─ Upstream ─ pooled connections ─ LLM API
//!            │          └─ rescue: a Fault becomes a response in the caller's dialect
//!            └─ admin: /healthz /readyz /metrics
//! ```
//!
//! What it adds to a request and takes from it is what a hop must ([RFC 9110, section
//! 7.6](https://www.rfc-editor.org/rfc/rfc9110#section-7.6)), and no more: no `Via`, no `X-Forwarded-For`, no retry. Bodies
//! stream both ways as they come. A client that leaves cancels its request at the upstream; an upstream that breaks off
//! breaks off for the client, too, and never looks like an end.

mod access;
mod activity;
mod admin;
mod connect;
mod connection;
mod counts;
mod exchange;
mod fault;
mod gate;
mod headers;
mod inbound;
mod live;
mod metered;
mod outbound;
mod phase;
mod readiness;
mod rescue;
mod server;
mod target;
mod trailers;
mod tunnel;
mod upstream;

pub use access::AccessLog;
pub use counts::Counts;
pub use fault::{Fault, FaultKind};
pub use inbound::{BodyFault, InboundBody};
pub use live::Live;
pub use metered::{Metered, MeteredFuture};
pub use outbound::OutboundBody;
pub use server::Server;
pub use upstream::Upstream;
