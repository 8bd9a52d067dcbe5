//! The body that the inner service gets: the caller's own, or what was read of it and then the rest.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

/// The body of a request behind a grounding layer.
///
/// Its bytes are the caller's, to the last trailer, unless an act changed them.
pub struct RequestBody<B: Body>(State<B>);

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
    pub(super) fn untouched(body: B) -> Self {
        Self(State::Untouched(body))
    }

    pub(super) fn replay(head: Bytes, after: After<B>) -> Self {
        Self(State::Replay { head: (!head.is_empty()).then_some(head), after })
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
        match &mut self.get_mut().0 {
            State::Untouched(body) => Pin::new(body).poll_frame(cx),
            State::Replay { head, after } => match head.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => match after {
                    After::End(trailers) => Poll::Ready(trailers.take().map(|trailers| Ok(Frame::trailers(trailers)))),
                    After::Rest(body) => Pin::new(body).poll_frame(cx),
                    After::Failed(error) => Poll::Ready(error.take().map(Err)),
                },
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
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
        match &self.0 {
            State::Untouched(body) => body.size_hint(),
            State::Replay { head, after } => {
                let head = head.as_ref().map_or(0, |bytes| bytes.len() as u64);
                match after {
                    After::End(_) => SizeHint::with_exact(head),
                    After::Rest(body) => {
                        let rest = body.size_hint();
                        let mut hint = SizeHint::new();
                        hint.set_lower(head.saturating_add(rest.lower()));
                        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(head)) {
                            hint.set_upper(upper);
                        }
                        hint
                    }
                    After::Failed(_) => {
                        let mut hint = SizeHint::new();
                        hint.set_lower(head);
                        hint
                    }
                }
            }
        }
    }
}
