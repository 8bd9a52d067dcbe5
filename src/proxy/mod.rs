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
mod certificates;
mod connect;
mod connection;
mod counts;
mod credentials;
mod environment;
mod exchange;
mod fault;
mod feedback;
mod gate;
mod hangups;
mod headers;
mod inbound;
mod leg;
mod live;
mod metered;
mod outbound;
mod page;
mod pem;
mod phase;
mod place;
mod playground;
mod readiness;
mod rescue;
mod secure;
mod server;
mod target;
mod trailers;
mod trust;
mod tunnel;
mod upstream;

pub use access::AccessLog;
pub use certificates::Certificates;
pub use counts::Counts;
pub use fault::{Fault, FaultKind};
#[cfg(feature = "cli")]
pub(crate) use hangups::Hangups;
pub use inbound::{BodyFault, InboundBody};
pub use live::Live;
pub use metered::{Metered, MeteredFuture};
pub use outbound::OutboundBody;
pub use server::Server;
pub use upstream::Upstream;

use crate::config::Config;
use crate::error::Result;

/// Reads every certificate, key and forward proxy that a configuration names, as a server and its upstreams would, and
/// connects to nothing.
///
/// # Errors
/// If one of them is not there or cannot be used.
pub fn check(config: &Config) -> Result<()> {
    if let Some(tls) = &config.tls {
        certificates::check(tls)?;
    }
    config.destinations().try_for_each(|destination| {
        trust::check(&destination)?;
        environment::found(&destination)?;
        credentials::Key::of(&destination).map(drop)
    })
}
