//! The pool's book-keeping: who works on what, what waits, and what has taken too long.
//!
//! A state machine without threads or a clock of its own, so that every interleaving can be played through in a test.
//! Time comes in as `now`; what has to happen outside (send an answer, start a thread) goes out as a value.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::cache::Memo;
use super::limits::{LONGEST_PAUSE, Limits, MOST_WRITTEN_OFF, START_LIMIT};
use super::stats::{Counts, PoolStats};
use super::{Answer, ReplyAnswer, ReplyTurn, Window};
use crate::dialogue::Bypass;

/// A turn to be judged.
pub(super) struct Job {
    pub(super) window: Window,
    pub(super) answer: Answer,
    pub(super) memo: Option<Memo>,
}

/// A thread's claim to a seat; void once the seat was given to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Badge {
    pub(super) seat: usize,
    term: u64,
}

/// Answers that are due; to be sent once the lock is released, since sending wakes tasks.
pub(super) type Due = Vec<(Answer, Bypass)>;

/// What the thread of a seat owes: a user waits for a judgement, or nobody for a reply's acts.
pub(super) enum Owed {
    Turn(Answer),
    Reply(ReplyAnswer),
}

/// What a worker is to do next.
pub(super) enum Next {
    Run(Window, Option<Memo>),
    Read(Window),
    Wait,
    /// Nothing before this time, unless a turn comes: the thread has spent its share on replies.
    Rest(Instant),
    Leave,
}

/// What has to happen because time went by.
#[derive(Default)]
pub(super) struct Sweep {
    pub(super) due: Due,
    /// Replies that will not be read; their answers are told by being dropped, once the lock is released.
    pub(super) unread: Vec<ReplyAnswer>,
    pub(super) start: Vec<Badge>,
    /// Threads that were written off just now.
    pub(super) written_off: usize,
    /// A thread hangs and may not be replaced any more; reported once.
    pub(super) exhausted: bool,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// A turn was judged.
    Judged,
    /// The judge failed on a turn.
    Failed,
    /// A reply was read.
    Read,
    /// A reply was not read: it is in another language, or the judge reads none.
    Declined,
    /// The judge failed on a reply.
    ReadFailed,
}

pub(super) struct Roster {
    limits: Limits,
    queue: VecDeque<(Job, Instant)>,
    /// Replies to be read when no turn waits, and until when they may wait.
    replies: VecDeque<(ReplyTurn, Instant)>,
    /// Answers of replies that have been taken from here and are not yet told.
    untold: usize,
    seats: Vec<Seat>,
    written_off: usize,
    exhausted: bool,
    closing: bool,
    /// Somebody waits for the replies: they are read without a rest.
    hurries: bool,
    /// Usual time of a run, a moving average.
    usual: Duration,
    pub(super) counts: Counts,
}

struct Seat {
    term: u64,
    /// Faults in a row.
    faults: u32,
    /// No reply is read before this time.
    rests_until: Option<Instant>,
    state: State,
}

enum State {
    /// A thread loads its model.
    Starting {
        since: Instant,
    },
    Idle,
    /// A turn's answer is gone once its deadline has passed.
    Running {
        since: Instant,
        due: Instant,
        owed: Option<Owed>,
    },
    /// The last thread failed; the next comes at this time.
    Vacant {
        until: Instant,
    },
    /// The pool closes, and the thread has left.
    Gone,
}

impl Roster {
    /// A roster whose seats are all being filled, and the badges of the threads to start.
    pub(super) fn new(limits: Limits, now: Instant) -> (Self, Vec<Badge>) {
        let seat = || Seat { term: 0, faults: 0, rests_until: None, state: State::Starting { since: now } };
        let roster = Self {
            limits,
            queue: VecDeque::with_capacity(limits.queue),
            replies: VecDeque::new(),
            untold: 0,
            seats: (0..limits.threads).map(|_| seat()).collect(),
            written_off: 0,
            exhausted: false,
            closing: false,
            hurries: false,
            usual: Duration::ZERO,
            counts: Counts::default(),
        };
        (roster, (0..limits.threads).map(|seat| Badge { seat, term: 0 }).collect())
    }

