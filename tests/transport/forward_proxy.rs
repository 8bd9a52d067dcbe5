//! A forward proxy that does as it is told, and remembers what it was told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub struct ForwardProxy {
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl ForwardProxy {
    /// Whatever it is asked for, it connects to `target`: names of upstreams need not be known to anybody else. Where it
    /// wants credentials, others are refused.
    pub async fn start(target: SocketAddr, credentials: Option<&'static str>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (heads, tls) = (Arc::clone(&remembered), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(socket, target, credentials, &heads).await,
                        Some(tls) => match tls.accept(socket).await {
                            Ok(socket) => serve(socket, target, credentials, &heads).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { address, heads }
    }

    /// The heads of all connections so far, each as received.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn serve(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    target: SocketAddr,
    credentials: Option<&str>,
    heads: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    heads.lock().unwrap().push(head.clone());
    if credentials.is_some_and(|credentials| !head.to_ascii_lowercase().contains(&credentials.to_ascii_lowercase())) {
        let answer =
            "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n";
        return socket.write_all(answer.as_bytes()).await.ok();
    }
    let mut there = TcpStream::connect(target).await.ok()?;
    if head.starts_with("CONNECT ") {
        socket.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
    } else {
        // In absolute form: an origin server accepts that, too (RFC 9112, section 3.2.2).
        there.write_all(head.as_bytes()).await.ok()?;
    }
    copy_bidirectional(&mut socket, &mut there).await.ok().map(drop)
}
