//! What commands have in common that decide as a sidecar would, without being one: the configuration, of which no upstream
//! is needed, and a classifier that nobody hurries.

use std::future::Future;
use std::path::PathBuf;

use clap::Args;

use super::value;
use crate::config::{Config, Environment, Loaded, Model, Overrides, UpstreamUrl};
use crate::error::{Error, Result};

/// Stands where the configuration leaves the upstream to `serve --upstream`. Nothing is ever sent to it.
const NO_UPSTREAM: &str = "http://127.0.0.1:9";

/// How a sidecar would be configured.
#[derive(Debug, Args)]
pub(super) struct Offline {
    /// The configuration to decide by; everything at its default unless given
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The classifier: "builtin", "off", or a folder with a model, in place of the configuration's
    #[arg(long, value_name = "MODEL", value_parser = value::<Model>)]
    model: Option<Model>,
}

impl Offline {
    /// Reads it, with this policy in place of its own, if one is given.
    ///
    /// # Errors
    /// As [`Loaded::from`], but for an upstream that is missing.
    pub(super) fn config(&self, policy: Option<&str>) -> Result<Config> {
        let overrides =
            Overrides { policy: policy.map(str::to_owned), model: self.model.clone(), ..Overrides::default() };
        let read = |overrides: &Overrides| {
            Loaded::from(self.config.as_deref(), &Environment::of_process(), overrides).map(|loaded| loaded.config)
        };
        let upstream: UpstreamUrl = NO_UPSTREAM.parse().map_err(|_| Error::config("no stand-in for an upstream"))?;
        match read(&overrides) {
            Ok(config) => Ok(config),
            // Whatever else is wrong is wrong with an upstream, too.
            Err(_) => read(&Overrides { upstream: Some(upstream), ..overrides }),
        }
    }
}

/// Waits for what needs no more than a thread: what judges has threads of its own. No driver is started, and no socket opened.
///
/// # Errors
/// If the system gives no thread.
pub(super) fn wait<F: Future>(future: F) -> Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|e| Error::io("the command's thread cannot be started").with(e))?;
    Ok(runtime.block_on(future))
}
