//! The server: accepts clients, serves them with a service, and ends without breaking off what is under way.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use tower_service::Service;

use super::admin;
use super::certificates::Certificates;
use super::connection;
use super::feedback::Tell;
use super::gate::Gate;
use super::phase::Lives;
use super::playground::Playground;
use super::readiness::Readiness;
use super::secure;
use super::{AccessLog, Counts, Fault, InboundBody, Live};
use crate::config::{Config, OrOff};
use crate::error::{Error, Result};

/// Clients that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// Longest time that connections are waited for after they were ended.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// A server that listens, and serves once it is [run](Self::run).
///
/// Clients that connect before that wait; none is refused while a model is being loaded.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    admin: Option<(TcpListener, SocketAddr)>,
    /// Holds the admin listener's task, which ends with it.
    tasks: JoinSet<()>,
    readiness: Readiness,
    counts: Counts,
    certificates: Option<Certificates>,
    config: Config,
    overview: Overview,
    feedback: Feedback,
    playground: Option<Playground>,
}

/// What writes the page at `/` of the admin endpoints.
#[derive(Default)]
struct Overview(Option<admin::WriteOverview>);

/// What takes feedback.
#[derive(Clone, Default)]
struct Feedback(Option<Tell>);

impl fmt::Debug for Feedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Feedback").field(&self.0.is_some()).finish()
    }
}

impl fmt::Debug for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Overview").field(&self.0.is_some()).finish()
    }
}

impl Server {
    /// Listens where `config` says.
    ///
    /// # Errors
    /// If an address is taken, or is not one of this machine's; and if a file that `[tls]` names cannot be used.
    pub fn bind(config: &Config) -> Result<Self> {
        let (listener, address) = listen("listen", config.listen.0)?;
        let admin = match config.admin {
            OrOff::Off => None,
            OrOff::On(admin) => Some(listen("admin", admin.0)?),
        };
        let readiness = Readiness::default();
        let counts = Counts::of(readiness.clone());
        Ok(Self {
            listener,
            address,
            admin,
            tasks: JoinSet::new(),
            readiness,
            certificates: config.tls.as_ref().map(|tls| Certificates::load(tls, counts.clone())).transpose()?,
            counts,
            config: config.clone(),
            overview: Overview::default(),
            feedback: Feedback::default(),
            playground: None,
        })
    }

