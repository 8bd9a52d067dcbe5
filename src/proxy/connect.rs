//! Connections to the upstream: TCP, TLS where it is https, and no longer than `connect-timeout` for all of it.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower_service::Service;

use crate::config::Config;
use crate::error::{Error, Result};

type BoxError = Box<dyn StdError + Send + Sync>;

/// How often a silent upstream connection is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// Opens connections to the upstream.
#[derive(Clone)]
pub(super) struct Connector {
    inner: HttpsConnector<HttpConnector>,
    timeout: Duration,
}

impl Connector {
    /// One connector for requests (HTTP/2 where an https upstream offers it), and one for tunnels (HTTP/1.1 always).
    ///
    /// # Errors
    /// If the upstream is https and there is nothing to trust it by.
    pub(super) fn pair(config: &Config) -> Result<(Self, Self)> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEP_ALIVE));
        let tls = tls(config)?;
        let timeout = config.limits.connect_timeout.0;
        let builder = || HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http();
        let both = builder().enable_all_versions().wrap_connector(tcp.clone());
        let first = builder().enable_http1().wrap_connector(tcp);
        Ok((Self { inner: both, timeout }, Self { inner: first, timeout }))
    }
}

fn tls(config: &Config) -> Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::config("TLS cannot be set up").with(e))?;
    if !config.upstream.is_https() {
        // Never used; reading the platform's certificates would only cost time at the start.
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    if let Some(path) = &config.upstream_ca {
        let unreadable =
            |e| Error::config(format!("upstream-ca: no certificates can be read from {}", path.display())).with(e);
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
            let certificate = certificate.map_err(unreadable)?;
            roots.add(certificate).map_err(|e| {
                Error::config(format!("upstream-ca: {} holds a certificate that cannot be trusted", path.display()))
                    .with(e)
            })?;
        }
        if roots.is_empty() {
            return Err(Error::config(format!("upstream-ca: {} holds no certificate in PEM", path.display())));
        }
        return Ok(builder.with_root_certificates(roots).with_no_client_auth());
    }
    let builder = builder.with_native_roots().map_err(|e| {
        Error::config(
            "the upstream is https and this system has no certificates to trust it by; install the package \
             `ca-certificates`, set SSL_CERT_FILE, or set `upstream-ca`",
        )
        .with(e)
    })?;
    Ok(builder.with_no_client_auth())
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
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
