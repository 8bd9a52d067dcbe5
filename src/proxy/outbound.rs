//! The response's body on its way out, and the end of the exchange with it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::activity::InFlight;

pin_project! {
    /// The body that a client gets: the service's own as it comes, or an error of ours.
    ///
    /// A body that breaks off breaks off for the client too; nothing makes it look whole.
    pub struct OutboundBody<R> {
        #[pin]
        state: State<R>,
        // The request is in flight until its body is over or dropped.
        in_flight: Option<InFlight>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<R> {
        Passing { #[pin] body: R },
        Ours { bytes: Option<Bytes> },
    }
}

impl<R> OutboundBody<R> {
    pub(super) fn passing(body: R, in_flight: InFlight) -> Self {
        Self { state: State::Passing { body }, in_flight: Some(in_flight) }
    }

    pub(super) fn ours(bytes: Bytes, in_flight: InFlight) -> Self {
        Self { state: State::Ours { bytes: Some(bytes) }, in_flight: Some(in_flight) }
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
        let frame = match this.state.project() {
            StateProj::Passing { body } => ready!(body.poll_frame(cx)),
            StateProj::Ours { bytes } => bytes.take().map(|bytes| Ok(Frame::data(bytes))),
        };
        match &frame {
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                if let Some(in_flight) = this.in_flight.take() {
                    in_flight.broke_off(error);
                }
            }
            None => *this.in_flight = None,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Passing { body } => body.is_end_stream(),
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

impl<R> fmt::Debug for OutboundBody<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundBody").finish_non_exhaustive()
    }
}
