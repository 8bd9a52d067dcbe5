//! The upstreams as a service: the path says which, connections are pooled, every fault is told apart.

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
use tower_service::Service;

use super::headers::{set_upgrade, strip_hop_by_hop, upgrade};
use super::place::{Places, Reach};
use super::tunnel::{self, Tunnelled};
use super::{Fault, FaultKind, trailers};
use crate::config::Config;
use crate::error::Result;
use crate::layer::Refusal;

/// Sends requests to the upstreams of a configuration, with nothing of the client's connection in them and nothing of ours.
pub struct Upstream<B> {
    inner: Arc<Inner<B>>,
}

struct Inner<B> {
    places: Places<B>,
    head_timeout: Option<Duration>,
}

impl<B> Upstream<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    /// The upstreams of this configuration. Each is connected to with its first request.
    ///
    /// # Errors
    /// If one is https and there is nothing to trust it by, or a file, a key or a forward proxy of one cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        let head_timeout = config.limits.response_head_timeout.on().map(|period| period.0);
        Ok(Self { inner: Arc::new(Inner { places: Places::of(config)?, head_timeout }) })
    }

    /// Says, whenever it is asked, which upstreams could not be reached when they were last connected to; `None` where
    /// there are none. For [`Server::degraded_by`](super::Server::degraded_by).
    pub fn ailment(&self) -> impl Fn() -> Option<String> + Send + Sync + 'static {
        let all: Vec<Reach> = self.inner.places.reach().cloned().collect();
        move || {
            let lost: Vec<&str> = all.iter().filter_map(Reach::lost).collect();
            (!lost.is_empty()).then(|| format!("could not be reached: {}", lost.join(", ")))
        }
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
    let place = inner.places.for_path(request.uri().path());
    let uri = place.target.of(request.uri()).filter(|_| request.method() != Method::CONNECT);
    *request.uri_mut() = uri.ok_or_else(|| Fault::new(FaultKind::NotServed))?;
    let protocols = upgrade(request.version(), request.headers());
    let waiting = protocols.as_ref().map(|_| Tunnelled::begin(&mut request));
    prepare(&mut request, protocols);
    place.authorise(&mut request, waiting.is_some());
    // Of a body of known length hyper would send no trailers over HTTP/1.1, announced or not.
    let sized = request.headers().contains_key(CONTENT_LENGTH) || request.body().size_hint().exact().is_some();
    trailers::announce(request.headers_mut(), !sized);
    let client = if waiting.is_some() { &place.tunnels } else { &place.client };
    let answer = client.request(request);
    let answer = match inner.head_timeout {
        None => answer.await,
        Some(timeout) => {
            tokio::time::timeout(timeout, answer).await.map_err(|_| Fault::new(FaultKind::HeadTimedOut))?
        }
    };
    let answer = answer.map_err(Fault::from_client);
    place.reach.note(answer.as_ref().err().map(Fault::kind));
    let mut response = answer?;
    if place.is_absolute() && waiting.is_none() && response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        // The forward proxy's, not the upstream's; and the client has no credentials for it.
        place.reach.note(Some(FaultKind::Unreachable));
        return Err(Fault::new(FaultKind::Unreachable).with("the forward proxy wants other credentials"));
    }
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
        f.debug_struct("Upstream")
            .field("reach", &self.inner.places.reach().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
