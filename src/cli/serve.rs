//! `groundwire serve`: the sidecar, from its configuration to its last record.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::runtime::{Builder, Runtime};
use tower_layer::Layer;

use super::gauges::Gauges;
use super::{Failure, assemble, logging, value};
use crate::config::{Config, Listen, Model, OrOff, Overrides, RecordsTo, UpstreamUrl};
use crate::layer::{GroundingLayer, RequestBody};
use crate::observe::Metrics;
use crate::proxy::{InboundBody, Server, Upstream};

/// How long the end of the process waits for replies to be read before their records are told without acts; 64 replies
/// take some 300 ms.
const LAST_REPLIES: Duration = Duration::from_secs(2);

/// Serve as a proxy in front of an LLM API
#[derive(Args)]
#[command(after_help = "\
Examples:
  groundwire serve --upstream https://api.openai.com
  groundwire serve --config groundwire.toml --listen 0.0.0.0:8080

Point clients at it as they are: OPENAI_BASE_URL=http://127.0.0.1:8080/v1
A first SIGTERM or SIGINT drains, a second ends at once.")]
pub(super) struct Serve {
    /// Where requests go; a base path in it is put before every request's own
    #[arg(long, value_name = "URL", value_parser = super::UpstreamParser, required_unless_present = "config")]
    upstream: Option<UpstreamUrl>,
    /// The configuration; what is given here as well wins over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where clients connect [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", value_parser = value::<Listen>)]
    listen: Option<Listen>,
    /// Where health, readiness and metrics are, or "off" [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDRESS", value_parser = value::<OrOff<Listen>>)]
    admin: Option<OrOff<Listen>>,
    /// The policy, by name [default: gentle]
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// The classifier: "builtin", "off", or a folder with a model [default: builtin]
    #[arg(long, value_name = "MODEL", value_parser = value::<Model>)]
    model: Option<Model>,
    /// Where records go: "off", "stdout", or a file that is appended to [default: off]
    #[arg(long, value_name = "FILE", value_parser = value::<RecordsTo>)]
    records: Option<RecordsTo>,
    /// Write the addresses that are listened on to this file, one a line: "listen 127.0.0.1:8080"
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Failure> {
        let started = Instant::now();
        let port_file = self.port_file.clone();
        let config = self.config()?;
        logging::start(&config.log)?;
        tracing::info!(version = env!("CARGO_PKG_VERSION"), upstream = %config.upstream, policy = config.policy, "starting");
        let runtime = runtime()?;
        let served = runtime.block_on(serve(config, port_file, started));
        // A name that is still being looked up, say, must not hold the process up.
        runtime.shutdown_background();
        served
    }

    fn config(self) -> Result<Config, Failure> {
        let overrides = Overrides {
            listen: self.listen,
            admin: self.admin,
            upstream: self.upstream,
            policy: self.policy,
            model: self.model,
            records: self.records,
        };
        Ok(match self.config {
            Some(path) => Config::read(&path, &overrides)?,
            // Nothing to be wrong in the file; what the command line says is checked all the same.
            None => Config::from_toml("", "the command line", &overrides)?,
        })
    }
}

/// The runtime that serves. On one core a single thread does everything, as handing work from thread to thread would only
/// cost switches between them.
fn runtime() -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut builder = if cores == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build()
}

async fn serve(config: Config, port_file: Option<PathBuf>, started: Instant) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let mut server = Server::bind(&config)?;
    let (listen, admin) = (server.address(), server.admin_address());
    if let Some(path) = port_file {
        write_addresses(&path, listen, admin)
            .map_err(|e| format!("the addresses cannot be written to {}: {e}", path.display()))?;
    }

    let gauges = Gauges::default();
    let mut metrics = Metrics::new();
    server.counts().register(metrics.registry_mut());
    metrics.registry_mut().register_collector(Box::new(gauges.clone()));
    let metrics = Arc::new(metrics);
    let shown = Arc::clone(&metrics);
    server.serve_admin(move || shown.encode());

    let upstream = Upstream::<RequestBody<InboundBody>>::new(&config)?;
    let (able, lost) = (gauges.clone(), upstream.ailment());
    server.degraded_by(move || {
        let ailments: Vec<String> = [able.ailment(), lost()].into_iter().flatten().collect();
        (!ailments.is_empty()).then(|| ailments.join("; "))
    });

    let records = assemble::records(&config)?;
    let config = Arc::new(config);
    let wanted = Arc::clone(&config);
    // Loading takes a while, and the admin endpoints answer meanwhile.
    let loading = tokio::task::spawn_blocking(move || assemble::classifier(&wanted));
    let classifier = tokio::select! {
        loaded = loading => loaded??,
        () = signals.next() => return Ok(()),
    };
    if let Some(classifier) = &classifier {
        // Both are set once, here.
        let _ = gauges.classifier.set(Arc::clone(classifier));
    }
    if let Some(records) = &records {
        let _ = gauges.records.set(Arc::clone(records));
    }
    let grounder = assemble::grounder(&config, classifier, records.clone(), metrics)?;
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(config = grounder.config(), model = %config.classifier.model, millis, "ready");

    let service = GroundingLayer::new(grounder).layer(upstream);
    let mut again = Signals::listen()?;
    let patience = tokio::select! {
        () = server.run(service, signals.next()) => LAST_REPLIES,
        () = async { again.next().await; again.next().await } => {
            tracing::warn!("told twice to stop; ending at once");
            Duration::ZERO
        }
    };
    tokio::task::spawn_blocking(move || {
        if let Some(classifier) = gauges.classifier.get() {
            // Their records are told once they are read.
            classifier.finish_replies(patience);
        }
        if let Some(records) = records {
            records.close();
        }
    })
    .await?;
    Ok(())
}

/// Writes the addresses so that whoever sees the file sees all of it.
fn write_addresses(path: &Path, listen: SocketAddr, admin: Option<SocketAddr>) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = std::fs::File::create(&unfinished)?;
    writeln!(file, "listen {listen}")?;
    if let Some(admin) = admin {
        writeln!(file, "admin {admin}")?;
    }
    drop(file);
    std::fs::rename(&unfinished, path)
}

/// What tells the process to stop.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From now on; signals that come before they are waited for are not lost.
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nobody can tell us to stop; only an end of the process will.
            std::future::pending::<()>().await;
        }
    }
}
