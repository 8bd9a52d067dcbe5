//! `groundwire serve`: the sidecar, from its configuration to its last record.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use tokio::runtime::{Builder, Handle, Runtime};

use super::assemble::Lasting;
use super::feedback;
use super::gauges::Gauges;
use super::logging::{self, LevelOf};
use super::overview::Overview;
use super::playground::Playground;
use super::reload::{Built, Reloader, Source};
use super::retire::Retirement;
use super::running::{Hashes, Running};
use super::signals::Signals;
use super::watch::Watch;
use super::{Failure, value};
use crate::config::{Config, Environment, Listen, Model, OrOff, Overrides, RecordsTo, UpstreamUrl};
use crate::observe::{Metrics, Recent, Reopen};
use crate::proxy::{Hangups, Server};

/// How long the end of the process waits for replies to be read before their records are told without acts; 64 replies
/// take some 300 ms.
const LAST_REPLIES: Duration = Duration::from_secs(2);

/// How long the end of the process waits for the store to take what waits for it, and how long where it is told twice to end.
const LAST_TURNS: Duration = Duration::from_secs(10);
const HASTY: Duration = Duration::from_secs(1);

/// Serve as a proxy in front of an LLM API
#[derive(Args)]
#[command(after_help = "\
Examples:
  groundwire serve --upstream https://api.openai.com
  groundwire serve --config groundwire.toml --listen 0.0.0.0:8080

Point clients at it as they are: OPENAI_BASE_URL=http://127.0.0.1:8080/v1
Each key of the file can be given in the environment, too: GROUNDWIRE_LIMITS__MAX_BODY=4MiB
A first SIGTERM or SIGINT drains, a second ends at once. SIGHUP, or a change of the file, reloads it.")]
pub(super) struct Serve {
    /// Where requests go; a base path in it is put before every request's own
    #[arg(long, value_name = "URL", value_parser = super::UpstreamParser)]
    upstream: Option<UpstreamUrl>,
    /// The configuration [env: GROUNDWIRE_CONFIG]; what is given here as well wins over it
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
        let source = self.source();
        let (config, watch) = source.read_to_watch()?;
        let level = logging::start(&config.log)?;
        tracing::info!(version = env!("CARGO_PKG_VERSION"), upstream = %config.upstream, policy = config.policy, "starting");
        let runtime = runtime()?;
        let served = runtime.block_on(serve(source, config, watch, level, port_file, started));
        // A name that is still being looked up, say, must not hold the process up.
        runtime.shutdown_background();
        served
    }

    fn source(self) -> Source {
        let overrides = Overrides {
            listen: self.listen,
            admin: self.admin,
            upstream: self.upstream,
            policy: self.policy,
            model: self.model,
            records: self.records,
        };
        Source { file: self.config.or_else(|| Environment::of_process().file()), overrides }
    }
}

/// The runtime that serves. On one core a single thread does everything, as handing work from thread to thread would only
/// cost switches between them.
fn runtime() -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut builder = if cores == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build()
}

async fn serve(
    source: Source,
    config: Config,
    watch: Watch,
    level: LevelOf,
    port_file: Option<PathBuf>,
    started: Instant,
) -> Result<(), Failure> {
    let (mut signals, mut hangups) = (Signals::listen()?, Hangups::listen()?);
    let mut server = Server::bind(&config)?;
    let (listen, admin) = (server.address(), server.admin_address());
    if let Some(path) = port_file {
        write_addresses(&path, listen, admin)
            .map_err(|e| format!("the addresses cannot be written to {}: {e}", path.display()))?;
    }

    let (running, recent) = (Running::default(), Recent::new());
    let mut metrics = Metrics::new();
    let counts = server.counts().clone();
    counts.register(metrics.registry_mut());
    metrics.registry_mut().register_collector(Box::new(Gauges(running.clone())));
    metrics.registry_mut().register_collector(Box::new(recent.clone()));
    let (retirement, all_gone) = Retirement::start()?;
    let lasting = Lasting { metrics: Arc::new(metrics), recent, reopen: Reopen::default(), retirement };
    show(&mut server, &running, &lasting, started);

    let (kept, counted) = (lasting.clone(), counts.clone());
    // Loading takes a while, and the admin endpoints answer meanwhile.
    let building = tokio::task::spawn_blocking(move || Built::of(config, None, &counted, &kept));
    let built = tokio::select! {
        built = building => built??,
        () = signals.next() => return Ok(()),
    };
    running.is_now(built.current.clone());
    let Hashes { decisions, whole } = &built.current.hashes;
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(config = decisions, whole, model = %built.current.config.classifier.model, millis, "ready");

    let live = server.live(built.service.clone(), built.current.access.clone());
    let reloader = Reloader { source, built, live: live.clone(), counts, lasting, running: running.clone(), level };
    let reloading = reloader.start(Handle::current(), watch)?;
    let (tell, told) = tokio::sync::oneshot::channel();
    let patience = tokio::select! {
        // One listener for both: two listeners might each take the two for one, where they come close together.
        () = async { signals.next().await; let _ = tell.send(()); signals.next().await } => {
            tracing::warn!("told twice to stop; ending at once");
            Duration::ZERO
        }
        () = async { loop { hangups.next().await; reloading.reload(); } } => Duration::ZERO,
        () = server.run_live(live, async { let _ = told.await; }) => LAST_REPLIES,
    };
    tokio::task::spawn_blocking(move || {
        reloading.end();
        end(&running, patience);
        drop(running);
        all_gone.wait(LAST_REPLIES);
    })
    .await?;
    Ok(())
}

/// Has the admin endpoints show what runs.
fn show(server: &mut Server, running: &Running, lasting: &Lasting, started: Instant) {
    let overview = Overview { running: running.clone(), recent: lasting.recent.clone(), started };
    server.overview_by(move |state, json| overview.page(state, json));
    let told = running.clone();
    server.feedback_by(move |headers, body| feedback::take(&told, headers, body, unix_millis()));
    let playground = Playground { running: running.clone() };
    server.explain_by(move |asked| playground.explain(asked));
    let shown = Arc::clone(&lasting.metrics);
    server.serve_admin(move || shown.encode());
    let ailing = running.clone();
    server.degraded_by(move || ailing.ailment());
    let named = running.clone();
    server.configured_by(move || named.named());
}

/// Now, in milliseconds since 1970 UTC.
fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Ends what the last configuration runs with: replies are read for as long as `patience` lasts, and records written.
fn end(running: &Running, patience: Duration) {
    let Some(current) = running.state().current else { return };
    if let Some(classifier) = current.classifier() {
        // Their records are told once they are read.
        classifier.finish_replies(patience);
    }
    if let Some(records) = current.records() {
        records.close();
    }
    if let Some(store) = current.store() {
        store.close(if patience.is_zero() { HASTY } else { LAST_TURNS });
    }
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
