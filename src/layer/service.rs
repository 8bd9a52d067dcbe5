//! `GroundingLayer` and the service it makes.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::{RequestBody, ResponseBody, ResponseFuture};
use crate::engine::Grounder;

/// Wraps services so that the turns they carry are judged and grounded.
#[derive(Clone)]
pub struct GroundingLayer {
    grounder: Grounder,
}

impl GroundingLayer {
    /// A layer that grounds with `grounder`.
    pub fn new(grounder: Grounder) -> Self {
        Self { grounder }
    }
}

impl<S> Layer<S> for GroundingLayer {
    type Service = GroundingService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        GroundingService { inner, grounder: self.grounder.clone() }
    }
}

/// A service whose requests are judged and, where needed, grounded before they reach the inner one.
///
/// Its error is the inner service's: whatever fails in groundwire becomes a passthrough.
#[derive(Clone)]
pub struct GroundingService<S> {
    inner: S,
    grounder: Grounder,
}

/// When a request was accepted; a request extension that hosts may set.
///
/// Times in records count from it. Without it they count from the call of the service.
#[derive(Clone, Copy, Debug)]
pub struct Accepted(pub Instant);

/// What a host answers by itself because of the client's body; a request extension that hosts may set.
///
/// It is written by the host's body, whose errors the layer passes on without knowing them, and read for the record. A
/// host that refuses a request for its head alone writes it before the layer sees the request, whose body is then not
/// read; the inner service is called all the same, and is to give the host's error.
#[derive(Clone, Debug, Default)]
pub struct Refusal(Arc<OnceLock<StatusCode>>);

impl Refusal {
    /// The host is going to answer with `status`. Only the first one counts.
    pub fn set(&self, status: StatusCode) {
        let _ = self.0.set(status);
    }

    /// The status that the host answers with, if it does.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.get().copied()
    }
}

impl<S, B, R> Service<Request<B>> for GroundingService<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>> + Clone,
    B: Body<Data = Bytes> + Unpin,
    R: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone takes its place; the one that was polled ready is the one to call.
        let next = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, next);
        ResponseFuture::new(ready, self.grounder.clone(), request)
    }
}
