//! Judgements of earlier turns, waited for together with that of the turn in hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use super::{Judgement, Judging};
use crate::dialogue::Bypass;

type Verdict = Result<Arc<Judgement>, Bypass>;

/// What was judged of earlier turns, once the [`Judging`] it came with is ready.
#[derive(Clone, Debug, Default)]
pub struct Earlier(Arc<Mutex<Vec<(usize, Verdict)>>>);

impl Earlier {
    /// The places of the turns, and what was said of each.
    pub fn take(&self) -> Vec<(usize, Verdict)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self, place: usize, verdict: Verdict) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((place, verdict));
    }
}

/// A judgement that waits for others.
#[derive(Debug)]
pub(super) struct Joined {
    own: Judging,
    verdict: Option<Verdict>,
    earlier: Vec<(usize, Judging)>,
    told: Earlier,
}

impl Joined {
    pub(super) fn new(own: Judging, earlier: Vec<(usize, Judging)>, told: Earlier) -> Self {
        Self { own, verdict: None, earlier, told }
    }

    pub(super) fn declined(&self) -> Option<Bypass> {
        self.own.declined()
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Verdict> {
        if self.verdict.is_none()
            && let Poll::Ready(verdict) = Pin::new(&mut self.own).poll(cx)
        {
            if verdict.is_err() {
                // The turn passes as it is, whatever came before it.
                self.earlier.clear();
            }
            self.verdict = Some(verdict);
        }
        self.earlier.retain_mut(|(place, judging)| match Pin::new(judging).poll(cx) {
            Poll::Ready(verdict) => {
                self.told.tell(*place, verdict);
                false
            }
            Poll::Pending => true,
        });
        match self.verdict.take_if(|_| self.earlier.is_empty()) {
            Some(verdict) => Poll::Ready(verdict),
            None => Poll::Pending,
        }
    }
}