    /// Why a turn would be turned away now, and counts it as one that was; `None` where there is room for it.
    pub(super) fn refusal(&mut self, now: Instant) -> Option<Bypass> {
        if !self.is_able(now) {
            self.counts.stalled += 1;
            return Some(Bypass::Stalled);
        }
        if self.queue.len() >= self.limits.queue {
            let before = self.queue.len();
            self.queue.retain(|(waiting, _)| !waiting.answer.is_abandoned());
            self.counts.abandoned += (before - self.queue.len()) as u64;
        }
        let full = self.queue.len() >= self.limits.queue;
        self.counts.saturated += u64::from(full);
        full.then_some(Bypass::Saturated)
    }

    /// Takes a job into the queue and says when it is due, or says at once why not.
    pub(super) fn admit(&mut self, job: Job, now: Instant) -> Result<Instant, (Answer, Bypass)> {
        if let Some(bypass) = self.refusal(now) {
            return Err((job.answer, bypass));
        }
        let due = now + self.limits.deadline;
        self.queue.push_back((job, due));
        Ok(due)
    }

    /// Takes a reply to be read later and says until when it may wait, or gives its answer back: there is room for as many
    /// as for turns, those included that were read and whose readers are yet to be told.
    pub(super) fn admit_reply(&mut self, reply: ReplyTurn, now: Instant) -> Result<Instant, ReplyAnswer> {
        if self.closing || self.replies.len() + self.untold >= self.limits.queue || !self.is_able(now) {
            self.counts.replies_dropped += 1;
            return Err(reply.answer);
        }
        let until = now + self.limits.patience;
        self.replies.push_back((reply, until));
        Ok(until)
    }

    /// Whether any thread is there that does not hang.
    pub(super) fn is_able(&self, now: Instant) -> bool {
        self.seats.iter().any(|seat| match seat.state {
            State::Idle => true,
            State::Running { since, .. } => now < since + self.limits.deadline,
            State::Starting { .. } | State::Vacant { .. } | State::Gone => false,
        })
    }

    /// Notes that the thread has its model. `false`: it was written off meanwhile and must go.
    pub(super) fn ready(&mut self, badge: Badge) -> bool {
        if !self.holds(badge) {
            self.came_back();
            return false;
        }
        self.seats[badge.seat].state = State::Idle;
        true
    }

    /// Gives the thread the oldest job that is still worth running.
    pub(super) fn next(&mut self, badge: Badge, now: Instant) -> (Next, Due) {
        let mut late = Vec::new();
        if !self.holds(badge) {
            return (Next::Leave, late);
        }
        while let Some((job, due)) = self.queue.pop_front() {
            if job.answer.is_abandoned() {
                self.counts.abandoned += 1;
                continue;
            }
            // Under load every job would reach its turn just too late, and none would be judged in time: skip those
            // that cannot make it, as long as another waits behind. A job with half its time left always runs, so
            // one slow run cannot shut the pool.
            let usual = (self.usual * 5 / 4).min(self.limits.deadline / 2);
            if now >= due || (now + usual > due && !self.queue.is_empty()) {
                self.counts.deadline += 1;
                late.push((job.answer, Bypass::Deadline));
                continue;
            }
            self.seats[badge.seat].state = State::Running { since: now, due, owed: Some(Owed::Turn(job.answer)) };
            return (Next::Run(job.window, job.memo), late);
        }
        let ignores_rest = self.hurries || self.closing;
        // Past here it is over: a thread that waits for replies is told of the next only where it may read, and one that
        // still had to rest would never look again.
        let rest = &mut self.seats[badge.seat].rests_until;
        match rest.filter(|until| *until > now && !ignores_rest) {
            Some(until) => return (Next::Rest(until), late),
            None => *rest = None,
        }
        if let Some((reply, _)) = self.replies.pop_front() {
            let due = now + self.limits.deadline;
            self.seats[badge.seat].state = State::Running { since: now, due, owed: Some(Owed::Reply(reply.answer)) };
            return (Next::Read(reply.window), late);
        }
        (if self.closing { Next::Leave } else { Next::Wait }, late)
    }

