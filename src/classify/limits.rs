//! What the pool of judging threads is held to.

use std::time::Duration;

/// Threads that may hang at one time. Each holds a session's memory and cannot be ended from outside; beyond this
/// many, more threads would only hang too.
pub(super) const MOST_WRITTEN_OFF: usize = 8;
/// A thread that has not loaded its model by then is written off like one that hangs.
pub(super) const START_LIMIT: Duration = Duration::from_secs(30);
/// A seat that keeps failing is filled again after at most this long.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// What the pool is held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) threads: usize,
    pub(super) queue: usize,
    pub(super) deadline: Duration,
    pub(super) stall_after: Duration,
    /// How long a reply may wait for its turn to be read.
    pub(super) patience: Duration,
    /// Per cent of each thread's time that may go to replies.
    pub(super) reply_share: u32,
}
