//! The client's body on its way in: bounded where the operator wants it, and never waited for without end.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use super::{FaultKind, trailers};
use crate::layer::Refusal;

/// A client's body. Its errors say what is wrong with it.
#[derive(Debug)]
pub struct InboundBody {
    body: Incoming,
    /// Bytes that may still come; `None` where there is no limit.
    left: Option<u64>,
    patience: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    verdict: BodyVerdict,
    /// Tells the layer what the client is told, for the record.
    refusal: Refusal,
}

/// What was wrong with a body, known also where the error itself got lost on the way: an HTTP/2 client resets its stream
/// and forgets why.
#[derive(Clone, Debug, Default)]
pub(super) struct BodyVerdict(Arc<AtomicU8>);

impl BodyVerdict {
    fn set(&self, kind: FaultKind) {
        let code = match kind {
            FaultKind::BodyTooLarge => 1,
            FaultKind::BodyTooSlow => 2,
            _ => 3,
        };
        self.0.store(code, Ordering::Release);
    }

    pub(super) fn get(&self) -> Option<FaultKind> {
        match self.0.load(Ordering::Acquire) {
            0 => None,
            1 => Some(FaultKind::BodyTooLarge),
            2 => Some(FaultKind::BodyTooSlow),
            _ => Some(FaultKind::BodyBroken),
        }
    }
}

impl InboundBody {
    pub(super) fn new(body: Incoming, limit: Option<u64>, patience: Duration) -> Self {
        let (verdict, refusal) = (BodyVerdict::default(), Refusal::default());
        let body = Self { body, left: limit, patience, timer: None, waiting: false, verdict, refusal };
        if body.is_too_large() {
            // For its length alone: not a byte of it is read, and the client that waits for it gets no 100.
            body.refuse(FaultKind::BodyTooLarge);
        }
        body
    }

    /// What the layer is to know; an extension of the request.
    pub(super) fn refusal(&self) -> Refusal {
        self.refusal.clone()
    }

    fn refuse(&self, kind: FaultKind) {
        self.verdict.set(kind);
        if kind != FaultKind::BodyBroken {
            self.refusal.set(kind.status());
        }
    }

    pub(super) fn verdict(&self) -> BodyVerdict {
        self.verdict.clone()
    }

    /// Whether the body says by its length that it is over the limit.
    fn is_too_large(&self) -> bool {
        self.left.is_some_and(|left| self.body.size_hint().lower() > left)
    }

    fn fail(&self, kind: FaultKind, source: Option<hyper::Error>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        self.refuse(kind);
        Poll::Ready(Some(Err(BodyFault { kind, source })))
    }
}

impl Body for InboundBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        if self.is_too_large() {
            return self.fail(FaultKind::BodyTooLarge, None);
        }
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => self.fail(FaultKind::BodyBroken, Some(error)),
            Poll::Ready(Some(Ok(frame))) => {
                self.waiting = false;
                if let (Some(left), Some(data)) = (self.left, frame.data_ref()) {
                    self.left = left.checked_sub(data.len() as u64);
                    if self.left.is_none() {
                        self.left = Some(0);
                        return self.fail(FaultKind::BodyTooLarge, None);
                    }
                }
                match frame.into_trailers() {
                    // Nothing follows trailers, so none that may pass is the end.
                    Ok(trailers) => {
                        Poll::Ready(trailers::passing(trailers).map(|trailers| Ok(Frame::trailers(trailers))))
                    }
                    Err(frame) => Poll::Ready(Some(Ok(frame))),
                }
            }
            Poll::Pending => {
                let this = &mut *self;
                let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(this.patience)));
                if !std::mem::replace(&mut this.waiting, true) {
                    timer.as_mut().reset(Instant::now() + this.patience);
                }
                if timer.as_mut().poll(cx).is_ready() {
                    return self.fail(FaultKind::BodyTooSlow, None);
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What is wrong with a client's body.
#[derive(Debug)]
pub struct BodyFault {
    kind: FaultKind,
    source: Option<hyper::Error>,
}

impl BodyFault {
    /// [`BodyBroken`](FaultKind::BodyBroken), [`BodyTooSlow`](FaultKind::BodyTooSlow) or
    /// [`BodyTooLarge`](FaultKind::BodyTooLarge).
    pub fn kind(&self) -> FaultKind {
        self.kind
    }
}

impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.message())
    }
}

impl StdError for BodyFault {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
