//! Collecting a request's body up to a cap, so that nothing is lost whatever happens on the way.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;

use super::request_body::After;

/// A body that is being collected.
pub(super) struct Collect<B> {
    /// `None` once it was given on.
    body: Option<B>,
    first: Option<Bytes>,
    more: BytesMut,
    cap: usize,
}

/// What was collected, and how it ended.
pub(super) struct Collected<B: Body> {
    pub(super) bytes: Bytes,
    pub(super) end: CollectEnd,
    pub(super) after: After<B>,
}

/// How collecting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CollectEnd {
    Whole,
    TooLarge,
    Failed,
}

impl<B: Body<Data = Bytes> + Unpin> Collect<B> {
    pub(super) fn new(body: B, cap: usize) -> Self {
        Self { body: Some(body), first: None, more: BytesMut::new(), cap }
    }

    /// Whether the body says by itself that it is larger than the cap.
    pub(super) fn is_too_large(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.size_hint().lower() > self.cap as u64)
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Collected<B>> {
        loop {
            if self.len() > self.cap || self.is_too_large() {
                return Poll::Ready(match self.body.take() {
                    Some(body) => self.end(CollectEnd::TooLarge, After::Rest(body)),
                    None => self.end(CollectEnd::Whole, After::End(None)),
                });
            }
            let Some(body) = self.body.as_mut() else {
                return Poll::Ready(self.end(CollectEnd::Whole, After::End(None)));
            };
            match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                None => return Poll::Ready(self.end(CollectEnd::Whole, After::End(None))),
                Some(Err(error)) => return Poll::Ready(self.end(CollectEnd::Failed, After::Failed(Some(error)))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        let left = body.size_hint().lower();
                        self.push(data, left);
                    }
                    Err(frame) => {
                        let trailers: Option<HeaderMap> = frame.into_trailers().ok();
                        return Poll::Ready(self.end(CollectEnd::Whole, After::End(trailers)));
                    }
                },
            }
        }
    }

    fn len(&self) -> usize {
        self.first.as_ref().map_or(0, Bytes::len) + self.more.len()
    }

    /// Keeps a chunk that is the whole body as it is; several are copied together, into room for the `left` bytes that are
    /// known to follow.
    ///
    /// The first of several is copied at once, not when the second comes: let go of, its memory is what the host's
    /// connection reads the next one into, so that it stays in the CPU's cache.
    fn push(&mut self, data: Bytes, left: u64) {
        if data.is_empty() {
            return;
        }
        if self.first.is_none() && self.more.is_empty() && left == 0 {
            self.first = Some(data);
            return;
        }
        let left = usize::try_from(left).unwrap_or(self.cap).min(self.cap);
        if let Some(first) = self.first.take() {
            self.more.reserve(first.len() + data.len() + left);
            self.more.extend_from_slice(&first);
        } else if self.more.is_empty() {
            self.more.reserve(data.len() + left);
        }
        self.more.extend_from_slice(&data);
    }

    fn end(&mut self, end: CollectEnd, after: After<B>) -> Collected<B> {
        let bytes = self.first.take().unwrap_or_else(|| std::mem::take(&mut self.more).freeze());
        Collected { bytes, end, after }
    }
}
