//! Connections to the upstream: TCP, TLS where it is https, and no longer than `connect-timeout` for all of it.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

use super::environment::ForwardProxy;
use super::leg::{Joined, Leg};
use super::trust;
use crate::config::Destination;
use crate::error::Result;

type BoxError = Box<dyn StdError + Send + Sync>;

/// How often a silent upstream connection is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// Opens connections to one upstream.
#[derive(Clone)]
pub(super) struct Connector {
    inner: HttpsConnector<Leg>,
    timeout: Duration,
}

impl Connector {
    /// One connector for requests (HTTP/2 where an https upstream offers it), and one for tunnels (HTTP/1.1 always, and
    /// through a forward proxy by `CONNECT` always).
    ///
    /// # Errors
    /// If a file that the configuration names cannot be used, or there is nothing to trust an https upstream by.
    pub(super) fn pair(
        destination: &Destination<'_>,
        proxy: Option<&ForwardProxy>,
        timeout: Duration,
    ) -> Result<(Self, Self)> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEP_ALIVE));
        let leg = |connect| match proxy {
            Some(proxy) => Leg::through(&proxy.at, connect, tcp.clone()),
            None => Ok(Leg::Straight(tcp.clone())),
        };
        let tls = trust::towards(destination)?;
        let builder = || HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http();
        let both = builder().enable_all_versions().wrap_connector(leg(destination.url.is_https())?);
        let first = builder().enable_http1().wrap_connector(leg(true)?);
        Ok((Self { inner: both, timeout }, Self { inner: first, timeout }))
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Joined>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, timeout) = (self.inner.call(uri), self.timeout);
        Box::pin(async move {
            match tokio::time::timeout(timeout, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(ConnectTimedOut.into()),
            }
        })
    }
}

/// The upstream was not connected in time.
#[derive(Debug)]
pub(super) struct ConnectTimedOut;

impl fmt::Display for ConnectTimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection within connect-timeout")
    }
}

impl StdError for ConnectTimedOut {}
