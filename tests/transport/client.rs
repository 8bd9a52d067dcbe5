//! Clients of the sidecar, over TLS or not, in HTTP/1.1 or HTTP/2.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::support::within;

/// Connects over TLS, as to `localhost`.
pub async fn secure(address: SocketAddr, tls: &TlsConnector) -> io::Result<TlsStream<TcpStream>> {
    let socket = within(TcpStream::connect(address)).await?;
    within(tls.connect(ServerName::try_from("localhost").unwrap(), socket)).await
}

pub async fn plain(address: SocketAddr) -> TcpStream {
    within(TcpStream::connect(address)).await.unwrap()
}

/// A connection that requests are sent on, one after the other.
pub enum Client {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    /// Speaks HTTP/1.1 on `stream`.
    pub async fn one(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> hyper::Result<Self> {
        let (sender, connection) = within(http1::handshake(TokioIo::new(stream))).await?;
        tokio::spawn(connection.with_upgrades());
        Ok(Self::One(sender))
    }

    /// Speaks HTTP/2 on `stream`.
    pub async fn two(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> hyper::Result<Self> {
        let (sender, connection) = within(http2::handshake(TokioExecutor::new(), TokioIo::new(stream))).await?;
        tokio::spawn(connection);
        Ok(Self::Two(sender))
    }

    /// Sends a request and waits for the whole of its response.
    pub async fn ask(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Bytes>> {
        let response = match self {
            Self::One(sender) => {
                within(sender.ready()).await?;
                within(sender.send_request(request)).await?
            }
            Self::Two(sender) => within(sender.send_request(request)).await?,
        };
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(head, within(body.collect()).await?.to_bytes()))
    }
}

/// A chat call.
pub fn chat(path: &str, body: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::post(path).header("host", "sidecar").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap()
}

/// Asks once, in clear text; what the upstream saw, as [`echo`](super::echo) tells it.
pub async fn ask(address: SocketAddr, request: Request<Full<Bytes>>) -> (u16, Value) {
    let mut client = Client::one(plain(address).await).await.unwrap();
    let response = client.ask(request).await.unwrap();
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}
