//! The life of one judging thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;

use super::cache::Memo;
use super::language::is_foreign;
use super::pool::{Judge, Shared, Work};
use super::roster::{Badge, Owed, Run};
use super::{Judgement, Window};
use crate::dialogue::Bypass;
use crate::error::{Error, Result};

/// How much lower the priority of a judging thread is, in steps of nice(2): the proxy's own work goes first.
///
/// Seven steps leave the proxy 83 % of a single core that both keep busy (1024 parts of 1024 + 215 in the scheduler's weights;
/// five would leave it 75 %), and a run of 4 ms that gets the rest still ends within the usual deadline of 25 ms. With ten
/// steps it would not, and nothing would be judged under load.
#[cfg(target_os = "linux")]
const NICE: i32 = 7;

/// Makes a judge and judges until the pool closes, the judge panics, or the thread was written off.
pub(super) fn run(shared: &Arc<Shared>, badge: Badge, started: Option<Sender<Result<()>>>) {
    lower_priority();
    let made = catch_unwind(AssertUnwindSafe(|| (shared.factory)()));
    let judge = match made.unwrap_or_else(|_| Err(Error::model("the model panicked while it was loaded"))) {
        Ok(judge) => judge,
        Err(error) => {
            shared.vacate(badge, |roster| roster.counts.start_failed += 1);
            match started {
                Some(started) => drop(started.send(Err(error))),
                None => tracing::error!(?error, "a classification thread could not load its model"),
            }
            return;
        }
    };
    shared.reads_replies.fetch_or(judge.reads_replies(), Ordering::Relaxed);
    let stays = shared.report(|roster| roster.ready(badge));
    if let Some(started) = started {
        // The receiver is gone if another thread failed first; the pool then closes.
        let _ = started.send(Ok(()));
    }
    if stays && judge_all(shared, badge, judge) {
        shared.report(|roster| roster.leave(badge));
    }
}

/// Does one job after the other. `false` if the seat is already given up.
fn judge_all(shared: &Shared, badge: Badge, mut judge: Box<dyn Judge>) -> bool {
    while let Some(work) = shared.next(badge) {
        let done = match work {
            Work::Turn(window, memo) => judge_turn(shared, badge, &mut judge, &window, memo),
            Work::Reply(window) => read_reply(shared, badge, &mut judge, &window),
        };
        match done {
            Done::Stays => {}
            Done::Leaves => return false,
            Done::Panicked => {
                tracing::error!("the classifier panicked; its thread is replaced");
                // A judge that panicked may do so again when it is dropped.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(judge)));
                return false;
            }
        }
    }
    // Before the seat counts as left: whoever closes the pool waits for the model to be gone.
    drop(judge);
    true
}

/// What becomes of the thread after a job.
enum Done {
    Stays,
    /// The seat was given to another.
    Leaves,
    Panicked,
}

impl Done {
    fn of(stays: bool) -> Self {
        if stays { Self::Stays } else { Self::Leaves }
    }
}

fn judge_turn(shared: &Shared, badge: Badge, judge: &mut Box<dyn Judge>, window: &Window, memo: Option<Memo>) -> Done {
    match catch_unwind(AssertUnwindSafe(|| judge.judge(window))) {
        Ok(Ok(judgement)) => {
            let judgement = Arc::new(judgement);
            // Kept even where it comes too late: a retry of the same turn is then answered at once.
            if let Some(memo) = memo {
                memo.keep(&judgement);
            }
            let (owed, stays) = shared.finish(badge, Run::Judged);
            answer(owed, Ok(judgement));
            Done::of(stays)
        }
        Ok(Err(error)) => {
            let (owed, stays) = shared.finish(badge, Run::Failed);
            warn(shared, &error);
            answer(owed, Err(Bypass::ClassifierFailed));
            Done::of(stays)
        }
        Err(_) => {
            answer(shared.vacate(badge, |roster| roster.counts.panicked += 1), Err(Bypass::Panicked));
            Done::Panicked
        }
    }
}

fn read_reply(shared: &Shared, badge: Badge, judge: &mut Box<dyn Judge>, window: &Window) -> Done {
    // The gate of languages is passed here and not where the reply is handed in: that is the response's own task.
    let read = catch_unwind(AssertUnwindSafe(|| if is_foreign(window) { Ok(None) } else { judge.judge_reply(window) }));
    let (owed, judgement, done) = match read {
        Ok(read) => {
            let run = match &read {
                Ok(Some(_)) => Run::Read,
                Ok(None) => Run::Declined,
                Err(_) => Run::ReadFailed,
            };
            let (owed, stays) = shared.finish(badge, run);
            let judgement = read.unwrap_or_else(|error| {
                warn(shared, &error);
                None
            });
            (owed, judgement, Done::of(stays))
        }
        Err(_) => (shared.vacate(badge, |roster| roster.counts.panicked += 1), None, Done::Panicked),
    };
    if let Some(Owed::Reply(answer)) = owed {
        shared.tell(answer, judgement);
    }
    done
}

fn answer(owed: Option<Owed>, verdict: Result<Arc<Judgement>, Bypass>) {
    if let Some(Owed::Turn(answer)) = owed {
        // A waker is foreign code: what it does must not end this thread, whose seat nobody would fill again.
        let _ = catch_unwind(AssertUnwindSafe(|| answer.send(verdict)));
    }
}

/// A model that fails on every turn would fill the log: the first, second, fourth, eighth … is told.
fn warn(shared: &Shared, error: &Error) {
    let errors = shared.errors.fetch_add(1, Ordering::Relaxed) + 1;
    if errors.is_power_of_two() {
        tracing::warn!(?error, errors, "a message could not be judged");
    }
}

fn lower_priority() {
    // On Linux this is the calling thread's own priority; elsewhere it would be the whole process's.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "the priority of a classification thread stays as it is");
    }
}
