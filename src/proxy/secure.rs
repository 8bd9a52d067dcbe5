//! TLS from clients: the handshake, and what is said to those who come without.

use std::io;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service;

use super::certificates::Certificates;
use super::connection;
use super::live::Live;
use super::phase::Slot;
use super::{Counts, Fault, InboundBody};
use crate::wire::plain_fault;

/// Most bytes of a client in clear text that are read before its connection is closed, so that it gets to read ours.
const HEARD_OUT: u64 = 64 * 1024;

/// Serves one connection over TLS, as [`connection::serve`] does in clear text.
pub(super) async fn serve<S, R>(
    certificates: Certificates,
    socket: TcpStream,
    slot: Slot,
    live: Live<S>,
    counts: Counts,
    busy: bool,
) where
    S: Service<Request<InboundBody>, Response = Response<R>, Error = Fault> + Clone + Send + 'static,
    S::Future: Send,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: std::error::Error + Send + Sync,
{
    // A handshake under way is finished while the server drains: the client may have sent its request behind it.
    let mut over = slot.clone();
    let opened = tokio::select! {
        biased;
        () = over.ended() => return,
        opened = timeout(certificates.handshake_timeout(), open(&certificates, socket)) => opened,
    };
    let reason = match opened {
        Ok(Ok(Opened::Secure(stream))) => {
            // Boxed, so that what waits for a handshake is not as large as what serves.
            return Box::pin(connection::serve(*stream, slot, live, busy)).await;
        }
        Ok(Ok(Opened::Left)) => return,
        Ok(Ok(Opened::Plain(socket))) => {
            tokio::select! {
                () = over.ended() => {}
                // A client that does not read, or does not go, is not waited for.
                _ = timeout(certificates.handshake_timeout(), tell(socket)) => {}
            }
            "plain_http"
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "a client's TLS handshake failed");
            "tls_handshake"
        }
        Err(_) => "tls_too_slow",
    };
    counts.connection_failed(reason);
}

/// What became of a client that connected.
enum Opened {
    Secure(Box<TlsStream<TcpStream>>),
    /// It speaks HTTP in clear text.
    Plain(TcpStream),
    /// It left without a word, as probes of a port do.
    Left,
}

async fn open(certificates: &Certificates, socket: TcpStream) -> io::Result<Opened> {
    let mut first = [0; 1];
    match socket.peek(&mut first).await? {
        0 => Ok(Opened::Left),
        // Every handshake begins with a byte 22 (RFC 8446, section 5.1), and every HTTP method with a letter.
        _ if first[0].is_ascii_alphabetic() => Ok(Opened::Plain(socket)),
        _ => {
            let stream = TlsAcceptor::from(certificates.current()).accept(socket).await?;
            Ok(Opened::Secure(Box::new(stream)))
        }
    }
}

/// Answers in clear text whoever speaks it. The request is not looked at, so there is no dialect to answer in.
async fn tell(mut socket: TcpStream) -> io::Result<()> {
    let status = StatusCode::BAD_REQUEST;
    let (content_type, body) = plain_fault(status, "This port speaks TLS. Connect with https://.");
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    socket.write_all(&[head.as_bytes(), &body].concat()).await?;
    socket.shutdown().await?;
    // With bytes of the client's unread the system would reset the connection, and the answer might be lost.
    tokio::io::copy(&mut socket.take(HEARD_OUT), &mut tokio::io::sink()).await.map(drop)
}
