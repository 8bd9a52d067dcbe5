//! Telling of replies, on a thread of its own.
//!
//! Whoever is told is foreign code: an observer may take its time, or panic. It must hold up neither the keeper, on whom
//! every deadline depends, nor a thread that judges turns. What waits to be told is bounded by who lets replies in: see
//! [`admit_reply`](super::roster::Roster::admit_reply).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::{AssistantJudgement, ReplyAnswer};
use crate::error::{Error, Result};

/// A reply's answer, and what is to be told.
type Told = (ReplyAnswer, Option<AssistantJudgement>);

/// Hands over what is to be told.
#[derive(Debug)]
pub(super) struct Teller(Sender<Told>);

impl Teller {
    /// A teller, and what its [thread](run) is to be given.
    pub(super) fn new() -> (Self, Receiver<Told>) {
        let (sender, receiver) = channel();
        (Self(sender), receiver)
    }

    /// Has it told; gives it back where the thread is gone.
    pub(super) fn tell(&self, answer: ReplyAnswer, judgement: Option<AssistantJudgement>) -> Result<(), Told> {
        self.0.send((answer, judgement)).map_err(|unsent| unsent.0)
    }
}

/// Starts the thread, which ends with its [`Teller`]; `done` is called after each that was told.
///
/// # Errors
/// If the system has no thread left.
pub(super) fn run(queue: Receiver<Told>, done: impl Fn() + Send + 'static) -> Result<()> {
    thread::Builder::new()
        .name("groundwire-tell".to_owned())
        .spawn(move || {
            for (answer, judgement) in queue {
                tell(answer, judgement);
                done();
            }
        })
        .map(drop)
        .map_err(|e| Error::io("the thread that tells of replies cannot be started").with(e))
}

/// Tells, here and now.
pub(super) fn tell(answer: ReplyAnswer, judgement: Option<AssistantJudgement>) {
    let told = catch_unwind(AssertUnwindSafe(|| match judgement {
        Some(judgement) => answer.send(judgement),
        None => drop(answer),
    }));
    if told.is_err() {
        tracing::error!("whoever was told of a reply's acts panicked");
    }
}
