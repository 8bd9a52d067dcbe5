//! An upstream that answers every request and keeps a list of what came; and that reads as strictly as can be: whatever
//! two readers might take for two different things, it refuses.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use super::wire::ok;
use super::within;

/// What a connection brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Request(Request),
    /// It ended in the middle of this.
    Broken(String),
    /// It had what a strict reader refuses.
    Ambiguous(String),
}

/// A request whose framing leaves nothing to interpret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The upstream. Requests whose path holds `hold` are answered once it is told to go on.
pub struct Recorder {
    pub address: SocketAddr,
    seen: mpsc::UnboundedReceiver<Seen>,
    go: watch::Sender<bool>,
}

impl Recorder {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, seen) = mpsc::unbounded_channel();
        let (go, gone) = watch::channel(false);
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    // The test is over.
                    () = tell.closed() => return,
                };
                let (socket, _) = accepted.unwrap();
                tokio::spawn(converse(socket, tell.clone(), gone.clone()));
            }
        });
        Self { address, seen, go }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What comes next, on whatever connection.
    pub async fn next(&mut self) -> Seen {
        within(self.seen.recv()).await.unwrap()
    }

    /// What comes next, which must be a request.
    pub async fn request(&mut self) -> Request {
        match self.next().await {
            Seen::Request(request) => request,
            other => panic!("{other:?}"),
        }
    }

    /// What came by now.
    pub fn so_far(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }

    /// Answers what is held.
    pub fn go_on(&self) {
        self.go.send_replace(true);
    }
}

async fn converse(mut socket: TcpStream, tell: mpsc::UnboundedSender<Seen>, mut go: watch::Receiver<bool>) {
    let mut bytes = Vec::new();
    loop {
        match parse(&bytes) {
            Ok(Some((request, length))) => {
                bytes.drain(..length);
                let held = request.line.contains("hold");
                let _ = tell.send(Seen::Request(request));
                if held {
                    tokio::select! {
                        went = go.wait_for(|go| *go) => drop(went),
                        _ = socket.read_u8() => return,
                    }
                }
                if socket.write_all(ok("{}").as_bytes()).await.is_err() {
                    return;
                }
            }
            Ok(None) => {
                let read = tokio::select! {
                    read = socket.read_buf(&mut bytes) => read,
                    () = tell.closed() => return,
                };
                if read.unwrap_or(0) == 0 {
                    if !bytes.is_empty() {
                        let _ = tell.send(Seen::Broken(String::from_utf8_lossy(&bytes).into_owned()));
                    }
                    return;
                }
            }
            Err(why) => {
                let _ = tell.send(Seen::Ambiguous(format!("{why}: {:?}", String::from_utf8_lossy(&bytes))));
                return;
            }
        }
    }
}

/// One line without its CRLF, and what follows; `None` if it has not ended yet.
fn line(bytes: &[u8]) -> Result<Option<(&str, &[u8])>, &'static str> {
    let Some(end) = bytes.iter().position(|&b| b == b'\n') else { return Ok(None) };
    let line = std::str::from_utf8(&bytes[..end]).map_err(|_| "not UTF-8")?;
    let line = line.strip_suffix('\r').ok_or("a bare LF")?;
    if line.contains(|c: char| c.is_control() && c != '\t') {
        return Err("a control character");
    }
    Ok(Some((line, &bytes[end + 1..])))
}

type Fields = Vec<(String, String)>;

fn fields(mut bytes: &[u8]) -> Result<Option<(Fields, &[u8])>, &'static str> {
    let mut fields = Vec::new();
    loop {
        let Some((field, rest)) = line(bytes)? else { return Ok(None) };
        bytes = rest;
        if field.is_empty() {
            return Ok(Some((fields, bytes)));
        }
        let (name, value) = field.split_once(':').ok_or("a field without a colon")?;
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            return Err("a name that is no token");
        }
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
}

/// The request at the start of `bytes` and its length; `None` if it is not all there.
fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, &'static str> {
    let Some((first, rest)) = line(bytes)? else { return Ok(None) };
    let parts: Vec<&str> = first.split(' ').collect();
    if parts.len() != 3 || parts[2] != "HTTP/1.1" || parts.iter().any(|part| part.is_empty()) {
        return Err("no request line");
    }
    let Some((headers, mut rest)) = fields(rest)? else { return Ok(None) };
    let all = |name: &str| -> Vec<&str> {
        headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    };
    if all("host").len() != 1 {
        return Err("not one host");
    }
    let (mut body, mut trailers) = (Vec::new(), Vec::new());
    match (all("content-length").as_slice(), all("transfer-encoding").as_slice()) {
        ([], []) => {}
        ([length], []) if !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit()) => {
            let length: usize = length.parse().map_err(|_| "a length that is no number")?;
            if rest.len() < length {
                return Ok(None);
            }
            body = rest[..length].to_vec();
            rest = &rest[length..];
        }
        ([], ["chunked"]) => loop {
            let Some((size, after)) = line(rest)? else { return Ok(None) };
            if size.is_empty() || size.len() > 8 || !size.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err("a chunk size that is more than a number");
            }
            let size = usize::from_str_radix(size, 16).map_err(|_| "a chunk size that is no number")?;
            if size == 0 {
                let Some((last, after)) = fields(after)? else { return Ok(None) };
                (trailers, rest) = (last, after);
                break;
            }
            if after.len() < size + 2 {
                return Ok(None);
            }
            if &after[size..size + 2] != b"\r\n" {
                return Err("a chunk without its CRLF");
            }
            body.extend_from_slice(&after[..size]);
            rest = &after[size + 2..];
        },
        _ => return Err("a framing that can be read in two ways"),
    }
    let length = bytes.len() - rest.len();
    Ok(Some((Request { line: first.to_owned(), headers, body, trailers }, length)))
}
