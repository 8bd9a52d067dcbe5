//! A service, timed and counted: what the upstream answers, and how long it takes to begin.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Counts, Fault};

/// Counts the responses of the service within by the class of their status, and times their heads.
///
/// It belongs right around [`Upstream`](super::Upstream), behind the grounding layer, whose replies are none of the
/// upstream's.
#[derive(Clone, Debug)]
pub struct Metered<S> {
    inner: S,
    counts: Counts,
}

impl<S> Metered<S> {
    /// Counts what `inner` answers among `counts`.
    pub fn new(inner: S, counts: &Counts) -> Self {
        Self { inner, counts: counts.clone() }
    }
}

impl<S, B, R> Service<Request<B>> for Metered<S>
where
    S: Service<Request<B>, Response = Response<R>, Error = Fault>,
{
    type Response = Response<R>;
    type Error = Fault;
    type Future = MeteredFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        MeteredFuture { response: self.inner.call(request), counts: self.counts.clone(), begun: Instant::now() }
    }
}

pin_project! {
    /// A response that is being waited for.
    #[must_use = "futures do nothing unless polled"]
    pub struct MeteredFuture<F> {
        #[pin]
        response: F,
        counts: Counts,
        begun: Instant,
    }
}

impl<F, R> Future for MeteredFuture<F>
where
    F: Future<Output = Result<Response<R>, Fault>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.response.poll(cx));
        if let Ok(response) = &response {
            this.counts.upstream_answered(response.status(), this.begun.elapsed());
        }
        Poll::Ready(response)
    }
}