    /// Where clients connect; with its real port where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin endpoints are.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|(_, address)| *address)
    }

    /// What clients are shown, to have it read again; it is by itself when the files change, and on SIGHUP.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// What the transport counts.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Serves the admin endpoints from now on; `metrics` writes what `/metrics` shows.
    ///
    /// `/readyz` says no until the server runs, and again while it drains.
    pub fn serve_admin(&mut self, metrics: impl Fn() -> String + Send + Sync + 'static) {
        if let Some((listener, address)) = self.admin.take() {
            let (readiness, overview) = (self.readiness.clone(), self.overview.0.take());
            let (feedback, playground) = (self.feedback.0.clone(), self.playground.take());
            let shown = admin::Shown { readiness, metrics: Arc::new(metrics), overview, feedback, playground };
            self.tasks.spawn(admin::serve(listener, shown));
            tracing::info!(%address, "admin endpoints on http://{address}");
        }
    }

    /// Has `page` write what `/` among the admin endpoints shows: it is given the state as `/readyz` tells it, and whether
    /// JSON is asked for. To be set before they are served; without it they only say what there is.
    pub fn overview_by(&mut self, page: impl Fn(&str, bool) -> String + Send + Sync + 'static) {
        self.overview = Overview(Some(Arc::new(page)));
    }

    /// Has `take` told of feedback: the headers and the body of each `POST /groundwire/feedback`, to be answered with a status and
    /// a line of text. To be set before anything is served.
    pub fn feedback_by(&mut self, take: impl Fn(&HeaderMap, &[u8]) -> (StatusCode, String) + Send + Sync + 'static) {
        self.feedback = Feedback(Some(Arc::new(take)));
    }

    /// Has `explain` tell, at `POST /explain` among the admin endpoints, what would be done with a conversation: JSON in, and
    /// JSON out, or what is wrong with what was asked. To be set before they are served; without it there is no such endpoint.
    pub fn explain_by<F>(&mut self, explain: impl Fn(Bytes) -> F + Send + Sync + 'static)
    where
        F: Future<Output = std::result::Result<String, String>> + Send + 'static,
    {
        self.playground = Some(Playground::new(Arc::new(move |asked| Box::pin(explain(asked)))));
    }

    /// Has `/readyz` say, on a second line, which configuration serves.
    pub fn configured_by(&self, name: impl Fn() -> Option<String> + Send + Sync + 'static) {
        self.readiness.name(name);
    }

    /// Has `ailment` asked what is wrong with a server that serves all the same, such as a classifier that takes no turns.
    ///
    /// Where it says, `/readyz` says `degraded: …`, still with 200: requests pass, and a server that is taken out of
    /// rotation for a broken model would be an outage. `ready_state` among the metrics says so, too.
    pub fn degraded_by(&self, ailment: impl Fn() -> Option<String> + Send + Sync + 'static) {
        self.readiness.watch(ailment);
    }

    /// `service` under the limits of the configuration that this was bound with, to be [run](Self::run_live).
    pub fn live<S>(&self, service: S, access: Option<AccessLog>) -> Live<S> {
        Live::new(service, &self.config, access, self.counts.clone(), self.feedback.0.clone())
    }

    /// Serves every request with a clone of `service`, until `stop` is over; see [`run_live`](Self::run_live).
    pub async fn run<S, R>(self, service: S, stop: impl Future<Output = ()>)
    where
        S: Service<Request<InboundBody>, Response = Response<R>, Error = Fault> + Clone + Send + Sync + 'static,
        S::Future: Send,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: std::error::Error + Send + Sync,
    {
        let live = self.live(service, None);
        self.run_live(live, stop).await;
    }

    /// Serves every request with a clone of the service that `live` holds when its head is there, until `stop` is over.
    ///
    /// Then no more clients are accepted, idle connections are closed, and requests in flight are finished, for as long
    /// as `drain` allows. To end at once, drop the future.
    pub async fn run_live<S, R>(self, live: Live<S>, stop: impl Future<Output = ()>)
    where
        S: Service<Request<InboundBody>, Response = Response<R>, Error = Fault> + Clone + Send + Sync + 'static,
        S::Future: Send,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: std::error::Error + Send + Sync,
    {
        // The admin endpoints live as long as this future.
        let Self { listener, address, readiness, counts, certificates, .. } = self;
        let mut tasks = self.tasks;
        let lives = Lives::new();
        let mut gate = Gate::new(counts.accepts_failed.clone());
        let mut stop = pin!(stop);
        // Before anybody is told that the server is ready: who sends a SIGHUP then is heard.
        if let Some(certificates) = &certificates {
            tasks.spawn(certificates.clone().watch());
        }
        readiness.ready();
        let scheme = if certificates.is_some() { "https" } else { "http" };
        tracing::info!(%address, "listening on {scheme}://{address}");
        loop {
            let (socket, permit, busy) = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = gate.accept(&listener, || live.current().shared.connections) => accepted,
            };
            let slot = lives.slot(permit, &counts.connections);
            match &certificates {
                None => tokio::spawn(connection::serve(socket, slot, live.clone(), busy)),
                Some(shown) => {
                    let (shown, counts) = (shown.clone(), counts.clone());
                    tokio::spawn(secure::serve(shown, socket, slot, live.clone(), counts, busy))
                }
            };
        }
        readiness.drain();
        drop(listener);
        let (in_flight, drain) = (counts.requests.get(), live.current().shared.drain);
        tracing::info!(in_flight, seconds = drain.as_secs_f64(), "draining");
        // What the service holds on to, the last connection lets go of.
        drop(live);
        let mut draining = lives.drain();
        if tokio::time::timeout(drain, draining.all_gone()).await.is_err() {
            let connections = counts.connections.get();
            tracing::warn!(connections, in_flight = counts.requests.get(), "the drain's time is over; breaking off");
            draining.end();
            // They only have to notice.
            let _ = tokio::time::timeout(LAST_WAIT, draining.all_gone()).await;
        }
        tracing::info!("stopped");
    }
}

fn listen(key: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let open = || -> io::Result<_> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Else a restart would have to wait for the old connections' last packets. On Windows it means something else.
        socket.set_reuseaddr(cfg!(unix))?;
        // A client that vanished without a word is noticed in the end. Accepted sockets inherit it.
        socket.set_keepalive(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    open().map_err(|e| {
        Error::io(format!("cannot listen on {address}; set `{key}` to a free address of this machine")).with(e)
    })
}
