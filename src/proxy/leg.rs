//! The first leg to an upstream: straight to it, or through a forward proxy.
//!
//! To an https upstream, and for what will be a tunnel itself, a forward proxy is asked to `CONNECT` (RFC 9110, section
//! 9.3.6). To an http upstream it is asked in absolute form (RFC 9112, section 3.2.2), as many let `CONNECT` reach port 443
//! alone.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Authority;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::trust;
use crate::error::Result;

type BoxError = Box<dyn StdError + Send + Sync>;
type ToProxy = HttpsConnector<HttpConnector>;

/// Opens the first leg.
#[derive(Clone)]
pub(super) enum Leg {
    /// To the upstream itself.
    Straight(HttpConnector),
    /// To a forward proxy that takes requests in absolute form.
    Absolute { to: ToProxy, proxy: Uri },
    /// Through a forward proxy, by `CONNECT`.
    Tunnel(Tunnel<ToProxy>),
}

impl Leg {
    /// Through `proxy` by `CONNECT`, or in absolute form.
    ///
    /// # Errors
    /// If the forward proxy is https, and the system has no certificates to trust it by.
    pub(super) fn through(proxy: &Intercept, connect: bool, tcp: HttpConnector) -> Result<Self> {
        let tls = if proxy.uri().scheme_str() == Some("https") { trust::towards_proxy()? } else { trust::nobody()? };
        let to = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
        if !connect {
            return Ok(Self::Absolute { to, proxy: proxy.uri().clone() });
        }
        let tunnel = Tunnel::new(proxy.uri().clone(), to);
        Ok(Self::Tunnel(match proxy.basic_auth() {
            Some(credentials) => tunnel.with_auth(credentials.clone()),
            None => tunnel,
        }))
    }
}

impl Service<Uri> for Leg {
    type Response = Joined;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Joined, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Straight(tcp) => tcp.poll_ready(cx).map_err(Into::into),
            Self::Absolute { to, .. } => to.poll_ready(cx),
            Self::Tunnel(tunnel) => tunnel.poll_ready(cx).map_err(Into::into),
        }
    }

    fn call(&mut self, upstream: Uri) -> Self::Future {
        match self {
            Self::Straight(tcp) => {
                let connecting = tcp.call(upstream);
                Box::pin(async move { Ok(Joined::Straight(connecting.await?)) })
            }
            Self::Absolute { to, proxy } => {
                let connecting = to.call(proxy.clone());
                Box::pin(async move { Ok(Joined::Proxied { stream: Box::new(connecting.await?), absolute: true }) })
            }
            Self::Tunnel(tunnel) => {
                let connecting = tunnel.call(with_port(upstream));
                Box::pin(async move { Ok(Joined::Proxied { stream: Box::new(connecting.await?), absolute: false }) })
            }
        }
    }
}

/// `CONNECT` names the port always.
fn with_port(upstream: Uri) -> Uri {
    let Some(authority) = upstream.authority().filter(|authority| authority.port().is_none()) else { return upstream };
    let port = if upstream.scheme_str() == Some("http") { 80 } else { 443 };
    let Ok(authority) = format!("{authority}:{port}").parse::<Authority>() else { return upstream };
    let mut parts = upstream.clone().into_parts();
    parts.authority = Some(authority);
    Uri::from_parts(parts).unwrap_or(upstream)
}

/// The first leg, open.
///
/// What is rare is boxed: a TLS stream is large, and an upstream's connection holds one of these beside its own.
pub(super) enum Joined {
    /// To the upstream itself.
    Straight(TokioIo<TcpStream>),
    /// To a forward proxy, which may want to know the whole URL of every request.
    Proxied { stream: Box<MaybeHttpsStream<TokioIo<TcpStream>>>, absolute: bool },
}

trait Stream: Read + Write + Unpin {}

impl<T: Read + Write + Unpin> Stream for T {}

impl Joined {
    fn stream(&self) -> &dyn Stream {
        match self {
            Self::Straight(stream) => stream,
            Self::Proxied { stream, .. } => stream,
        }
    }

    fn pinned(self: Pin<&mut Self>) -> Pin<&mut dyn Stream> {
        match self.get_mut() {
            Self::Straight(stream) => Pin::new(stream),
            Self::Proxied { stream, .. } => Pin::new(stream),
        }
    }
}

impl Connection for Joined {
    fn connected(&self) -> Connected {
        match self {
            Self::Straight(stream) => stream.connected(),
            Self::Proxied { stream, absolute } => stream.connected().proxy(*absolute),
        }
    }
}

impl Read for Joined {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.pinned().poll_read(cx, buf)
    }
}

impl Write for Joined {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.pinned().poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned().poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream().is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.pinned().poll_write_vectored(cx, bufs)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn connect_names_the_port() {
        for (upstream, there) in [
            ("http://h/x", "http://h:80/x"),
            ("https://h/", "https://h:443/"),
            ("https://[::1]/", "https://[::1]:443/"),
            ("http://h:8080/", "http://h:8080/"),
        ] {
            assert_eq!(with_port(upstream.parse().unwrap()), there.parse::<Uri>().unwrap());
        }
    }
}
