//! The log on standard error: for people on a terminal, for machines elsewhere.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::Failure;
use crate::config::{Log, LogFormat};

/// Starts to log.
pub(super) fn start(log: &Log) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(log.level.as_str())?;
    let terminal = stderr().is_terminal();
    let lines = fmt().with_env_filter(filter).with_writer(stderr);
    match log.format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
        LogFormat::Auto if !terminal => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
        }
        LogFormat::Auto | LogFormat::Pretty => lines.with_ansi(terminal).with_target(false).try_init(),
    }
}