    /// Notes that the thread has run its job.
    ///
    /// Returns what it owes, unless that was given already, and whether the thread may go on.
    pub(super) fn finish(&mut self, badge: Badge, now: Instant, run: Run) -> (Option<Owed>, bool) {
        match run {
            Run::Judged => self.counts.judged += 1,
            Run::Failed => self.counts.failed += 1,
            Run::Read | Run::Declined | Run::ReadFailed => {}
        }
        if !self.holds(badge) {
            self.came_back();
            return (None, false);
        }
        let seat = &mut self.seats[badge.seat];
        let State::Running { since, owed, .. } = std::mem::replace(&mut seat.state, State::Idle) else {
            return (None, true);
        };
        // A reply that was declined took no run of the model and says nothing about it.
        if run != Run::Declined {
            seat.faults = 0;
            let took = now.saturating_duration_since(since);
            if matches!(run, Run::Read | Run::ReadFailed) {
                let share = self.limits.reply_share.clamp(1, 100);
                seat.rests_until = (share < 100).then(|| now + took * (100 - share) / share);
            }
            self.usual = if self.usual.is_zero() { took } else { (self.usual * 7 + took) / 8 };
        }
        // Each reply counts once: one whose thread was written off has been counted then.
        if let Some(Owed::Reply(_)) = &owed {
            self.untold += 1;
            match run {
                Run::Read => self.counts.replies_read += 1,
                Run::Declined => self.counts.replies_declined += 1,
                Run::ReadFailed | Run::Judged | Run::Failed => self.counts.replies_failed += 1,
            }
        }
        (owed, true)
    }

    /// Notes that the thread fails and ends: its judge panicked, or its model did not load.
    ///
    /// Returns what it owes, if anything. The seat is filled again by a later sweep.
    pub(super) fn vacate(&mut self, badge: Badge, now: Instant) -> Option<Owed> {
        if !self.holds(badge) {
            self.came_back();
            return None;
        }
        let seat = &mut self.seats[badge.seat];
        let until = now + pause(seat.faults);
        seat.faults = seat.faults.saturating_add(1);
        let State::Running { owed, .. } = std::mem::replace(&mut seat.state, State::Vacant { until }) else {
            return None;
        };
        if let Some(Owed::Reply(_)) = &owed {
            self.untold += 1;
            self.counts.replies_failed += 1;
        }
        owed
    }

    /// Notes that the thread has ended after [`Next::Leave`].
    pub(super) fn leave(&mut self, badge: Badge) {
        if self.holds(badge) {
            self.seats[badge.seat].state = State::Gone;
        }
    }

    /// Answers what is past its deadline and replaces threads that hang or are gone.
    pub(super) fn sweep(&mut self, now: Instant) -> Sweep {
        let mut sweep = Sweep::default();
        while self.queue.front().is_some_and(|(_, due)| *due <= now) {
            if let Some((job, _)) = self.queue.pop_front() {
                if job.answer.is_abandoned() {
                    self.counts.abandoned += 1;
                } else {
                    self.counts.deadline += 1;
                    sweep.due.push((job.answer, Bypass::Deadline));
                }
            }
        }
        while self.replies.front().is_some_and(|(_, until)| *until <= now) {
            sweep.unread.extend(self.replies.pop_front().map(|(reply, _)| reply.answer));
        }
        for at in 0..self.seats.len() {
            let seat = &mut self.seats[at];
            if let State::Running { since, due, owed } = &mut seat.state {
                let hangs = *since + self.limits.stall_after <= now;
                match owed.take_if(|owed| if matches!(owed, Owed::Turn(_)) { *due <= now } else { hangs }) {
                    Some(Owed::Turn(answer)) => {
                        self.counts.deadline += 1;
                        sweep.due.push((answer, Bypass::Deadline));
                    }
                    Some(Owed::Reply(answer)) => sweep.unread.push(answer),
                    None => {}
                }
            }
            if self.closing || seat.replaced_at(&self.limits).is_none_or(|until| until > now) {
                continue;
            }
            if !matches!(seat.state, State::Vacant { .. }) {
                if self.written_off >= MOST_WRITTEN_OFF {
                    sweep.exhausted |= !std::mem::replace(&mut self.exhausted, true);
                    continue;
                }
                self.written_off += 1;
                sweep.written_off += 1;
            }
            seat.term += 1;
            seat.state = State::Starting { since: now };
            self.counts.replaced += 1;
            sweep.start.push(Badge { seat: at, term: seat.term });
        }
        self.give_up(sweep.unread.len());
        sweep
    }

