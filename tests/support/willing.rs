//! An upstream that answers every request at once, and counts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinHandle;

use super::wire::ok;
use super::{Peer, Upstream};

/// A reply of a chat model.
pub const REPLY: &str =
    r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Fine."},"finish_reason":"stop"}]}"#;

/// Answers until it is dropped.
pub struct Willing {
    pub url: String,
    answered: Arc<AtomicUsize>,
    running: JoinHandle<()>,
}

impl Willing {
    pub async fn start() -> Self {
        let upstream = Upstream::start().await;
        let (url, answered) = (upstream.url(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&answered);
        let running = tokio::spawn(async move {
            loop {
                let Ok((socket, _)) = upstream.listener.accept().await else { return };
                tokio::spawn(answer(Peer::new(socket), Arc::clone(&count)));
            }
        });
        Self { url, answered, running }
    }

    /// Requests that it has answered.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

async fn answer(mut peer: Peer, count: Arc<AtomicUsize>) {
    while peer.next().await.is_some() {
        count.fetch_add(1, Ordering::SeqCst);
        peer.send(ok(REPLY)).await;
    }
}

impl Drop for Willing {
    fn drop(&mut self) {
        self.running.abort();
    }
}
