//! The gate: who is let in, who is told that there are too many, and what happens where the system lets nobody in.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections past the limit that are told so at once; those past these wait to be accepted.
const TURNED_AWAY_AT_ONCE: usize = 64;
/// Pause after the system refused to accept, mostly because there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Lets in as many connections as are served, and a few more to turn them away.
pub(super) struct Gate {
    served: Arc<Semaphore>,
    /// Permits that `served` has, those included that are out.
    permits: usize,
    turned_away: Arc<Semaphore>,
    failed: Counter,
}

impl Gate {
    pub(super) fn new(failed: Counter) -> Self {
        let (served, turned_away) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE)));
        Self { served, permits: 0, turned_away, failed }
    }

    /// The next client, its permit, and whether it is one more than the `most` that are served at that time.
    pub(super) async fn accept(
        &mut self,
        listener: &TcpListener,
        most: impl Fn() -> usize,
    ) -> (TcpStream, OwnedSemaphorePermit, bool) {
        let mut refused = 0_u64;
        loop {
            let socket = match listener.accept().await {
                Ok((socket, _)) => socket,
                Err(error) => {
                    self.failed.inc();
                    refused += 1;
                    // It comes ten times a second for as long as it lasts: the first, second, fourth, eighth … is told.
                    if refused.is_power_of_two() {
                        tracing::warn!(%error, refused, "a client could not be accepted");
                    }
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            // Without it small responses may wait for the client's acknowledgement; it fails only where the client left.
            let _ = socket.set_nodelay(true);
            self.hold(most());
            if let Ok(permit) = Arc::clone(&self.served).try_acquire_owned() {
                return (socket, permit, false);
            }
            if let Ok(permit) = Arc::clone(&self.turned_away).acquire_owned().await {
                return (socket, permit, true);
            }
        }
    }

    /// Has as many permits as `most`; those too many that are out are taken back once they return.
    fn hold(&mut self, most: usize) {
        let most = most.min(Semaphore::MAX_PERMITS);
        if most > self.permits {
            self.served.add_permits(most - self.permits);
            self.permits = most;
        } else if most < self.permits {
            self.permits -= self.served.forget_permits(self.permits - most);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn permits_follow_the_limit_even_while_they_are_out() {
        let mut gate = Gate::new(Counter::default());
        let take = |gate: &Gate| Arc::clone(&gate.served).try_acquire_owned();
        gate.hold(2);
        let (first, second) = (take(&gate).unwrap(), take(&gate).unwrap());
        assert!(take(&gate).is_err());
        gate.hold(1);
        drop(first);
        gate.hold(1);
        assert!(take(&gate).is_err(), "one is out, and one is the limit");
        drop(second);
        gate.hold(1);
        let only = take(&gate).unwrap();
        assert!(take(&gate).is_err());
        gate.hold(3);
        assert!(take(&gate).and(take(&gate)).is_ok());
        drop(only);
    }
}
