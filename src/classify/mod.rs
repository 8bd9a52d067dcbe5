//! Judging a turn: what it needs, what it lacks, what it does, and whether it speaks of distress.
//!
//! A [`Classifier`] takes a conversation and answers later, with a [`Judgement`] or with the [`Bypass`] that says why
//! there is none. The one that ships is `OnnxClassifier` (feature `onnx`); anything else that can judge a turn can stand in its place.

#[cfg(feature = "bundled")]
mod bundled;
#[cfg(feature = "onnx")]
mod cache;
#[cfg(feature = "onnx")]
mod calibrate;
#[cfg(feature = "onnx")]
mod classifier;
mod earlier;
#[cfg(feature = "onnx")]
mod files;
mod judgement;
#[cfg(feature = "onnx")]
mod labels;
#[cfg(feature = "onnx")]
mod language;
#[cfg(feature = "onnx")]
mod limits;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "onnx")]
mod onnx_classifier;
#[cfg(feature = "onnx")]
mod pool;
mod prelude;
mod reply;
#[cfg(feature = "onnx")]
mod roster;
#[cfg(feature = "onnx")]
mod runtime;
#[cfg(feature = "onnx")]
mod stats;
#[cfg(feature = "onnx")]
mod teller;
#[cfg(feature = "onnx")]
mod tokenize;
mod window;
#[cfg(feature = "onnx")]
mod worker;

#[cfg(feature = "onnx")]
pub use classifier::{PoolOptions, ThreadedClassifier};
pub use earlier::Earlier;
#[cfg(feature = "onnx")]
pub use files::ModelFiles;
pub use judgement::{AssistantJudgement, Judgement, ModelId};
#[cfg(feature = "onnx")]
pub(crate) use language::is_english;
#[cfg(feature = "onnx")]
pub use language::is_foreign;
#[cfg(feature = "onnx")]
pub use onnx::{Model, Scores};
#[cfg(feature = "onnx")]
pub use onnx_classifier::{OnnxClassifier, OnnxClassifierBuilder};
#[cfg(feature = "onnx")]
pub use pool::Judge;
pub use prelude::Prelude;
pub use reply::{ReplyAnswer, ReplyTurn};
#[cfg(feature = "onnx")]
pub use stats::{Counts, PoolStats};
#[cfg(feature = "onnx")]
pub use tokenize::{Tokens, WindowTokenizer};
pub use window::{Excerpt, Mark, Window, ends_in_question};

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_channel::oneshot;

use crate::dialogue::{Bypass, Conversation, Id};

/// Judges user turns.
///
/// Implementations must not block: work that takes time belongs on threads of the classifier's own, which answer
/// through the [`Answer`] of a [`Judging`]. No runtime is assumed, so deadlines are the classifier's to keep.
pub trait Classifier: Send + Sync + 'static {
    /// Judges the user turn at position `at` of `conversation`.
    ///
    /// `turn` is the keyed hash of everything up to and with that turn: two calls with the same `turn` and the same
    /// offer of tools are the same question, and a classifier may answer the second from memory.
    fn judge(&self, turn: Id, conversation: &Conversation<'_>, at: usize) -> Judging;

    /// Which model judges; `None` where there is none.
    fn model(&self) -> Option<ModelId>;

    /// Whether [`read_reply`](Self::read_reply) does anything; where it does not, nothing is kept for it.
    fn reads_replies(&self) -> bool {
        false
    }

    /// Finds the acts in what an assistant replied, when there is time: nobody waits, and user turns go first.
    ///
    /// Dropping the reply declines it.
    fn read_reply(&self, reply: ReplyTurn) {
        drop(reply);
    }
}

impl<C: Classifier + ?Sized> Classifier for Arc<C> {
    fn judge(&self, turn: Id, conversation: &Conversation<'_>, at: usize) -> Judging {
        (**self).judge(turn, conversation, at)
    }

    fn model(&self) -> Option<ModelId> {
        (**self).model()
    }

    fn reads_replies(&self) -> bool {
        (**self).reads_replies()
    }

    fn read_reply(&self, reply: ReplyTurn) {
        (**self).read_reply(reply);
    }
}

/// A judgement on its way.
///
/// Dropping it tells the classifier that nobody waits any more; a turn that is still in the queue is then not judged.
#[derive(Debug)]
pub struct Judging(State);

#[derive(Debug)]
enum State {
    Done(Option<Result<Arc<Judgement>, Bypass>>),
    Waiting(oneshot::Receiver<Result<Arc<Judgement>, Bypass>>),
    Joined(Box<earlier::Joined>),
}

/// The other end of a [`Judging`]: whoever judges answers here, once.
///
/// Dropping it without an answer counts as [`Bypass::ClassifierFailed`].
#[derive(Debug)]
pub struct Answer(oneshot::Sender<Result<Arc<Judgement>, Bypass>>);

impl Judging {
    /// A judgement that is there already.
    pub fn ready(result: Result<Arc<Judgement>, Bypass>) -> Self {
        Self(State::Done(Some(result)))
    }

    /// Why there will be no judgement, where that is known already.
    pub fn declined(&self) -> Option<Bypass> {
        match &self.0 {
            State::Done(Some(Err(bypass))) => Some(*bypass),
            State::Joined(joined) => joined.declined(),
            _ => None,
        }
    }

    /// The same judgement, which is there only once those of `earlier` turns, each with its place, are there, too. What they
    /// say is in the second.
    pub fn with_earlier(self, earlier: Vec<(usize, Judging)>) -> (Self, Earlier) {
        if earlier.is_empty() {
            return (self, Earlier::default());
        }
        let told = Earlier::default();
        (Self(State::Joined(Box::new(earlier::Joined::new(self, earlier, told.clone())))), told)
    }

    /// A judgement to come, and where to put it.
    pub fn pending() -> (Self, Answer) {
        let (sender, receiver) = oneshot::channel();
        (Self(State::Waiting(receiver)), Answer(sender))
    }
}

impl Answer {
    /// Gives the answer. Nothing happens if nobody waits any more.
    pub fn send(self, result: Result<Arc<Judgement>, Bypass>) {
        // The receiver may be gone because the client left: nobody is owed an answer then.
        let _ = self.0.send(result);
    }

    /// Whether the one who asked has gone.
    pub fn is_abandoned(&self) -> bool {
        self.0.is_canceled()
    }
}

impl Future for Judging {
    type Output = Result<Arc<Judgement>, Bypass>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Done(result) => Poll::Ready(result.take().unwrap_or(Err(Bypass::ClassifierFailed))),
            State::Waiting(receiver) => {
                Pin::new(receiver).poll(cx).map(|answer| answer.unwrap_or(Err(Bypass::ClassifierFailed)))
            }
            State::Joined(joined) => joined.poll(cx),
        }
    }
}

/// The classifier of a proxy that is not to judge: every turn is a [`Bypass::NoModel`].
#[derive(Clone, Copy, Debug, Default)]
pub struct NoClassifier;

impl Classifier for NoClassifier {
    fn judge(&self, _: Id, _: &Conversation<'_>, _: usize) -> Judging {
        Judging::ready(Err(Bypass::NoModel))
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}
