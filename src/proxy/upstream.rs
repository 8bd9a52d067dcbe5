//! The upstream as a service: one address, pooled connections, every fault told apart.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, EXPECT, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use super::connect::Connector;
use super::headers::{set_upgrade, strip_hop_by_hop, upgrade};
use super::target::Target;
use super::tunnel::{self, Tunnelled};
use super::{Fault, FaultKind, trailers};
use crate::config::Config;
use crate::error::Result;
use crate::layer::Refusal;

/// Sends requests to the upstream, with nothing of the client's connection in them and nothing of ours.
pub struct Upstream<B> {
    inner: Arc<Inner<B>>,
}

struct Inner<B> {
    target: Target,
    client: Client<Connector, B>,
    /// For requests that switch protocols, which HTTP/2 cannot.
    tunnels: Client<Connector, B>,
    head_timeout: Option<Duration>,
}

impl<B> Upstream<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    /// The upstream of this configuration. Connects to it with the first request.
    ///
    /// # Errors
    /// If it is https and there is nothing to trust it by.
    pub fn new(config: &Config) -> Result<Self> {
        let (both, first) = Connector::pair(config)?;
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(config.limits.upstream_idle_timeout.0)
            .http2_adaptive_window(true);
        let inner = Inner {
            target: Target::new(&config.upstream),
            client: builder.build(both),
            tunnels: builder.build(first),
            head_timeout: config.limits.response_head_timeout.on().map(|period| period.0),
        };
        Ok(Self { inner: Arc::new(inner) })
    }
}

impl<B> Service<Request<B>> for Upstream<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Response = Response<Incoming>;
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, Fault>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(forward(Arc::clone(&self.inner), request))
    }
}

async fn forward<B>(inner: Arc<Inner<B>>, mut request: Request<B>) -> Result<Response<Incoming>, Fault>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    if request.extensions().get::<Refusal>().is_some_and(|refusal| refusal.status().is_some()) {
        // The server has refused it for its head alone, and only wants to have it recorded.
        return Err(Fault::new(FaultKind::BodyTooLarge));
    }
    let uri = inner.target.of(request.uri()).filter(|_| request.method() != Method::CONNECT);
    *request.uri_mut() = uri.ok_or_else(|| Fault::new(FaultKind::NotServed))?;
    let protocols = upgrade(request.version(), request.headers());
    let waiting = protocols.as_ref().map(|_| Tunnelled::begin(&mut request));
    prepare(&mut request, protocols);
    // Of a body of known length hyper would send no trailers over HTTP/1.1, announced or not.
    let sized = request.headers().contains_key(CONTENT_LENGTH) || request.body().size_hint().exact().is_some();
    trailers::announce(request.headers_mut(), !sized);
    let client = if waiting.is_some() { &inner.tunnels } else { &inner.client };
    let answer = client.request(request);
    let answer = match inner.head_timeout {
        None => answer.await,
        Some(timeout) => {
            tokio::time::timeout(timeout, answer).await.map_err(|_| Fault::new(FaultKind::HeadTimedOut))?
        }
    };
    let mut response = answer.map_err(Fault::from_client)?;
    let switched = upgrade_of(&response);
    // Each hop speaks a version of its own; this one's is the server's to choose.
    *response.version_mut() = Version::HTTP_11;
    strip_hop_by_hop(response.headers_mut());
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let (Some(waiting), Some(protocols)) = (waiting, switched) else {
            // It switches to what nobody asked for, and speaks HTTP no more.
            return Err(Fault::new(FaultKind::BrokeOff));
        };
        tunnel::join(waiting, &mut response);
        set_upgrade(response.headers_mut(), protocols);
    }
    Ok(response)
}

/// Leaves in the head what is for the upstream.
fn prepare<B>(request: &mut Request<B>, protocols: Option<HeaderValue>) {
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    strip_hop_by_hop(headers);
    // The client writes the upstream's; HTTP/2 has it in `:authority`.
    headers.remove(HOST);
    // Met already: the server says "100 Continue" as soon as the body is asked for, and here it follows at once.
    headers.remove(EXPECT);
    if let Some(protocols) = protocols {
        set_upgrade(headers, protocols);
    }
}

fn upgrade_of(response: &Response<Incoming>) -> Option<HeaderValue> {
    response.headers().get(http::header::UPGRADE).cloned()
}

impl<B> Clone for Upstream<B> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<B> fmt::Debug for Upstream<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("target", &self.inner.target).finish_non_exhaustive()
    }
}
