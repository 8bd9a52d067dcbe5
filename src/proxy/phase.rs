//! The life of a server: serving, then draining, then over; and how everything that lives in it learns of that.

use std::convert::Infallible;
use std::sync::Arc;

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

/// What a server is doing. Its end is the end of the channel that says so.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    Serving,
    Draining,
}

/// The server's end: says what is the case, and waits for those who live in it.
pub(super) struct Lives {
    phase: watch::Sender<Phase>,
    living: mpsc::Sender<Infallible>,
    gone: mpsc::Receiver<Infallible>,
}

impl Lives {
    pub(super) fn new() -> Self {
        let (living, gone) = mpsc::channel(1);
        Self { phase: watch::Sender::new(Phase::Serving), living, gone }
    }

    /// Room for one connection, which holds `permit` as long as it lives.
    ///
    /// It is counted in `connections` as long.
    pub(super) fn slot(&self, permit: OwnedSemaphorePermit, connections: &Gauge) -> Slot {
        connections.inc();
        let place = Place { _permit: permit, _living: self.living.clone(), connections: connections.clone() };
        Slot { _place: Arc::new(place), phase: self.phase.subscribe() }
    }

    /// Has connections finish what they are at; the future is over when all of them are gone.
    pub(super) fn drain(self) -> Draining {
        self.phase.send_replace(Phase::Draining);
        Draining { phase: Some(self.phase), gone: self.gone }
    }
}

/// A server that only waits.
pub(super) struct Draining {
    phase: Option<watch::Sender<Phase>>,
    gone: mpsc::Receiver<Infallible>,
}

impl Draining {
    /// Waits until nobody lives in the server any more.
    pub(super) async fn all_gone(&mut self) {
        // Nothing is ever sent: the answer comes when the last sender is dropped.
        let _ = self.gone.recv().await;
    }

    /// Ends whatever still lives.
    pub(super) fn end(&mut self) {
        self.phase = None;
    }
}

/// One connection's place in the server, shared with the tunnel that it may become.
#[derive(Clone)]
pub(super) struct Slot {
    _place: Arc<Place>,
    phase: watch::Receiver<Phase>,
}

/// Released when the connection and its tunnel are gone.
struct Place {
    _permit: OwnedSemaphorePermit,
    _living: mpsc::Sender<Infallible>,
    connections: Gauge,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.dec();
    }
}

impl Slot {
    /// Resolves to `true` once when the server starts to drain, and to `false` when it is over.
    pub(super) async fn changed(&mut self) -> bool {
        self.phase.changed().await.is_ok()
    }

    /// Resolves when the server is over.
    pub(super) async fn ended(&mut self) {
        while self.changed().await {}
    }
}
