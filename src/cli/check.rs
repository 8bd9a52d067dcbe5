//! `groundwire check`: is this configuration right, and what does it come to?

use std::io::{Write, stdout};
use std::path::PathBuf;

use clap::Args;

use super::{Failure, value};
use crate::config::{Config, Overrides, UpstreamUrl};

/// Check a configuration, and show what it comes to
#[derive(Args)]
#[command(after_help = "Example:\n  groundwire check groundwire.toml")]
pub(super) struct Check {
    /// The configuration
    file: PathBuf,
    /// Where requests go, where the file leaves that to `serve --upstream`
    #[arg(long, value_name = "URL", value_parser = value::<UpstreamUrl>)]
    upstream: Option<UpstreamUrl>,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let overrides = Overrides { upstream: self.upstream, ..Overrides::default() };
        let config = Config::read(&self.file, &overrides)?;
        write!(stdout(), "ok\n\n{}", config.to_toml()?)?;
        Ok(())
    }
}
