//! The body that the caller gets: the inner service's own, watched, or a reply of ours.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::client::ClientSide;
use crate::engine::Pending;
use crate::observe::Ending;
use crate::wire::ResponseReader;

pin_project! {
    /// The body of a response behind a grounding layer.
    ///
    /// Frames of the inner body go on as they come, at once; a reader beside them takes notes.
    pub struct ResponseBody<R> {
        #[pin]
        state: State<R>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<R> {
        Inner { #[pin] body: R, watch: Option<Watch> },
        Own { bytes: Option<Bytes> },
    }
}

impl<R> ResponseBody<R> {
    /// A body that nobody watches.
    pub(super) fn plain(body: R) -> Self {
        Self { state: State::Inner { body, watch: None } }
    }

    pub(super) fn own(bytes: Bytes) -> Self {
        Self { state: State::Own { bytes: (!bytes.is_empty()).then_some(bytes) } }
    }
}

impl<R: Body> ResponseBody<R> {
    /// A body whose exchange is recorded in `pending` once it is over.
    pub(super) fn watched(body: R, reader: ResponseReader, pending: Box<Pending>, client: ClientSide) -> Self {
        let over = body.is_end_stream();
        let mut watch = Watch(Some(Box::new(Notes { reader, pending, client })));
        if over {
            watch.finish(Ending::Complete);
        }
        Self { state: State::Inner { body, watch: Some(watch) } }
    }
}

impl<R: Body<Data = Bytes>> Body for ResponseBody<R> {
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        match self.project().state.project() {
            StateProj::Own { bytes } => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            StateProj::Inner { mut body, watch } => {
                let frame = ready!(body.as_mut().poll_frame(cx));
                if let Some(watch) = watch {
                    match &frame {
                        // Trailers are the last frame; hosts do not poll a body again that gave them.
                        Some(Ok(frame)) if frame.is_trailers() => watch.finish(Ending::Complete),
                        Some(Ok(frame)) => frame.data_ref().into_iter().for_each(|data| watch.see(data)),
                        Some(Err(_)) => watch.fail(),
                        None => watch.finish(Ending::Complete),
                    }
                    // Nobody polls a body again that says it is over.
                    if body.is_end_stream() {
                        watch.finish(Ending::Complete);
                    }
                }
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Own { bytes } => bytes.is_none(),
            State::Inner { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Own { bytes } => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            State::Inner { body, .. } => body.size_hint(),
        }
    }
}

/// The notes taken beside a body. Dropped before the body is over, they say that the client left.
struct Watch(Option<Box<Notes>>);

struct Notes {
    reader: ResponseReader,
    pending: Box<Pending>,
    client: ClientSide,
}

impl Watch {
    fn see(&mut self, data: &Bytes) {
        if let Some(notes) = &mut self.0 {
            notes.pending.record.response_bytes += data.len() as u64;
            notes.reader.feed(data);
            if notes.reader.first_text() {
                notes.pending.first_text();
            }
        }
    }

    /// The body broke off: for the upstream, or for a client that broke off its own first.
    fn fail(&mut self) {
        if let Some(mut notes) = self.0.take() {
            let ending = notes.client.failed(&mut notes.pending);
            notes.pending.finish(ending, Some(notes.reader.finish()));
        }
    }

    fn finish(&mut self, ending: Ending) {
        if let Some(notes) = self.0.take() {
            notes.pending.finish(ending, Some(notes.reader.finish()));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.finish(Ending::ClientLeft);
    }
}

impl<R> fmt::Debug for ResponseBody<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
