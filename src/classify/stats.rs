//! The state of a pool in numbers, for metrics and readiness.

/// What a pool has done since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Turns judged, those included whose judgement came too late.
    pub judged: u64,
    /// Runs that ended in an error of the model.
    pub failed: u64,
    /// Runs that panicked.
    pub panicked: u64,
    /// Turns not judged before their deadline.
    pub deadline: u64,
    /// Turns nobody waited for any more when their time had come.
    pub abandoned: u64,
    /// Turns turned away because the queue was full.
    pub saturated: u64,
    /// Turns turned away because every thread hung or was being replaced.
    pub stalled: u64,
    /// Replies read for their acts.
    pub replies_read: u64,
    /// Replies whose acts were known from the same reply before.
    pub replies_recalled: u64,
    /// Replies in another language than English, or handed to a judge that reads none.
    pub replies_declined: u64,
    /// Replies whose run ended in an error or a panic.
    pub replies_failed: u64,
    /// Replies not read: too many waited, one waited too long, its run hung, or the pool closed.
    pub replies_dropped: u64,
    /// Threads started in the place of others.
    pub replaced: u64,
    /// Threads that could not load their model.
    pub start_failed: u64,
}

/// A pool at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Threads that the pool is meant to have.
    pub threads: usize,
    /// Turns in the queue.
    pub queued: usize,
    /// Replies that wait to be read.
    pub replies_queued: usize,
    /// Threads in a run, hanging ones included that are not yet written off.
    pub running: usize,
    /// Threads that wait for work.
    pub idle: usize,
    /// Threads that hung, were replaced, and have not come back.
    pub written_off: usize,
    /// Whether any thread can take a turn.
    pub able: bool,
    /// What has been done so far.
    pub counts: Counts,
}
