//! What a client's connection is at, and for how long it may be at that.
//!
//! hyper's own head timeout runs while a connection is idle, too; a short one would close connections that clients keep
//! for their next request, and now and then one on which a request is just arriving. Here the two are apart.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::access::Entry;
use super::counts::Counts;

/// Every HTTP/2 connection starts with this (RFC 9113, section 3.4), and no HTTP/1 one does.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes that are read at once at most: one less than hyper's second buffer, which a full read would have it double.
///
/// hyper keeps the largest buffer that a body has ever filled (64 KiB here) as long as the connection lives, and an open
/// stream is a connection that has just read a body.
const AT_ONCE: usize = (16 << 10) - 1;

/// What a connection is at. Shared by its socket, its requests and its watch.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    /// Requests whose response is not over.
    requests: AtomicUsize,
    /// When the last one was over; as [`now`](Self::now) counts.
    idle_since: AtomicU64,
    /// When the first byte of an HTTP/1 head came; 0 where none is under way.
    head_since: AtomicU64,
    http2: AtomicBool,
}

/// What the watch over a connection finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Look again then.
    Fine(Instant),
    /// A head has been arriving for too long.
    SlowHead,
    /// No request for too long.
    Idle,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            opened: Instant::now(),
            requests: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            http2: AtomicBool::new(false),
        }
    }

    /// Microseconds since the connection was opened, never 0.
    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
    }

    fn received(&self) {
        let waiting = self.requests.load(Ordering::Relaxed) == 0 && self.head_since.load(Ordering::Relaxed) == 0;
        if waiting && !self.http2.load(Ordering::Relaxed) {
            self.head_since.store(self.now(), Ordering::Relaxed);
        }
    }

    fn is_http2(&self) {
        self.http2.store(true, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
    }

    /// Whether the client speaks HTTP/2.
    pub(super) fn speaks_http2(&self) -> bool {
        self.http2.load(Ordering::Relaxed)
    }

    /// A request's head is there.
    pub(super) fn begin(self: &Arc<Self>, counts: &Counts) -> InFlight {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
        counts.requests.inc();
        InFlight { activity: Arc::clone(self), counts: counts.clone(), admitted: false, entry: None }
    }

    /// When what the connection is at will have taken too long, and what it is then; `None` while a request is under way.
    ///
    /// Asked whenever a connection's task runs, so it does not read the clock.
    pub(super) fn due(&self, head_timeout: Duration, idle_timeout: Duration) -> Option<(Instant, Finding)> {
        if self.requests.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let (since, timeout, over) = match self.head_since.load(Ordering::Relaxed) {
            0 => (self.idle_since.load(Ordering::Relaxed), idle_timeout, Finding::Idle),
            since => (since, head_timeout, Finding::SlowHead),
        };
        Some((self.opened + Duration::from_micros(since) + timeout, over))
    }

    /// What is the case now.
    pub(super) fn find(&self, head_timeout: Duration, idle_timeout: Duration) -> Finding {
        let now = Instant::now();
        match self.due(head_timeout, idle_timeout) {
            None => Finding::Fine(now + idle_timeout),
            Some((due, over)) if due <= now => over,
            Some((due, _)) => Finding::Fine(due),
        }
    }
}

/// A request whose response is not over; dropped when it is.
pub(super) struct InFlight {
    activity: Arc<Activity>,
    counts: Counts,
    /// Whether it is one of those that are bounded.
    admitted: bool,
    /// Its line in the access log, where there is one.
    entry: Option<Box<Entry>>,
}

impl InFlight {
    /// Counts it among those that are served; `false` where these are `most` already.
    ///
    /// One that is turned away does not count, or clients that are slow to hear of it would keep others out.
    pub(super) fn admit(&mut self, most: usize) -> bool {
        let before = self.counts.admitted.fetch_add(1, Ordering::Relaxed);
        self.admitted = before < most;
        if !self.admitted {
            self.counts.admitted.fetch_sub(1, Ordering::Relaxed);
        }
        self.admitted
    }

    /// Has a line written about it when it is over.
    pub(super) fn log(&mut self, entry: Entry) {
        self.entry = Some(Box::new(entry));
    }

    /// The response has this status.
    pub(super) fn answered(&mut self, status: u16) {
        if let Some(entry) = &mut self.entry {
            entry.answered(status);
        }
    }

