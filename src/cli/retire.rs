//! Letting go, on a thread of its own, of what takes a while to let go of: a classifier that still has replies to read, a
//! file of records that is still being written.
//!
//! After a reload, the last request of the old configuration is the last to hold on to its classifier. It must not wait
//! for the classifier's threads to end.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::classify::{Classifier, Judging, ModelId, OnnxClassifier, ReplyTurn};
use crate::dialogue::{Bypass, Conversation, Id};
use crate::error::{Error, Result};
use crate::observe::store::Store;
use crate::observe::{JsonLines, Observer, Record};

/// How long a classifier that is let go of may still read replies; as long as they may wait for it.
const LAST_REPLIES: Duration = Duration::from_secs(5);

/// How long a store that is let go of may still take for what waits in it.
const LAST_TURNS: Duration = Duration::from_secs(30);

/// What ends in a way of its own, and takes time for it.
pub(super) trait Retire: Send + Sync + 'static {
    /// Ends it.
    fn retire(self);
}

impl Retire for OnnxClassifier {
    fn retire(self) {
        self.finish_replies(LAST_REPLIES);
    }
}

impl Retire for JsonLines {
    fn retire(self) {
        self.close();
    }
}

impl Retire for Store {
    fn retire(self) {
        self.close(LAST_TURNS);
    }
}

/// The thread that takes what is let go of.
#[derive(Clone, Debug)]
pub(super) struct Retirement(Sender<Box<dyn FnOnce() + Send>>);

/// Says when everything is gone that was to be let go of.
#[derive(Debug)]
pub(super) struct AllGone(Receiver<()>);

impl Retirement {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub(super) fn start() -> Result<(Self, AllGone)> {
        let (sender, receiver) = channel::<Box<dyn FnOnce() + Send>>();
        let (last, gone) = channel();
        thread::Builder::new()
            .name("groundwire-retire".to_owned())
            .spawn(move || {
                receiver.iter().for_each(|retire| retire());
                // Nobody waits where the process ends in another way.
                let _ = last.send(());
            })
            .map_err(|e| Error::io("the thread that lets go of old configurations cannot be started").with(e))?;
        Ok((Self(sender), AllGone(gone)))
    }

    /// Has `inner` retired once nobody holds on to it any more.
    pub(super) fn of<T: Retire>(&self, inner: T) -> Retiring<T> {
        Retiring(Arc::new(Last { inner: Some(inner), retirement: self.clone() }))
    }
}

impl AllGone {
    /// Blocks until everything is gone, and no longer than `most`.
    pub(super) fn wait(&self, most: Duration) {
        if self.0.recv_timeout(most).is_err() {
            tracing::debug!("something of an old configuration is still held on to");
        }
    }
}

/// Something that is let go of elsewhere, when the last clone of this goes.
pub(super) struct Retiring<T: Retire>(Arc<Last<T>>);

struct Last<T: Retire> {
    /// There until the end.
    inner: Option<T>,
    retirement: Retirement,
}

impl<T: Retire> Retiring<T> {
    /// What is held on to. There always is something.
    pub(super) fn get(&self) -> Option<&T> {
        self.0.inner.as_ref()
    }
}

impl<T: Retire> Clone for Retiring<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Retire> Drop for Last<T> {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take()
            && let Err(back) = self.retirement.0.send(Box::new(move || inner.retire()))
        {
            // The thread is gone; then it is done here.
            (back.0)();
        }
    }
}

impl Classifier for Retiring<OnnxClassifier> {
    fn judge(&self, turn: Id, conversation: &Conversation<'_>, at: usize) -> Judging {
        match self.get() {
            Some(classifier) => classifier.judge(turn, conversation, at),
            None => Judging::ready(Err(Bypass::ClassifierFailed)),
        }
    }

    fn model(&self) -> Option<ModelId> {
        self.get().and_then(Classifier::model)
    }

    fn reads_replies(&self) -> bool {
        self.get().is_some_and(Classifier::reads_replies)
    }

    fn read_reply(&self, reply: ReplyTurn) {
        if let Some(classifier) = self.get() {
            classifier.read_reply(reply);
        }
    }
}

impl Observer for Retiring<Store> {
    fn turn(&self, record: &Arc<Record>) {
        if let Some(store) = self.get() {
            store.turn(record);
        }
    }
}

impl Observer for Retiring<JsonLines> {
    fn turn(&self, record: &Arc<Record>) {
        if let Some(lines) = self.get() {
            lines.turn(record);
        }
    }
}
