//! One client's connection: HTTP/1.1 or HTTP/2, in clear text or not, served until either side ends it, its limits pass, or the server drains.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep};
use tower_service::Service;

use super::activity::{Activity, Finding, Watched};
use super::counts::Counts;
use super::exchange::{Exchange, Place, answer};
use super::feedback::Tell;
use super::live::Live;
use super::phase::Slot;
use super::{AccessLog, Fault, InboundBody};
use crate::config::{Config, Ids};
use crate::wire::Routes;

/// How often an HTTP/2 client that says nothing is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(60);

/// Requests that one HTTP/2 connection may have in flight at once.
const STREAMS: u32 = 200;

/// What all requests under one configuration have in common.
pub(super) struct Shared {
    pub(super) http: auto::Builder<TokioExecutor>,
    pub(super) counts: Counts,
    pub(super) head_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) max_body: Option<u64>,
    /// Paths that speak a dialect, or none, whatever they look like.
    pub(super) routes: Routes,
    pub(super) header_count: usize,
    pub(super) in_flight: usize,
    pub(super) connections: usize,
    pub(super) drain: Duration,
    pub(super) access: Option<AccessLog>,
    pub(super) request_id: Ids,
    pub(super) traceparent: Ids,
    /// What takes feedback, where it is taken from clients.
    pub(super) feedback: Option<Tell>,
}

impl Shared {
    pub(super) fn new(config: &Config, access: Option<AccessLog>, counts: Counts, feedback: Option<Tell>) -> Self {
        let limits = &config.limits;
        let mut http = auto::Builder::new(TokioExecutor::new());
        let head_bytes = limits.head_bytes;
        // A client that leaves drops the request at once, upstream's part of it included. The head's time is kept by
        // `Activity`, since hyper's own limit would bound idle connections, too.
        http.http1()
            .half_close(false)
            .header_read_timeout(None)
            .max_buf_size(head_bytes.as_usize())
            .max_headers(limits.header_count.get())
            .timer(TokioTimer::new());
        http.http2()
            .max_header_list_size(u32::try_from(head_bytes.0).unwrap_or(u32::MAX))
            .max_concurrent_streams(STREAMS)
            .adaptive_window(true)
            .keep_alive_interval(PING_EVERY)
            .timer(TokioTimer::new());
        Self {
            http,
            counts,
            head_timeout: limits.head_timeout.0,
            idle_timeout: limits.idle_timeout.0,
            max_body: limits.max_body.on().map(|size| size.0),
            routes: config.routes(),
            header_count: limits.header_count.get(),
            in_flight: limits.in_flight.get(),
            connections: limits.connections.get(),
            drain: limits.drain.0,
            access,
            request_id: config.log.request_id,
            traceparent: config.log.traceparent,
            feedback: feedback.filter(|_| config.feedback.public),
        }
    }
}

/// Serves one connection. `busy` ones only learn that there are too many.
pub(super) async fn serve<IO, S, R>(socket: IO, mut slot: Slot, live: Live<S>, busy: bool)
where
    IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Service<Request<InboundBody>, Response = Response<R>, Error = Fault> + Clone + Send + 'static,
    S::Future: Send,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: std::error::Error + Send + Sync,
{
    let shared = Arc::clone(&live.current().shared);
    let activity = Arc::new(Activity::new());
    let socket = TokioIo::new(Watched::new(socket, Arc::clone(&activity)));
    let mut watch = Watch::new(Arc::clone(&activity), &shared);
    let place = Place { activity: Arc::clone(&activity), slot: slot.clone(), busy };
    let service = service_fn(move |request: Request<Incoming>| {
        let serving = live.current();
        let exchange = Exchange { shared: Arc::clone(&serving.shared), place: place.clone() };
        answer(serving.service.clone(), exchange, request)
    });
    let mut connection = pin!(shared.http.serve_connection_with_upgrades(socket, service));
    let mut closing = None;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    shared.counts.connection_failed(reason(&*error, activity.speaks_http2()));
                    tracing::debug!(error = %Whole(&*error), "a client's connection broke");
                }
                return;
            }
            draining = slot.changed() => {
                if !draining {
                    return;
                }
                connection.as_mut().graceful_shutdown();
            }
            finding = watch.over(), if closing.is_none() => {
                if finding == Finding::SlowHead {
                    shared.counts.connection_failed("head_too_slow");
                    tracing::debug!("a client's head did not arrive in time");
                    return;
                }
                connection.as_mut().graceful_shutdown();
                closing = Some(Box::pin(sleep(shared.head_timeout)));
            }
            // HTTP/2 says goodbye and waits for the client's; not for ever.
            () = async { if let Some(closing) = &mut closing { closing.await } }, if closing.is_some() => return,
        }
    }
}

/// Why a connection failed, as [`Counts`] names it.
///
/// hyper answers a head that it cannot parse by itself, without a body, and gives no place to put one: what the client
/// asked for is not known then, nor in which dialect it would want to be told.
fn reason(error: &(dyn std::error::Error + 'static), http2: bool) -> &'static str {
    match error.downcast_ref::<hyper::Error>() {
        Some(error) if error.is_parse_too_large() => "head_too_large",
        Some(error) if error.is_parse() => "bad_head",
        Some(error) if error.is_incomplete_message() => "client_left",
        _ if http2 => "http2",
        _ => "broken",
    }
}

/// Watches over what a connection is at.
struct Watch {
    activity: Arc<Activity>,
    timer: Pin<Box<Sleep>>,
    head_timeout: Duration,
    idle_timeout: Duration,
}

impl Watch {
    fn new(activity: Arc<Activity>, shared: &Shared) -> Self {
        let (head_timeout, idle_timeout) = (shared.head_timeout, shared.idle_timeout);
        Self { activity, timer: Box::pin(sleep(idle_timeout)), head_timeout, idle_timeout }
    }

    /// Over when the connection is to be closed. Looks whenever the connection's task runs, after the connection did.
    fn over(&mut self) -> impl Future<Output = Finding> {
        poll_fn(|cx| self.poll(cx))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Finding> {
        // An earlier time matters; for a later one it is cheaper to look once too often than to set the timer anew with
        // every request.
        match self.activity.due(self.head_timeout, self.idle_timeout) {
            Some((due, _)) if due < self.timer.deadline() => self.timer.as_mut().reset(due),
            _ => {}
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            match self.activity.find(self.head_timeout, self.idle_timeout) {
                Finding::Fine(due) => self.timer.as_mut().reset(due),
                over => return Poll::Ready(over),
            }
        }
    }
}

/// An error with its causes, in one line.
struct Whole<'a>(&'a (dyn std::error::Error + 'static));

impl fmt::Display for Whole<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}
