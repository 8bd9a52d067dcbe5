//! The log on standard error: for people on a terminal, for machines elsewhere.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;

use tracing_subscriber::reload::Handle;
use tracing_subscriber::{EnvFilter, fmt};

use super::Failure;
use crate::config::{Level, Log, LogFormat};

/// The level of the log, which can be changed while logging.
#[derive(Clone)]
pub(super) struct LevelOf(Arc<dyn Fn(EnvFilter) + Send + Sync>);

impl LevelOf {
    /// Logs from now on what `level` says.
    pub(super) fn set(&self, level: &Level) {
        // A level that can be read was all that could be configured.
        if let Ok(filter) = EnvFilter::try_new(level.as_str()) {
            (self.0)(filter);
        }
    }

    fn of<S: 'static>(handle: Handle<EnvFilter, S>) -> Self {
        Self(Arc::new(move |filter| {
            // Only fails where there is no log any more.
            let _ = handle.reload(filter);
        }))
    }
}

/// Starts to log.
pub(super) fn start(log: &Log) -> Result<LevelOf, Failure> {
    let filter = EnvFilter::try_new(log.level.as_str())?;
    let terminal = stderr().is_terminal();
    let lines = fmt().with_env_filter(filter).with_writer(stderr);
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Pretty => false,
        LogFormat::Auto => !terminal,
    };
    Ok(if json {
        let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(false);
        let lines = lines.with_filter_reloading();
        let level = LevelOf::of(lines.reload_handle());
        lines.try_init()?;
        level
    } else {
        let lines = lines.with_ansi(terminal).with_target(false).with_filter_reloading();
        let level = LevelOf::of(lines.reload_handle());
        lines.try_init()?;
        level
    })
}