    /// This many bytes of the response's body go out.
    pub(super) fn sent(&mut self, bytes: usize) {
        if let Some(entry) = &mut self.entry {
            entry.sent(bytes);
        }
    }

    /// The response broke off after its head.
    pub(super) fn broke_off(self, error: &impl fmt::Display) {
        self.counts.broken_responses.inc();
        tracing::warn!(%error, "a response broke off on its way from the upstream");
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.counts.requests.dec();
        if self.admitted {
            self.counts.admitted.fetch_sub(1, Ordering::Relaxed);
        }
        self.activity.idle_since.store(self.activity.now(), Ordering::Relaxed);
        self.activity.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A socket that notes when bytes come.
pub(super) struct Watched<S> {
    socket: S,
    activity: Arc<Activity>,
    /// Bytes of [`PREFACE`] seen so far; `None` once it is known which HTTP this is.
    preface: Option<usize>,
}

impl<S> Watched<S> {
    pub(super) fn new(socket: S, activity: Arc<Activity>) -> Self {
        Self { socket, activity, preface: Some(0) }
    }

    fn received(&mut self, bytes: &[u8]) {
        self.activity.received();
        if let Some(seen) = self.preface {
            let rest = &PREFACE[seen..];
            let common = rest.len().min(bytes.len());
            self.preface = (rest[..common] == bytes[..common]).then_some(seen + common);
            if self.preface == Some(PREFACE.len()) {
                self.activity.is_http2();
                self.preface = None;
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if buf.remaining() > AT_ONCE {
            let mut some = ReadBuf::new(buf.initialize_unfilled_to(AT_ONCE));
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut some))?;
            let read = some.filled().len();
            buf.advance(read);
        } else {
            ready!(Pin::new(&mut self.socket).poll_read(cx, buf))?;
        }
        let bytes = &buf.filled()[before..];
        if !bytes.is_empty() {
            self.received(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    const HEAD: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(120);

    async fn read(bytes: &'static [u8], piece: usize) -> Arc<Activity> {
        let activity = Arc::new(Activity::new());
        let mut socket = Watched::new(bytes, Arc::clone(&activity));
        let mut buf = vec![0; piece];
        while socket.read(&mut buf).await.unwrap() > 0 {}
        activity
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_may_take_less_long_than_the_next_may_take_to_come() {
        for piece in [1, 3, 64] {
            let activity = read(b"POST / HTT", piece).await;
            tokio::time::advance(HEAD - Duration::from_secs(1)).await;
            assert!(matches!(activity.find(HEAD, IDLE), Finding::Fine(_)));
            tokio::time::advance(Duration::from_secs(2)).await;
            assert_eq!(activity.find(HEAD, IDLE), Finding::SlowHead);
        }
        let activity = read(b"", 1).await;
        tokio::time::advance(IDLE - Duration::from_secs(1)).await;
        assert!(matches!(activity.find(HEAD, IDLE), Finding::Fine(_)));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(activity.find(HEAD, IDLE), Finding::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_flight_is_neither_idle_nor_slow() {
        let activity = read(b"POST / HTTP/1.1\r\n\r\n", 64).await;
        let counts = Counts::default();
        let request = activity.begin(&counts);
        tokio::time::advance(IDLE * 3).await;
        assert!(matches!(activity.find(HEAD, IDLE), Finding::Fine(_)));
        assert_eq!(counts.requests.get(), 1);
        drop(request);
        assert_eq!(counts.requests.get(), 0);
        tokio::time::advance(IDLE / 2).await;
        assert!(matches!(activity.find(HEAD, IDLE), Finding::Fine(_)));
        tokio::time::advance(IDLE).await;
        assert_eq!(activity.find(HEAD, IDLE), Finding::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn http2_is_known_by_its_preface_however_it_comes() {
        for piece in [1, 5, 64] {
            let activity = read(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", piece).await;
            tokio::time::advance(HEAD * 2).await;
            assert!(matches!(activity.find(HEAD, IDLE), Finding::Fine(_)), "settings and pings are no head");
            let activity = read(b"PRI * HTTP/2.0\r\n", piece).await;
            tokio::time::advance(HEAD * 2).await;
            assert_eq!(activity.find(HEAD, IDLE), Finding::SlowHead);
        }
    }
}
