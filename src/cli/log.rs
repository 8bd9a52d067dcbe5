//! The log on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};
use crate::error::{Error, Result};

/// Starts logging. A second start in one process changes nothing.
pub(super) fn start(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(log.level.as_str())
        .map_err(|e| Error::config("log.level is not understood").with(e))?;
    let terminal = std::io::stderr().is_terminal();
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(terminal);
    // A failure means that somebody has set a subscriber already, which then gets the events.
    let _ = match (log.format, terminal) {
        (LogFormat::Json, _) | (LogFormat::Auto, false) => registry.with(lines.json().flatten_event(true)).try_init(),
        _ => registry.with(lines.with_target(false)).try_init(),
    };
    Ok(())
}
