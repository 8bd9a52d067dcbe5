//! Both ends of a connection, byte for byte.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::within;

/// An upstream that does what the test does.
pub struct Upstream {
    pub listener: TcpListener,
}

impl Upstream {
    pub async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The next connection that is opened to it.
    pub async fn accept(&self) -> Peer {
        Peer::new(within(self.listener.accept()).await.unwrap().0)
    }
}

impl Upstream {
    /// The next request, be it on the connection that is there or on another, which then takes its place: a client is
    /// often faster with its next request than the proxy with putting a connection back.
    pub async fn request(&self, there: &mut Option<Peer>) -> Message {
        if let Some(peer) = there {
            tokio::select! {
                message = peer.message() => return message,
                accepted = self.listener.accept() => *peer = Peer::new(accepted.unwrap().0),
            }
        }
        if there.is_none() {
            *there = Some(self.accept().await);
        }
        there.as_mut().unwrap().message().await
    }
}

/// One end of a connection: reads and writes what it is told, and nothing else.
pub struct Peer {
    pub socket: TcpStream,
    /// Received and not yet asked for.
    buffer: Vec<u8>,
}

/// A message's head as received, and its body with any chunking taken off.
#[derive(Debug)]
pub struct Message {
    pub head: String,
    pub body: Vec<u8>,
    /// What stood after the last chunk.
    pub trailers: String,
}

impl Message {
    /// The value of a header, if there is exactly one.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub fn status(&self) -> u16 {
        self.line().split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut values =
        head.lines().skip(1).filter_map(|line| line.split_once(':')).filter(|(n, _)| n.eq_ignore_ascii_case(name));
    let value = values.next().map(|(_, value)| value.trim());
    assert!(values.next().is_none(), "{name} stands twice in {head}");
    value
}

impl Peer {
    pub fn new(socket: TcpStream) -> Self {
        socket.set_nodelay(true).unwrap();
        Self { socket, buffer: Vec::new() }
    }

    pub async fn connect(address: SocketAddr) -> Self {
        Self::new(within(TcpStream::connect(address)).await.unwrap())
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within(self.socket.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Reads more; `false` at the end of the connection, however it came.
    async fn more(&mut self) -> bool {
        within(self.socket.read_buf(&mut self.buffer)).await.unwrap_or(0) > 0
    }

    /// Everything up to and with `mark`.
    pub async fn until(&mut self, mark: &str) -> String {
        loop {
            if let Some(at) = find(&self.buffer, mark.as_bytes()) {
                let rest = self.buffer.split_off(at + mark.len());
                return String::from_utf8(std::mem::replace(&mut self.buffer, rest)).unwrap();
            }
            let so_far = String::from_utf8_lossy(&self.buffer).into_owned();
            assert!(self.more().await, "the connection ended before {mark:?}: {so_far:?}");
        }
    }

    pub async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.more().await, "the connection ended {} bytes early", length - self.buffer.len());
        }
        let rest = self.buffer.split_off(length);
        std::mem::replace(&mut self.buffer, rest)
    }

    /// The head of the next message.
    pub async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    /// One chunk of a chunked body; empty for the last, whose trailers are left to read.
    pub async fn chunk(&mut self) -> Vec<u8> {
        let size = self.until("\r\n").await;
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        if size == 0 {
            return Vec::new();
        }
        let data = self.exactly(size).await;
        assert_eq!(self.exactly(2).await, b"\r\n");
        data
    }

    /// The next message, by its own framing; one without any has no body.
    pub async fn message(&mut self) -> Message {
        let head = self.head().await;
        let (mut body, mut trailers) = (Vec::new(), String::new());
        if let Some(length) = header(&head, "content-length") {
            body = self.exactly(length.parse().unwrap()).await;
        } else if header(&head, "transfer-encoding").is_some() {
            loop {
                let chunk = self.chunk().await;
                if chunk.is_empty() {
                    break;
                }
                body.extend_from_slice(&chunk);
            }
            loop {
                let line = self.until("\r\n").await;
                if line == "\r\n" {
                    break;
                }
                trailers.push_str(&line);
            }
        }
        Message { head, body, trailers }
    }

    /// The next message; `None` where the connection ends before one begins, whenever that is.
    pub async fn next(&mut self) -> Option<Message> {
        // Of an idle connection nobody knows how long it is: no test waits for this.
        while self.buffer.is_empty() {
            if self.socket.read_buf(&mut self.buffer).await.unwrap_or(0) == 0 {
                return None;
            }
        }
        Some(self.message().await)
    }

    /// Whatever comes until the connection ends.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.buffer)
    }

    /// Waits for the end of the connection, before which nothing more may come.
    pub async fn closed(&mut self) {
        let rest = self.rest().await;
        assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
    }

    /// Ends the connection without a goodbye.
    pub fn reset(self) {
        self.socket.set_zero_linger().unwrap();
        drop(self.socket);
    }
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

/// A response with this body and a length.
pub fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A request with this body and a length.
pub fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: proxy\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