    /// When the next sweep has something to do, as far as is known now.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let queued = self.queue.front().map(|(_, due)| *due);
        let unread = self.replies.front().map(|(_, until)| *until);
        let seats = self.seats.iter().flat_map(|seat| {
            let due = match &seat.state {
                State::Running { due, owed: Some(Owed::Turn(_)), .. } => Some(*due),
                State::Running { since, owed: Some(Owed::Reply(_)), .. } => Some(*since + self.limits.stall_after),
                _ => None,
            };
            let may_replace =
                !self.closing && (self.written_off < MOST_WRITTEN_OFF || matches!(seat.state, State::Vacant { .. }));
            due.into_iter().chain(seat.replaced_at(&self.limits).filter(|_| may_replace))
        });
        queued.into_iter().chain(unread).chain(seats).min()
    }

    /// Takes no more jobs. Turns in the queue are still judged or answered; replies that wait are given up.
    pub(super) fn close(&mut self) -> Vec<ReplyAnswer> {
        self.closing = true;
        let unread: Vec<_> = self.replies.drain(..).map(|(reply, _)| reply.answer).collect();
        self.give_up(unread.len());
        unread
    }

    /// Has replies read without a rest, or with one again: somebody waits for the last of them.
    pub(super) fn hurry(&mut self, hurries: bool) {
        self.hurries = hurries;
    }

    /// Whether a thread that waits may read a reply now. One that rests looks by itself when it has rested.
    pub(super) fn may_read(&self, now: Instant) -> bool {
        let free = |seat: &Seat| matches!(seat.state, State::Idle) && seat.rests_until.is_none_or(|until| until <= now);
        self.seats.iter().any(free)
    }

    /// Takes every reply that waits or is being read: the acts that are not yet there are not waited for.
    pub(super) fn give_up_replies(&mut self) -> Vec<ReplyAnswer> {
        let mut unread: Vec<_> = self.replies.drain(..).map(|(reply, _)| reply.answer).collect();
        for seat in &mut self.seats {
            if let State::Running { owed, .. } = &mut seat.state
                && let Some(Owed::Reply(answer)) = owed.take_if(|owed| matches!(owed, Owed::Reply(_)))
            {
                unread.push(answer);
            }
        }
        self.give_up(unread.len());
        unread
    }

    /// Counts replies that go out of here unread.
    fn give_up(&mut self, replies: usize) {
        self.untold += replies;
        self.counts.replies_dropped += replies as u64;
    }

    /// Notes that this many answers of replies, read or not, have been told.
    pub(super) fn told(&mut self, replies: usize) {
        self.untold = self.untold.saturating_sub(replies);
    }

    /// Whether whoever handed in a reply has been told of it.
    pub(super) fn has_told_all(&self) -> bool {
        let reads = |seat: &Seat| matches!(seat.state, State::Running { owed: Some(Owed::Reply(_)), .. });
        self.untold == 0 && self.replies.is_empty() && !self.seats.iter().any(reads)
    }

    /// Whether the pool closes and no answer is owed any more.
    pub(super) fn is_settled(&self) -> bool {
        let owes = |seat: &Seat| matches!(seat.state, State::Running { owed: Some(_), .. });
        self.closing && self.queue.is_empty() && !self.seats.iter().any(owes)
    }

    /// Whether every thread has ended that can.
    pub(super) fn is_empty(&self) -> bool {
        self.seats.iter().all(|seat| matches!(seat.state, State::Gone | State::Vacant { .. }))
    }

    /// The state of the pool in numbers.
    pub(super) fn stats(&self, now: Instant) -> PoolStats {
        let seats = |which: fn(&State) -> bool| self.seats.iter().filter(|seat| which(&seat.state)).count();
        PoolStats {
            threads: self.seats.len(),
            queued: self.queue.len(),
            replies_queued: self.replies.len(),
            running: seats(|state| matches!(state, State::Running { .. })),
            idle: seats(|state| matches!(state, State::Idle)),
            written_off: self.written_off,
            able: self.is_able(now),
            counts: self.counts,
        }
    }

    /// A thread that was written off is back, and about to end.
    fn came_back(&mut self) {
        self.written_off -= 1;
        self.exhausted = false;
    }

    fn holds(&self, badge: Badge) -> bool {
        self.seats[badge.seat].term == badge.term
    }
}

impl Seat {
    /// When this seat goes to another thread, if nothing happens before.
    fn replaced_at(&self, limits: &Limits) -> Option<Instant> {
        match self.state {
            State::Starting { since } => Some(since + START_LIMIT),
            State::Running { since, .. } => Some(since + limits.stall_after),
            State::Vacant { until } => Some(until),
            State::Idle | State::Gone => None,
        }
    }
}

/// How long a seat stays empty after a fault, when `faults` came before it without a success: not at all at first.
fn pause(faults: u32) -> Duration {
    match faults {
        0 => Duration::ZERO,
        n => LONGEST_PAUSE.min(Duration::from_millis(50) * 2_u32.saturating_pow(n.min(8))),
    }
}

#[cfg(test)]
#[path = "roster_tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;
