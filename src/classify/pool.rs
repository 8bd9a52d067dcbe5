//! Judging on threads of its own: a bounded queue, a deadline kept to the millisecond, and replacement of what fails.
//!
//! No async runtime is involved. *Workers* judge, each with a judge of its own, at lower priority than the proxy; the
//! *keeper* answers what is past its deadline and starts new workers where one hangs or has died. A thread cannot be
//! ended from outside: one that hangs is written off, and ends by itself if it ever comes back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::cache::Memo;
use super::limits::{Limits, START_LIMIT};
use super::roster::{Badge, Due, Job, Next, Owed, Roster, Run, Sweep};
use super::stats::PoolStats;
use super::teller::Teller;
use super::{AssistantJudgement, Judgement, ReplyAnswer, ReplyTurn, Window, teller, worker};
use crate::dialogue::Bypass;
use crate::error::{Error, Result};

/// Judges one window at a time, on a thread that is its own.
///
/// It may fail, panic or never come back: the pool answers for it.
pub trait Judge: Send {
    /// Judges the user's turn that `window` is on.
    ///
    /// # Errors
    /// If it cannot; the turn then passes as [`Bypass::ClassifierFailed`].
    fn judge(&mut self, window: &Window) -> Result<Judgement>;

    /// Whether [`judge_reply`](Self::judge_reply) does anything; where it does not, nothing is kept of replies.
    fn reads_replies(&self) -> bool {
        false
    }

    /// Finds the acts of the assistant's message that `window` is on; `None` if this judge reads no replies.
    ///
    /// # Errors
    /// If it cannot; the reply then counts as not read.
    fn judge_reply(&mut self, window: &Window) -> Result<Option<AssistantJudgement>> {
        let _ = window;
        Ok(None)
    }
}

/// What a thread is given to do.
pub(super) enum Work {
    Turn(Window, Option<Memo>),
    Reply(Window),
}

/// How long the end waits for those who are being told of replies just then.
const TELLING: Duration = Duration::from_secs(1);

/// Makes the judge of a new thread, on that thread.
pub(super) type Factory = dyn Fn() -> Result<Box<dyn Judge>> + Send + Sync;

/// A pool of judging threads.
pub(super) struct Pool(Arc<Shared>);

/// What the threads share.
pub(super) struct Shared {
    state: Mutex<Locked>,
    /// A job was queued, or the pool closes.
    work: Condvar,
    /// The keeper has something to look at before it would wake by itself.
    look: Condvar,
    /// A thread has left, or somebody has been told of a reply.
    left: Condvar,
    limits: Limits,
    pub(super) factory: Box<Factory>,
    /// Errors of the model so far.
    pub(super) errors: AtomicU64,
    /// Whether any judge said that it reads replies.
    pub(super) reads_replies: AtomicBool,
    teller: Teller,
}

struct Locked {
    roster: Roster,
    /// When the keeper wakes by itself; `None`: not before it is notified.
    keeper_wakes: Option<Instant>,
    keeper_left: bool,
}

impl Pool {
    /// Starts the threads and waits until each has its judge.
    ///
    /// # Errors
    /// If a thread cannot be started, or its judge cannot be made.
    pub(super) fn start(limits: Limits, factory: Box<Factory>) -> Result<Self> {
        let (roster, badges) = Roster::new(limits, Instant::now());
        let (teller, to_tell) = Teller::new();
        let pool = Self(Arc::new(Shared {
            state: Mutex::new(Locked { roster, keeper_wakes: None, keeper_left: true }),
            work: Condvar::new(),
            look: Condvar::new(),
            left: Condvar::new(),
            limits,
            factory,
            errors: AtomicU64::new(0),
            reads_replies: AtomicBool::new(false),
            teller,
        }));
        // It must not keep alive what keeps it alive.
        let counted = Arc::downgrade(&pool.0);
        teller::run(to_tell, move || {
            if let Some(shared) = counted.upgrade() {
                shared.has_told();
            }
        })?;
        let (sender, receiver) = mpsc::channel();
        for badge in badges {
            pool.0.spawn_worker(badge, Some(sender.clone()))?;
        }
        for _ in 0..limits.threads {
            receiver
                .recv_timeout(START_LIMIT)
                .map_err(|e| Error::model("the model is not loaded in time").with(e))??;
        }
        pool.0.lock().keeper_left = false;
        let shared = Arc::clone(&pool.0);
        let keeper = thread::Builder::new().name("groundwire-keeper".to_owned()).spawn(move || shared.keep());
        if let Err(e) = keeper {
            pool.0.lock().keeper_left = true;
            return Err(Error::io("the classifier's keeper thread cannot be started").with(e));
        }
        Ok(pool)
    }

