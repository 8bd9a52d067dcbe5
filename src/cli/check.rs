//! `groundwire check`: is this configuration right, and what does it come to?

use std::io::{Write, stdout};
use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::classify::ModelFiles;
use crate::config::{Config, Model, Overrides, RecordsTo, UpstreamUrl};

/// Check a configuration, and show what it comes to
#[derive(Args)]
#[command(after_help = "Example:\n  groundwire check groundwire.toml")]
pub(super) struct Check {
    /// The configuration
    file: PathBuf,
    /// Where requests go, where the file leaves that to `serve --upstream`
    #[arg(long, value_name = "URL", value_parser = super::UpstreamParser)]
    upstream: Option<UpstreamUrl>,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let overrides = Overrides { upstream: self.upstream, ..Overrides::default() };
        let config = Config::read(&self.file, &overrides)?;
        reach(&config)?;
        write!(stdout(), "ok\n\n{}", config.to_toml()?)?;
        Ok(())
    }
}

/// Looks whether what the configuration names is there, on this machine and for this user.
fn reach(config: &Config) -> Result<(), Failure> {
    crate::proxy::check(config)?;
    if let Some(source) = &config.identity_key {
        source.load()?;
    }
    if let Model::Folder(folder) = &config.classifier.model {
        ModelFiles::read(folder)?;
    }
    if let RecordsTo::File(file) = &config.records.to {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if file.is_dir() || folder.is_some_and(|folder| !folder.is_dir()) {
            let file = file.display();
            return Err(format!("records.to: {file} cannot be written; name a file in a folder that is there").into());
        }
    }
    Ok(())
}
