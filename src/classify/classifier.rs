//! The classifier in the path of live traffic: memory, language gate, window, pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::cache::{Judged, Key, Read, ReplyKey};
use super::language::is_foreign;
use super::limits::Limits;
use super::pool::{Judge, Pool};
use super::roster::Job;
use super::stats::PoolStats;
use super::{Classifier, Judging, ModelId, ReplyAnswer, ReplyTurn, Window};
use crate::dialogue::{Bypass, Conversation, Id};
use crate::error::{Error, Result};

/// How long a reply waits for a moment without turns, unless twice the deadline of turns is longer: whoever gives them that
/// much has a slow machine. The reply's record waits with it, so that it must end.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a pool of judging threads is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    threads: usize,
    queue: usize,
    deadline: Duration,
    stall_after: Duration,
    cache: usize,
    reply_share: usize,
}

impl Default for PoolOptions {
    /// One thread, 64 turns in the queue, 25 ms, 500 ms, 4096 judgements remembered, a quarter of the time for replies.
    fn default() -> Self {
        Self {
            threads: 1,
            queue: 64,
            deadline: Duration::from_millis(25),
            stall_after: Duration::from_millis(500),
            cache: 4096,
            reply_share: 25,
        }
    }
}

impl PoolOptions {
    /// Threads that judge, each with a session of its own (some 30 MB).
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Turns that may wait; one more is [`Bypass::Saturated`].
    #[must_use]
    pub fn queue(mut self, turns: usize) -> Self {
        self.queue = turns;
        self
    }

    /// How long a turn may take, waiting included; past it, it is [`Bypass::Deadline`].
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long one run may take before its thread is written off and replaced; at least the deadline.
    #[must_use]
    pub fn stall_after(mut self, stall_after: Duration) -> Self {
        self.stall_after = stall_after;
        self
    }

    /// Judgements of turns that are remembered, and as many of replies; 0 remembers none.
    #[must_use]
    pub fn cache(mut self, judgements: usize) -> Self {
        self.cache = judgements;
        self
    }

    /// The largest share of each thread's time, in per cent, that goes to reading replies.
    ///
    /// Nobody waits for a reply to be read, and where replies are as frequent as turns, reading all of them would cost as
    /// much again as judging. Those for which there is no time are not read; see [`PoolStats`].
    #[must_use]
    pub fn reply_share(mut self, per_cent: usize) -> Self {
        self.reply_share = per_cent;
        self
    }

    fn limits(self) -> Result<Limits> {
        let Self { threads, queue, deadline, stall_after, cache: _, reply_share } = self;
        let reply_share = u32::try_from(reply_share)
            .ok()
            .filter(|share| (1..=100).contains(share))
            .ok_or_else(|| Error::config(format!("classifier reply-share: {reply_share} per cent is not 1 to 100")))?;
        if !(1..=256).contains(&threads) {
            return Err(Error::config(format!("classifier threads: {threads} is not 1 to 256")));
        }
        if !(1..=65_536).contains(&queue) {
            return Err(Error::config(format!("classifier queue: {queue} is not 1 to 65536")));
        }
        if deadline.is_zero() || deadline > Duration::from_secs(60) {
            return Err(Error::config(format!("classifier deadline: {deadline:?} is not above 0 and up to 60s")));
        }
        if stall_after < deadline || stall_after > Duration::from_secs(600) {
            return Err(Error::config(format!(
                "classifier stall-after: {stall_after:?} is not between the deadline ({deadline:?}) and 600s"
            )));
        }
        Ok(Limits { threads, queue, deadline, stall_after, patience: PATIENCE.max(deadline * 2), reply_share })
    }
}

/// A [`Classifier`] that judges on threads of its own, with judges of any kind.
///
/// English turns only: others are [`Bypass::Language`]. Every answer comes by the deadline, whatever a judge does;
/// a thread whose judge hangs or panics is replaced.
pub struct ThreadedClassifier {
    judged: Arc<Judged>,
    read: Arc<Read>,
    recalled: AtomicU64,
    pool: Pool,
    model: Option<ModelId>,
}

impl ThreadedClassifier {
    /// Starts the threads and waits until each has its judge.
    ///
    /// `judges` makes one for each thread, on that thread, and again for each that is replaced. `model` is what the
    /// records name as the model.
    ///
    /// # Errors
    /// If an option is out of range, a thread cannot be started, or `judges` fails.
    pub fn start<F>(options: PoolOptions, model: Option<ModelId>, judges: F) -> Result<Self>
    where
        F: Fn() -> Result<Box<dyn Judge>> + Send + Sync + 'static,
    {
        let pool = Pool::start(options.limits()?, Box::new(judges))?;
        let (judged, read) = (Arc::new(Judged::new(options.cache)), Arc::new(Read::new(options.cache)));
        Ok(Self { judged, read, recalled: AtomicU64::new(0), pool, model })
    }

    /// The state of the threads in numbers.
    pub fn stats(&self) -> PoolStats {
        let mut stats = self.pool.stats();
        stats.counts.replies_recalled = self.recalled.load(Ordering::Relaxed);
        stats
    }

    /// Judgements of turns that are remembered now.
    pub fn remembered(&self) -> usize {
        self.judged.len()
    }

    /// Waits until everybody who handed in a reply has been told of it; after `most`, replies not yet read are given up.
    ///
    /// Blocks.
    pub fn finish_replies(&self, most: Duration) {
        self.pool.finish_replies(Instant::now() + most);
    }

    /// Whether a turn handed in now would find a thread that works.
    pub fn is_able(&self) -> bool {
        self.stats().able
    }
}

impl Classifier for ThreadedClassifier {
    fn judge(&self, turn: Id, conversation: &Conversation<'_>, at: usize) -> Judging {
        let key = Key { turn, tools: conversation.tools };
        if let Some(judgement) = self.judged.get(&key) {
            return Judging::ready(Ok(judgement));
        }
        if let Some(bypass) = self.pool.refusal() {
            return Judging::ready(Err(bypass));
        }
        let Some(window) = Window::of(conversation, at) else {
            return Judging::ready(Err(Bypass::NotHumanText));
        };
        if is_foreign(&window) {
            return Judging::ready(Err(Bypass::Language));
        }
        let (judging, answer) = Judging::pending();
        self.pool.submit(Job { window, answer, memo: Some(self.judged.memo(key)) });
        judging
    }

    fn model(&self) -> Option<ModelId> {
        self.model
    }

    fn reads_replies(&self) -> bool {
        self.pool.reads_replies()
    }

    fn read_reply(&self, reply: ReplyTurn) {
        if !self.read.is_on() {
            return self.pool.submit_reply(reply);
        }
        let ReplyTurn { window, answer } = reply;
        let key = ReplyKey::of(&window);
        if let Some(judgement) = self.read.get(&key) {
            self.recalled.fetch_add(1, Ordering::Relaxed);
            return answer.send(judgement);
        }
        let memo = self.read.memo(key);
        let answer = ReplyAnswer::new(move |judgement| match judgement {
            Some(judgement) => {
                memo.keep(&judgement);
                answer.send(judgement);
            }
            None => drop(answer),
        });
        self.pool.submit_reply(ReplyTurn { window, answer });
    }
}

impl std::fmt::Debug for ThreadedClassifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ThreadedClassifier").field("model", &self.model).field("stats", &self.stats()).finish()
    }
}
