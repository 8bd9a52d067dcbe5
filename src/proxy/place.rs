//! One place that requests go to: its address, its connections, its key, and whether it could be reached of late.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::PROXY_AUTHORIZATION;
use http::{HeaderValue, Request};
use http_body::Body;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::Connector;
use super::credentials::Key;
use super::target::Target;
use super::{FaultKind, environment};
use crate::config::{Config, Destination, Prefix};
use crate::error::Result;

/// A place that requests go to.
pub(super) struct Place<B> {
    prefix: Option<Prefix>,
    pub(super) target: Target,
    pub(super) client: Client<Connector, B>,
    /// For requests that switch protocols, which HTTP/2 cannot.
    pub(super) tunnels: Client<Connector, B>,
    key: Option<Key>,
    /// Whether a forward proxy takes requests in absolute form, and the credentials that it wants with each.
    absolute: Option<Option<HeaderValue>>,
    pub(super) reach: Reach,
}

impl<B> Place<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    fn of(destination: &Destination<'_>, connect: Duration, idle: Duration) -> Result<Self> {
        let proxy = environment::found(destination)?;
        let (both, first) = Connector::pair(destination, proxy.as_ref(), connect)?;
        let key = Key::of(destination)?;
        if let Some(prefix) = destination.prefix {
            tracing::info!(%prefix, upstream = %destination.url, own_key = key.is_some(), "an upstream of its own");
        }
        if let Some(proxy) = &proxy {
            tracing::info!(upstream = %destination, proxy = %proxy.url, named_by = proxy.named_by, "reached through a forward proxy");
        }
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(idle)
            .http2_adaptive_window(true);
        let absolute = proxy.filter(|_| !destination.url.is_https()).map(|proxy| proxy.at.basic_auth().cloned());
        Ok(Self {
            prefix: destination.prefix.cloned(),
            target: Target::new(destination),
            client: builder.build(both),
            tunnels: builder.build(first),
            key,
            absolute,
            reach: Reach(Arc::new((destination.to_string(), AtomicBool::new(true)))),
        })
    }
}

impl<B> Place<B> {
    /// Whether a response to a request that was no wish for a tunnel may be the forward proxy's own.
    pub(super) fn is_absolute(&self) -> bool {
        self.absolute.is_some()
    }

    /// Puts into the head what credentials the place and the forward proxy before it are given.
    pub(super) fn authorise(&self, request: &mut Request<B>, tunnel: bool) {
        if let Some(key) = &self.key {
            key.replace(request.headers_mut());
        }
        // A tunnel's `CONNECT` has had them.
        if let Some(Some(credentials)) = self.absolute.as_ref().filter(|_| !tunnel) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, credentials.clone());
        }
    }
}

/// Every place that a configuration names.
pub(super) struct Places<B> {
    /// Those with a prefix, the longest first.
    routed: Vec<Place<B>>,
    default: Place<B>,
}

impl<B> Places<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    /// Reads every key and certificate; connects to nothing yet.
    ///
    /// # Errors
    /// If one of them is not there, or cannot be used.
    pub(super) fn of(config: &Config) -> Result<Self> {
        let (connect, idle) = (config.limits.connect_timeout.0, config.limits.upstream_idle_timeout.0);
        let mut places = config.destinations().map(|destination| Place::of(&destination, connect, idle));
        let Some(default) = places.next() else { return Err(crate::error::Error::config("no upstream is named")) };
        let mut routed = places.collect::<Result<Vec<_>>>()?;
        routed.sort_by_key(|place| std::cmp::Reverse(place.prefix.as_ref().map_or(0, |prefix| prefix.as_str().len())));
        Ok(Self { default: default?, routed })
    }
}

impl<B> Places<B> {
    /// Where a request with this path goes. Nothing else of it is asked.
    pub(super) fn for_path(&self, path: &str) -> &Place<B> {
        let takes = |place: &&Place<B>| place.prefix.as_ref().is_some_and(|prefix| prefix.matches(path));
        self.routed.iter().find(takes).unwrap_or(&self.default)
    }

    /// Whether each of them could be reached of late.
    pub(super) fn reach(&self) -> impl Iterator<Item = &Reach> {
        std::iter::once(&self.default).chain(&self.routed).map(|place| &place.reach)
    }
}

/// Whether a place could be reached when it was last connected to. Clones are one.
#[derive(Clone, Debug)]
pub(super) struct Reach(Arc<(String, AtomicBool)>);

impl Reach {
    /// Notes what became of a request; `None` where there was a response.
    pub(super) fn note(&self, fault: Option<FaultKind>) {
        let reached = match fault {
            None => true,
            Some(FaultKind::Unreachable | FaultKind::ConnectTimedOut) => false,
            Some(_) => return,
        };
        // Written only where it changes: all cores read it.
        if self.0.1.load(Ordering::Relaxed) != reached {
            self.0.1.store(reached, Ordering::Relaxed);
        }
    }

    /// The place, if it could not be reached.
    pub(super) fn lost(&self) -> Option<&str> {
        (!self.0.1.load(Ordering::Relaxed)).then_some(self.0.0.as_str())
    }
}
