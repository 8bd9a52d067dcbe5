//! A service that keeps what goes on to the upstream, so that the demonstration can show it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower_service::Service;

/// The body of the last request that went on; empty where none did.
#[derive(Clone, Debug, Default)]
pub(super) struct Forwarded(Arc<Mutex<Option<Bytes>>>);

impl Forwarded {
    pub(super) fn take(&self) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Keeps each request's body and passes it to the service within.
#[derive(Clone)]
pub(super) struct Recorder<S> {
    inner: S,
    forwarded: Forwarded,
}

impl<S> Recorder<S> {
    pub(super) fn new(inner: S, forwarded: Forwarded) -> Self {
        Self { inner, forwarded }
    }
}

impl<S, B, R> Service<Request<B>> for Recorder<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let next = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, next);
        let forwarded = self.forwarded.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            // The demonstration's own client sends whole bodies over loopback; one that breaks is an empty one.
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            *forwarded.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body.clone());
            ready.call(Request::from_parts(head, Full::new(body))).await
        })
    }
}
