//! The response's body on its way out, and the end of the exchange with it.
//!
//! A body that breaks off breaks off for the client too; nothing makes it look whole. In a stream the client is told
//! first, by an error in its dialect, where one can stand.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::activity::InFlight;
use super::trailers;
use crate::wire::Seam;

/// What the client of a stream is told that breaks off.
const BROKE_OFF: &str = "the upstream broke off in the middle of its response";

pin_project! {
    /// The body that a client gets: the service's own as it comes, or an error of ours.
    pub struct OutboundBody<R>
    where
        R: Body,
    {
        #[pin]
        state: State<R>,
        // The request is in flight until its body is over or dropped.
        in_flight: Option<InFlight>,
        // A stream to which an error of ours can be added.
        seam: Option<Seam>,
        // The error with which the body broke off, while an event tells of it.
        broken: Option<R::Error>,
        telling: bool,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<R> {
        Passing { #[pin] body: R },
        Ours { bytes: Option<Bytes> },
    }
}

impl<R: Body> OutboundBody<R> {
    /// The service's own body, and where in it an error of ours can stand, if anywhere.
    pub(super) fn passing(body: R, in_flight: InFlight, seam: Option<Seam>) -> Self {
        Self { state: State::Passing { body }, in_flight: Some(in_flight), seam, broken: None, telling: false }
    }

    pub(super) fn ours(bytes: Bytes, in_flight: InFlight) -> Self {
        Self {
            state: State::Ours { bytes: Some(bytes) },
            in_flight: Some(in_flight),
            seam: None,
            broken: None,
            telling: false,
        }
    }
}

impl<R> Body for OutboundBody<R>
where
    R: Body<Data = Bytes>,
    R::Error: fmt::Display,
{
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        let this = self.project();
        if std::mem::take(this.telling) {
            // Let the event out first: an error right behind it would take it along.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let frame = match this.state.project() {
            StateProj::Passing { body } => ready!(body.poll_frame(cx)),
            StateProj::Ours { bytes } => bytes.take().map(|bytes| Ok(Frame::data(bytes))),
        };
        if let (Some(in_flight), Some(Ok(frame))) = (this.in_flight.as_mut(), &frame) {
            in_flight.sent(frame.data_ref().map_or(0, Bytes::len));
        }
        Poll::Ready(match frame {
            Some(Ok(frame)) if frame.is_trailers() => {
                let trailers = frame.into_trailers().ok().and_then(trailers::passing);
                if trailers.is_none() {
                    *this.in_flight = None;
                }
                trailers.map(|trailers| Ok(Frame::trailers(trailers)))
            }
            Some(Ok(frame)) => {
                if let (Some(seam), Some(data)) = (this.seam.as_mut(), frame.data_ref()) {
                    seam.see(data);
                }
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                if let Some(in_flight) = this.in_flight.take() {
                    in_flight.broke_off(&error);
                }
                match this.seam.take().and_then(|seam| seam.fault(BROKE_OFF)) {
                    Some(event) => {
                        *this.broken = Some(error);
                        *this.telling = true;
                        Some(Ok(Frame::data(event)))
                    }
                    None => Some(Err(error)),
                }
            }
            None => {
                *this.in_flight = None;
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Passing { body } => self.broken.is_none() && body.is_end_stream(),
            State::Ours { bytes } => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Passing { body } => body.size_hint(),
            State::Ours { bytes } => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}

impl<R: Body> fmt::Debug for OutboundBody<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundBody").finish_non_exhaustive()
    }
}
