//! `groundwire check`: is this configuration valid, and what does it come to?

use std::io::{self, Write};
use std::path::PathBuf;

use crate::config::{Config, Overrides};
use crate::error::{Error, Result};

/// Validate a configuration and print what it comes to.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  groundwire check groundwire.toml")]
pub(super) struct Check {
    /// The configuration.
    file: PathBuf,
}

impl Check {
    pub(super) fn run(&self) -> Result<()> {
        let config = Config::read(&self.file, &Overrides::default())?;
        let shown = config.to_toml()?;
        let mut out = io::stdout().lock();
        writeln!(out, "# {}: ok. With its defaults it says:\n\n{shown}", self.file.display())
            .map_err(|e| Error::io("standard output failed").with(e))
    }
}
