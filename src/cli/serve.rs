//! `groundwire serve`: the sidecar.

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use tower_layer::Layer;

use super::gauges;
use crate::classify::{NoClassifier, OnnxClassifier, PoolOptions};
use crate::config::{Config, Listen, Model, OrOff, Overrides, RecordsTo, TrustedHeader, UpstreamUrl};
use crate::engine::{Grounder, Settings};
use crate::error::{Error, Result};
use crate::layer::GroundingLayer;
use crate::observe::{JsonLines, Metrics};
use crate::proxy::{Server, Upstream};

/// Serve as a proxy in front of an LLM API.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  groundwire serve --upstream https://api.openai.com\n  groundwire serve --config groundwire.toml")]
pub(super) struct Serve {
    /// Where requests go: an http or https URL, with a base path if need be.
    #[arg(long, value_name = "URL", required_unless_present = "config")]
    upstream: Option<UpstreamUrl>,
    /// A configuration; what is said here on the command line comes first.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where clients connect [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<Listen>,
    /// Where health, readiness and metrics are, or "off" [default: 127.0.0.1:9090].
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<OrOff<Listen>>,
    /// The policy: one that ships, or one of the configuration's [default: gentle].
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// The classifier's model: "builtin", "off", or a folder [default: builtin].
    #[arg(long, value_name = "MODEL")]
    model: Option<Model>,
    /// Where records go: "off", "stdout", or a file [default: off].
    #[arg(long, value_name = "TO")]
    records: Option<RecordsTo>,
    /// Write the address that is listened on to this file once it is.
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
}

impl Serve {
    pub(super) fn run(self) -> Result<()> {
        let mut overrides = Overrides::default();
        overrides.listen = self.listen;
        overrides.admin = self.admin;
        overrides.upstream = self.upstream;
        overrides.policy = self.policy;
        overrides.model = self.model;
        overrides.records = self.records;
        let config = match &self.config {
            Some(path) => Config::read(path, &overrides)?,
            None => Config::from_toml("", "the command line", &overrides)?,
        };
        super::log::start(&config.log)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::io("the threads that serve cannot be started").with(e))?;
        runtime.block_on(serve(&config, self.port_file))
    }
}

async fn serve(config: &Config, port_file: Option<PathBuf>) -> Result<()> {
    let stop = stop_signal()?;
    // Listening comes before loading: a client that is early waits, and a taken address is told at once.
    let mut server = Server::bind(config)?;
    let upstream = Upstream::new(config)?;
    let records = records(config)?;
    let mut metrics = Metrics::new();
    server.counts().register(metrics.registry_mut());
    let classifier = classifier(config)?;
    gauges::register(metrics.registry_mut(), classifier.clone(), records.clone());
    let metrics = Arc::new(metrics);
    let mut builder = match classifier {
        Some(classifier) => Grounder::builder(classifier, config.rules()),
        None => Grounder::builder(NoClassifier, config.rules()),
    }
    .configure(|settings| configure(settings, config))
    .observer(Arc::clone(&metrics));
    match &config.identity_key {
        Some(source) => builder = builder.identity_key(source.load()?),
        None if records.is_some() => {
            tracing::warn!("no identity-key: records of this process cannot be joined with those of any other");
        }
        None => {}
    }
    if let Some(records) = &records {
        builder = builder.observer(Arc::clone(records));
    }
    let grounder = builder.build();
    server.serve_admin(move || metrics.encode());
    if let Some(path) = port_file {
        let address = server.address().to_string();
        fs::write(&path, address).map_err(|e| Error::io(format!("{} cannot be written", path.display())).with(e))?;
    }
    tracing::info!(config = grounder.config(), policy = config.policy, upstream = %config.upstream, "ready");
    server.run(GroundingLayer::new(grounder).layer(upstream), stop).await;
    // What was decided is written before the process ends.
    records.into_iter().for_each(|records| records.close());
    Ok(())
}

fn classifier(config: &Config) -> Result<Option<Arc<OnnxClassifier>>> {
    let wanted = &config.classifier;
    let builder = match &wanted.model {
        Model::Off => return Ok(None),
        Model::Builtin => OnnxClassifier::builder(),
        Model::Folder(folder) => OnnxClassifier::builder().model_folder(folder),
    };
    let pool = PoolOptions::default()
        .threads(wanted.threads.get())
        .queue(wanted.queue.get())
        .deadline(wanted.deadline.0)
        .cache(wanted.cache);
    let builder = builder.base_rate(wanted.base_rate.0).pool(pool);
    let builder = match &wanted.runtime {
        Some(library) => builder.runtime(library),
        None => builder,
    };
    builder.build().map(|classifier| Some(Arc::new(classifier)))
}

fn records(config: &Config) -> Result<Option<Arc<JsonLines>>> {
    let queue = config.records.queue.get();
    Ok(match &config.records.to {
        RecordsTo::Off => None,
        RecordsTo::Stdout => Some(Arc::new(JsonLines::new(std::io::stdout(), queue)?)),
        RecordsTo::File(path) => Some(Arc::new(JsonLines::append(path, queue)?)),
    })
}

fn configure(settings: &mut Settings, config: &Config) {
    settings.tools = config.tools;
    settings.debug_headers = config.debug_headers;
    settings.body_cap = config.limits.classify_bytes.as_usize();
    settings.text_cap = config.limits.text_bytes.as_usize();
    settings.trust_mode = config.trust_headers.contains(&TrustedHeader::Mode);
    settings.trust_conversation = config.trust_headers.contains(&TrustedHeader::Conversation);
}

/// Over at the first SIGTERM or SIGINT. The second ends the process at once, with the code shells give such an end.
fn stop_signal() -> Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut signals = {
        let failed = |e| Error::io("signals cannot be listened for").with(e);
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::terminate()).map_err(failed)?, signal(SignalKind::interrupt()).map_err(failed)?)
    };
    let (sender, receiver) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut next = async || {
            #[cfg(unix)]
            tokio::select! {
                _ = signals.0.recv() => {}
                _ = signals.1.recv() => {}
            }
            #[cfg(not(unix))]
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        next().await;
        // The server may be over already.
        let _ = sender.send(());
        next().await;
        std::process::exit(130);
    });
    Ok(async {
        let _ = receiver.await;
    })
}
