//! The life of one judging thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;

use super::pool::{Judge, Shared};
use super::roster::Badge;
use crate::dialogue::Bypass;
use crate::error::{Error, Result};

/// How much lower the priority of a judging thread is, in steps of nice(2): the proxy's own work goes first.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

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
    let stays = shared.report(|roster| roster.ready(badge));
    if let Some(started) = started {
        // The receiver is gone if another thread failed first; the pool then closes.
        let _ = started.send(Ok(()));
    }
    if stays && judge_all(shared, badge, judge) {
        shared.report(|roster| roster.leave(badge));
    }
}

/// Judges one job after the other. `false` if the seat is already given up.
fn judge_all(shared: &Shared, badge: Badge, mut judge: Box<dyn Judge>) -> bool {
    while let Some((window, memo)) = shared.next(badge) {
        match catch_unwind(AssertUnwindSafe(|| judge.judge(&window))) {
            Ok(Ok(judgement)) => {
                let judgement = Arc::new(judgement);
                // Kept even where it comes too late: a retry of the same turn is then answered at once.
                if let Some(memo) = memo {
                    memo.keep(&judgement);
                }
                let (answer, stays) = shared.finish(badge, true);
                if let Some(answer) = answer {
                    answer.send(Ok(judgement));
                }
                if !stays {
                    return false;
                }
            }
            Ok(Err(error)) => {
                let (answer, stays) = shared.finish(badge, false);
                // A model that fails on every turn would fill the log: the first, second, fourth, eighth … is told.
                let errors = shared.errors.fetch_add(1, Ordering::Relaxed) + 1;
                if errors.is_power_of_two() {
                    tracing::warn!(?error, errors, "a turn could not be judged");
                }
                if let Some(answer) = answer {
                    answer.send(Err(Bypass::ClassifierFailed));
                }
                if !stays {
                    return false;
                }
            }
            Err(_) => {
                tracing::error!("the classifier panicked; its thread is replaced");
                let answer = shared.vacate(badge, |roster| roster.counts.panicked += 1);
                if let Some(answer) = answer {
                    answer.send(Err(Bypass::Panicked));
                }
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

fn lower_priority() {
    // On Linux this is the calling thread's own priority; elsewhere it would be the whole process's.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "the priority of a classification thread stays as it is");
    }
}