    /// Why a turn would be turned away now, counted as one that was. To be asked before anything is made ready for the threads,
    /// which costs many times as much.
    pub(super) fn refusal(&self) -> Option<Bypass> {
        self.0.lock().roster.refusal(Instant::now())
    }

    /// Hands in a turn; its answer comes by the deadline whatever happens.
    pub(super) fn submit(&self, job: Job) {
        let mut locked = self.0.lock();
        match locked.roster.admit(job, Instant::now()) {
            Ok(due) => {
                let keeper_is_late = locked.keeper_wakes.is_none_or(|wakes| wakes > due);
                drop(locked);
                self.0.work.notify_one();
                if keeper_is_late {
                    self.0.look.notify_one();
                }
            }
            Err((answer, bypass)) => {
                drop(locked);
                answer.send(Err(bypass));
            }
        }
    }

    /// Hands in a reply to be read when no turn waits; it is declined at once where there is no room.
    pub(super) fn submit_reply(&self, reply: ReplyTurn) {
        let mut locked = self.0.lock();
        let now = Instant::now();
        let admitted = locked.roster.admit_reply(reply, now);
        let may_read = locked.roster.may_read(now);
        let keeper_wakes = locked.keeper_wakes;
        // Outside the lock: whoever is told may do anything.
        drop(locked);
        match admitted {
            Err(answer) => drop(answer),
            Ok(until) => {
                match may_read {
                    // Which one is woken cannot be chosen, and some may rest.
                    true if self.0.limits.threads > 1 => self.0.work.notify_all(),
                    true => self.0.work.notify_one(),
                    false => {}
                }
                if keeper_wakes.is_none_or(|wakes| wakes > until) {
                    self.0.look.notify_one();
                }
            }
        }
    }

    /// Waits until everybody who handed in a reply has been told of it; from `until` on, those not yet read are given up.
    pub(super) fn finish_replies(&self, until: Instant) {
        self.0.report(|roster| roster.hurry(true));
        self.0.work.notify_all();
        if !self.wait_until_told(until) {
            let unread = self.0.lock().roster.give_up_replies();
            self.0.give_up(unread);
            // A thread may be telling at this moment.
            self.wait_until_told(Instant::now() + TELLING);
        }
        self.0.report(|roster| roster.hurry(false));
    }

