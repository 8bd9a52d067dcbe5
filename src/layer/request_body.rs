//! The body that the inner service gets: the caller's own, or what was read of it and then the rest.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::client::ClientSide;

/// The body of a request behind a grounding layer.
///
/// Its bytes are the caller's, to the last trailer, unless an act changed them.
pub struct RequestBody<B: Body> {
    state: State<B>,
    client: ClientSide,
}

enum State<B: Body> {
    /// Never touched.
    Untouched(B),
    /// Read in part or whole: first these bytes, then what follows.
    Replay { head: Option<Bytes>, after: After<B> },
}

/// What follows the bytes that were read.
pub(super) enum After<B: Body> {
    /// The end, with trailers if there were any.
    End(Option<HeaderMap>),
    /// The rest of the caller's body.
    Rest(B),
    /// The error with which the caller's body broke off.
    Failed(Option<B::Error>),
}

impl<B: Body> RequestBody<B> {
    pub(super) fn untouched(body: B, client: ClientSide) -> Self {
        Self { state: State::Untouched(body), client }
    }

    pub(super) fn replay(head: Bytes, after: After<B>, client: ClientSide) -> Self {
        Self { state: State::Replay { head: (!head.is_empty()).then_some(head), after }, client }
    }

    /// A second copy, for a service that may have to send it twice; `None` where part of it is still to come from the caller.
    ///
    /// Bodies that were judged are in memory whole, and copies share that memory. Those that streamed through, over the
    /// cap or on routes that are not read, cannot be copied.
    pub fn try_clone(&self) -> Option<Self> {
        let State::Replay { head, after: After::End(trailers) } = &self.state else { return None };
        let after = After::End(trailers.clone());
        Some(Self { state: State::Replay { head: head.clone(), after }, client: self.client.clone() })
    }
}

/// Nothing in it is pinned in place but `B`, which does not care; the error is only ever moved out.
impl<B: Body + Unpin> Unpin for RequestBody<B> {}

impl<B: Body> fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        let frame = match &mut this.state {
            State::Untouched(body) => ready!(Pin::new(body).poll_frame(cx)),
            State::Replay { head, after } => match head.take() {
                Some(bytes) => Some(Ok(Frame::data(bytes))),
                None => match after {
                    After::End(trailers) => trailers.take().map(|trailers| Ok(Frame::trailers(trailers))),
                    After::Rest(body) => ready!(Pin::new(body).poll_frame(cx)),
                    After::Failed(error) => error.take().map(Err),
                },
            },
        };
        if let Some(Err(_)) = &frame {
            this.client.body_failed();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Untouched(body) => body.is_end_stream(),
            State::Replay { head: Some(_), .. } => false,
            State::Replay { head: None, after } => match after {
                After::End(trailers) => trailers.is_none(),
                After::Rest(body) => body.is_end_stream(),
                After::Failed(error) => error.is_none(),
            },
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Untouched(body) => body.size_hint(),
            State::Replay { head, after } => {
                let head = head.as_ref().map_or(0, |bytes| bytes.len() as u64);
                match after {
                    After::End(None) => SizeHint::with_exact(head),
                    // Who knows the exact size announces it, and has no room for trailers then (RFC 9112, section 7.1).
                    After::End(Some(_)) => at_least(head),
                    After::Rest(body) => {
                        let rest = body.size_hint();
                        let mut hint = SizeHint::new();
                        hint.set_lower(head.saturating_add(rest.lower()));
                        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(head)) {
                            hint.set_upper(upper);
                        }
                        hint
                    }
                    After::Failed(_) => at_least(head),
                }
            }
        }
    }
}

fn at_least(bytes: u64) -> SizeHint {
    let mut hint = SizeHint::new();
    hint.set_lower(bytes);
    hint
}
