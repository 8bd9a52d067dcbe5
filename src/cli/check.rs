//! `groundwire check`: is this configuration right, and what does it come to?

use std::io::{Write, stdout};
use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::classify::ModelFiles;
use crate::config::{Config, Environment, Loaded, Model, Overrides, RecordsTo, UpstreamUrl};

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
        let loaded = Loaded::from(Some(&self.file), &Environment::of_process(), &overrides)?;
        reach(&loaded.config)?;
        write!(stdout(), "ok\n\n{}", loaded.explained()?)?;
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
    for (key, to) in [("records.to", &config.records.to), ("log.access", &config.log.access)] {
        let RecordsTo::File(file) = to else { continue };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if file.is_dir() || folder.is_some_and(|folder| !folder.is_dir()) {
            let file = file.display();
            return Err(format!("{key}: {file} cannot be written; name a file in a folder that is there").into());
        }
    }
    Ok(())
}
