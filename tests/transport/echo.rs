//! An upstream that answers with what it saw.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// An upstream, and how often it was connected to.
pub struct Echo {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Echo {
    /// One that calls itself `name`; over TLS where there is an acceptor.
    pub async fn start(name: &'static str, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                match &tls {
                    None => drop(tokio::spawn(serve(name, socket, Value::Null))),
                    Some(tls) => {
                        let accepting = tls.accept(socket);
                        tokio::spawn(async move {
                            // A client that does not trust us, or that we do not trust, hangs up here.
                            let Ok(socket) = accepting.await else { return };
                            let shown = socket.get_ref().1.peer_certificates().is_some();
                            serve(name, socket, Value::from(shown)).await;
                        });
                    }
                }
            }
        });
        Self { address, connections }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(name: &'static str, socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, shown: Value) {
    let service = service_fn(move |request| tell(name, request, shown.clone()));
    // How the connection ends is the client's affair.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
}

async fn tell(
    name: &'static str,
    request: Request<Incoming>,
    shown: Value,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return Ok(Response::new(Full::default())) };
    let headers: Value = head
        .headers
        .keys()
        .map(|name| {
            let values: Vec<_> = head.headers.get_all(name).iter().map(|v| v.to_str().unwrap().to_owned()).collect();
            (name.to_string(), Value::from(values.join("\n")))
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    let told = json!({
        "upstream": name,
        "version": if head.version == Version::HTTP_2 { 2 } else { 1 },
        "target": head.uri.path_and_query().unwrap().as_str(),
        "authority": head.uri.authority().map(ToString::to_string),
        "headers": headers,
        "certificate": shown,
        "body": String::from_utf8(body.to_bytes().to_vec()).unwrap(),
    });
    let response = Response::builder().header("content-type", "application/json");
    Ok(response.body(Full::new(Bytes::from(told.to_string()))).unwrap())
}
