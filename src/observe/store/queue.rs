//! The store as requests meet it: a queue that takes or drops, and never waits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::feedback::Outcome;
use super::place::StorePlace;
use super::sweep::Keep;
use super::writer::{self, Message};
use crate::error::{Error, Result};
use crate::experiment::Design;
use crate::observe::{Observer, Record};

/// How a store writes, and how long it keeps what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreOptions {
    /// Records that may wait to be written; past that they are dropped and counted.
    pub queue: usize,
    /// Records that are written in one transaction.
    pub batch: usize,
    /// Longest time that a record waits before it is written: what is lost if the process is killed.
    pub flush: Duration,
    /// How long turns are kept; `None` for ever.
    pub keep_turns: Option<Duration>,
    /// How long what came of units is kept; `None` for ever.
    pub keep_rollups: Option<Duration>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        let days = |days: u64| Some(Duration::from_secs(days * 86_400));
        Self { queue: 8192, batch: 1024, flush: Duration::from_millis(500), keep_turns: days(90), keep_rollups: None }
    }
}

impl StoreOptions {
    /// At most `queue` records wait; at most `batch` are written at once, and none waits longer than `flush`.
    pub fn writing(self, queue: usize, batch: usize, flush: Duration) -> Self {
        Self { queue, batch, flush, ..self }
    }

    /// How long turns, and what came of units, are kept; `None` for ever.
    pub fn keeping(self, turns: Option<Duration>, rollups: Option<Duration>) -> Self {
        Self { keep_turns: turns, keep_rollups: rollups, ..self }
    }

    pub(super) fn keep(&self) -> Keep {
        let millis = |time: Option<Duration>| time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        Keep { turns: millis(self.keep_turns), rollups: millis(self.keep_rollups) }
    }
}

/// Writes every turn into a store.
///
/// The request path only puts the record into a bounded queue; where that is full, because the store is slow or gone, the
/// record is dropped and counted. A store that cannot be reached is tried again and again; what waits is written once it is there.
pub struct Store {
    queue: SyncSender<Message>,
    shared: Arc<Shared>,
    closing: Sender<Instant>,
    closed: Mutex<Receiver<()>>,
}

/// What the queue and the writing thread both know.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) queued: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) known: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) outcomes: AtomicU64,
    pub(super) rolled: AtomicU64,
    pub(super) connected: AtomicBool,
    pub(super) ended: AtomicBool,
    /// Why the store cannot be written, since when.
    pub(super) fault: Mutex<Option<(String, Instant)>>,
}

/// How a store is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// Turns and outcomes that wait to be written.
    pub queued: u64,
    /// Turns written.
    pub written: u64,
    /// Turns that were there already.
    pub known: u64,
    /// Turns and outcomes dropped because the queue was full, or at the end because the store could not be reached.
    pub dropped: u64,
    /// Turns that the store refused.
    pub failed: u64,
    /// Outcomes of the application's own that were written.
    pub outcomes: u64,
    /// Units rolled up.
    pub rolled: u64,
    /// Whether the store is there.
    pub connected: bool,
    /// Why it is not, and for how many seconds.
    pub fault: Option<(String, u64)>,
}

impl Store {
    /// Starts the writing thread. Whether the store is there is its affair: this does not wait for it.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(place: StorePlace, options: StoreOptions) -> Result<Self> {
        let (queue, receiver) = sync_channel(options.queue.max(1));
        let (closing, close) = channel();
        let (end, closed) = channel();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        thread::Builder::new()
            .name("groundwire-store".into())
            .spawn(move || {
                writer::run(place, &options, &receiver, &close, &theirs);
                theirs.ended.store(true, Relaxed);
                // Nobody waits where the process ends in another way.
                let _ = end.send(());
            })
            .map_err(|e| Error::io("the thread that writes the store cannot be started").with(e))?;
        Ok(Self { queue, shared, closing, closed: Mutex::new(closed) })
    }

    /// Has the store know of an experiment that runs, so that its units are rolled up as it is designed.
    ///
    /// # Errors
    /// If the queue is full.
    pub fn declare(&self, design: Design) -> Result<(), QueueFull> {
        self.send(Message::Declare(Box::new(design))).map_err(|_| QueueFull)
    }

    /// Has the store keep what came of a turn or a conversation.
    ///
    /// # Errors
    /// If the queue is full: then the outcome is to be told again.
    pub fn tell(&self, outcome: Outcome) -> Result<(), QueueFull> {
        self.send(Message::Outcome(Box::new(outcome))).map_err(|_| QueueFull)
    }

    fn send(&self, message: Message) -> Result<(), Message> {
        self.shared.queued.fetch_add(1, Relaxed);
        self.queue.try_send(message).map_err(|error| {
            self.shared.queued.fetch_sub(1, Relaxed);
            match error {
                TrySendError::Full(message) | TrySendError::Disconnected(message) => message,
            }
        })
    }

    /// How it is doing.
    pub fn stats(&self) -> StoreStats {
        let shared = &self.shared;
        let fault = shared.fault.lock().unwrap_or_else(PoisonError::into_inner);
        StoreStats {
            queued: shared.queued.load(Relaxed),
            written: shared.written.load(Relaxed),
            known: shared.known.load(Relaxed),
            dropped: shared.dropped.load(Relaxed),
            failed: shared.failed.load(Relaxed),
            outcomes: shared.outcomes.load(Relaxed),
            rolled: shared.rolled.load(Relaxed),
            connected: shared.connected.load(Relaxed),
            fault: fault.as_ref().map(|(why, since)| (why.clone(), since.elapsed().as_secs())),
        }
    }

    /// Writes what waits, and ends the thread; gives up after `patience`, and counts what is left as dropped. What comes
    /// later is dropped and counted.
    pub fn close(&self, patience: Duration) {
        // Where the thread is gone, there is nothing to close.
        let _ = self.closing.send(Instant::now() + patience);
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        // A thread that hangs in a call to the store is left behind.
        let _ = closed.recv_timeout(patience + GRACE);
        if !self.shared.ended.load(Relaxed) {
            let left = self.shared.queued.load(Relaxed);
            tracing::error!(left, "the store did not end in time; what waited for it is lost");
        }
    }
}

/// How much longer than it was given the writing thread may take to notice.
const GRACE: Duration = Duration::from_millis(500);

/// The queue of the store is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

impl Observer for Store {
    fn turn(&self, record: &Arc<Record>) {
        if self.send(Message::Turn(Arc::clone(record))).is_err() {
            let before = self.shared.dropped.fetch_add(1, Relaxed);
            if before.is_power_of_two() || before == 0 {
                tracing::warn!(dropped = before + 1, "turns are being dropped: the store's queue is full");
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close(Duration::from_secs(5));
    }
}
