//! What tests of the sidecar share: a scripted upstream, a raw client, and the real server between them, all on loopback.

#![allow(dead_code, unused_imports, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

pub mod proxy;
pub mod recorder;
#[cfg(all(feature = "cli", unix))]
pub mod served;
pub mod tls;
pub mod told;
#[cfg(all(feature = "cli", target_os = "linux"))]
pub mod watched;
pub mod willing;
pub mod wire;

use std::future::Future;
use std::time::Duration;

pub use proxy::{Proxy, config};
pub use wire::{Peer, Upstream};

/// What a test waits for at most before it fails. Nothing takes that long; a wait that does is a bug.
const PATIENCE: Duration = Duration::from_secs(30);

/// The outcome of `future`, which must come.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("a test waited in vain")
}