    fn wait_until_told(&self, until: Instant) -> bool {
        let mut locked = self.0.lock();
        while !locked.roster.has_told_all() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            locked = self.0.left.wait_timeout(locked, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Whether its judges read replies.
    pub(super) fn reads_replies(&self) -> bool {
        self.0.reads_replies.load(Ordering::Relaxed)
    }

    /// The state of the pool in numbers.
    pub(super) fn stats(&self) -> PoolStats {
        self.0.lock().roster.stats(Instant::now())
    }
}

impl Drop for Pool {
    /// Lets the threads go. What is queued is still judged; a thread that does not come back by the deadline is not
    /// waited for.
    fn drop(&mut self) {
        let unread = self.0.lock().roster.close();
        self.0.give_up(unread);
        let mut locked = self.0.lock();
        self.0.work.notify_all();
        self.0.look.notify_all();
        // Threads must not be inside the runtime while the process tears it down.
        let until = Instant::now() + self.0.limits.deadline;
        while !(locked.roster.is_empty() && locked.keeper_left) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // What is still being read is told of without its acts; the process may end now.
                let unread = locked.roster.give_up_replies();
                drop(locked);
                self.0.give_up(unread);
                self.wait_until_told(Instant::now() + TELLING);
                return;
            }
            locked = self.0.left.wait_timeout(locked, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(locked);
        self.wait_until_told(Instant::now() + TELLING);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Locked> {
        // Nothing in here panics half-way through a change; a poisoned lock is still a good one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread of `badge`. `started` is told once whether its judge could be made.
    fn spawn_worker(self: &Arc<Self>, badge: Badge, started: Option<Sender<Result<()>>>) -> Result<()> {
        let shared = Arc::clone(self);
        thread::Builder::new()
            .name(format!("groundwire-classify-{}", badge.seat))
            .spawn(move || worker::run(&shared, badge, started))
            .map(drop)
            .map_err(|e| {
                let error = Error::io("a thread of the classifier cannot be started").with(e);
                self.vacate(badge, |roster| roster.counts.start_failed += 1);
                error
            })
    }

    /// Blocks until there is a job for the thread of `badge`; `None` when it has to go.
    pub(super) fn next(&self, badge: Badge) -> Option<Work> {
        let mut locked = self.lock();
        loop {
            let (next, late) = locked.roster.next(badge, Instant::now());
            if late.is_empty() {
                match next {
                    Next::Wait => {
                        locked = self.work.wait(locked).unwrap_or_else(PoisonError::into_inner);
                        continue;
                    }
                    Next::Rest(until) => {
                        let rest = until.saturating_duration_since(Instant::now());
                        locked = self.work.wait_timeout(locked, rest).unwrap_or_else(PoisonError::into_inner).0;
                        continue;
                    }
                    Next::Run(..) | Next::Read(_) | Next::Leave => {}
                }
            }
            // A turn wakes the keeper when it is handed in, for its deadline; a reply has none, but its run can hang.
            let replaced = Instant::now() + self.limits.stall_after;
            let keeper_is_late =
                matches!(next, Next::Read(_)) && locked.keeper_wakes.is_none_or(|wakes| wakes > replaced);
            drop(locked);
            if keeper_is_late {
                self.look.notify_one();
            }
            send(late);
            match next {
                Next::Run(window, memo) => return Some(Work::Turn(window, memo)),
                Next::Read(window) => return Some(Work::Reply(window)),
                Next::Leave => return None,
                Next::Wait | Next::Rest(_) => locked = self.lock(),
            }
        }
    }

    /// Changes the roster, wakes the keeper, and returns what `change` returned.
    pub(super) fn report<T>(&self, change: impl FnOnce(&mut Roster) -> T) -> T {
        let result = change(&mut self.lock().roster);
        self.look.notify_one();
        self.left.notify_all();
        result
    }

    /// As [`report`](Self::report), for what happens after every run and concerns the keeper only if the thread was
    /// written off.
    pub(super) fn finish(&self, badge: Badge, run: Run) -> (Option<Owed>, bool) {
        let mut locked = self.lock();
        let (owed, stay) = locked.roster.finish(badge, Instant::now(), run);
        drop(locked);
        if !stay {
            self.look.notify_one();
        }
        (owed, stay)
    }

    /// Tells those who handed in these replies that they will not be read.
    fn give_up(&self, unread: Vec<ReplyAnswer>) {
        for answer in unread {
            self.tell(answer, None);
        }
    }

    /// Has whoever handed in a reply told of it, on a thread of its own.
    pub(super) fn tell(&self, answer: ReplyAnswer, judgement: Option<AssistantJudgement>) {
        if let Err((answer, judgement)) = self.teller.tell(answer, judgement) {
            teller::tell(answer, judgement);
            self.has_told();
        }
    }

    fn has_told(&self) {
        self.lock().roster.told(1);
        self.left.notify_all();
    }

    /// Gives up the seat of `badge` after a fault and counts it.
    pub(super) fn vacate(&self, badge: Badge, count: impl FnOnce(&mut Roster)) -> Option<Owed> {
        self.report(|roster| {
            count(roster);
            roster.vacate(badge, Instant::now())
        })
    }

    /// The keeper's life.
    fn keep(self: Arc<Self>) {
        let mut locked = self.lock();
        loop {
            let Sweep { due, unread, start, written_off, exhausted } = locked.roster.sweep(Instant::now());
            if !due.is_empty() || !unread.is_empty() || !start.is_empty() || exhausted {
                drop(locked);
                send(due);
                self.give_up(unread);
                if written_off > 0 {
                    tracing::error!(threads = written_off, after = ?self.limits.stall_after, "classification hangs; threads written off and replaced");
                }
                if exhausted {
                    tracing::error!(
                        "too many classification threads hang; they are no longer replaced. Restart, or change the model"
                    );
                }
                for badge in start {
                    if let Err(error) = self.spawn_worker(badge, None) {
                        tracing::error!(%error, "a classification thread is missing");
                    }
                }
                locked = self.lock();
                continue;
            }
            if locked.roster.is_settled() {
                locked.keeper_left = true;
                self.left.notify_all();
                return;
            }
            let now = Instant::now();
            locked.keeper_wakes = locked.roster.wake_at();
            locked = match locked.keeper_wakes {
                None => self.look.wait(locked).unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let left = at.saturating_duration_since(now);
                    self.look.wait_timeout(locked, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

/// Sends answers that are due.
fn send(due: Due) {
    for (answer, bypass) in due {
        // A waker is foreign code: what it does must not end the keeper.
        let _ = catch_unwind(AssertUnwindSafe(|| answer.send(Err(bypass))));
    }
}
