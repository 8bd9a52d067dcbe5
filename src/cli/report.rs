//! `groundwire report`: how an experiment stands.

use std::fs;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::Failure;
use crate::config::{Config, Overrides};
use crate::experiment::{Analysis, Design, Standing, UnitRows};
use crate::report::{RowsFile, html, json, text};

/// Say how an experiment stands: verdict, effect, guardrails, and whether the data can be trusted
///
/// Intervals hold at every look, so that it may be asked at any time, and the experiment may be stopped at any time.
#[derive(Args)]
#[command(after_help = "Examples:
  groundwire report --rows units.jsonl
  groundwire report --rows units.jsonl --html report.html
  groundwire report --rows units.jsonl --experiment ask-or-assume --json")]
pub(super) struct Report {
    /// What came of each unit, as JSON lines: a line {"design": …}, and below it a line for each unit
    #[arg(long, value_name = "FILE")]
    rows: PathBuf,
    /// The configuration, for the design of rows that come without one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The experiment, where there are several; the newest version of it
    #[arg(long, value_name = "NAME")]
    experiment: Option<String>,
    /// Its version, where not the newest
    #[arg(long, value_name = "NUMBER")]
    version: Option<u32>,
    /// As of when, in seconds since 1970 UTC; now, unless given
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
    /// Print JSON in place of text
    #[arg(long, conflicts_with = "html")]
    json: bool,
    /// Write one HTML page, which needs nothing else, to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Report {
    pub(super) fn run(self) -> Result<(), Failure> {
        let designs = match &self.config {
            Some(path) => Config::read(path, &Overrides::default())?.designs(),
            None => Vec::new(),
        };
        let named = |design: &&Design| self.experiment.as_ref().is_none_or(|name| *name == design.experiment);
        let mut rows = RowsFile::new(&self.rows, designs.iter().find(named).cloned());
        let standing = self.standing(&mut rows)?;
        if let Some(file) = &self.html {
            return fs::write(file, html(&standing))
                .map_err(|e| format!("{} cannot be written: {e}", file.display()).into());
        }
        let out = if self.json { json(&standing)? + "\n" } else { text(&standing) };
        Ok(stdout().lock().write_all(out.as_bytes())?)
    }

    /// How the experiment that is asked for stands, from whatever holds the rows.
    fn standing(&self, rows: &mut dyn UnitRows) -> Result<Standing, Failure> {
        let design = self.choose(rows.designs()?)?;
        let now = match self.at {
            Some(seconds) => seconds.saturating_mul(1000),
            None => u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis()).unwrap_or(u64::MAX),
        };
        let (experiment, version) = (design.experiment.clone(), design.version);
        let mut analysis = Analysis::new(design, now);
        rows.each(&experiment, version, &mut |row| analysis.add(&row))?;
        Ok(analysis.standing())
    }

    fn choose(&self, designs: Vec<Design>) -> Result<Design, Failure> {
        let known: Vec<String> = designs.iter().map(|d| format!("{} (version {})", d.experiment, d.version)).collect();
        let fits = |design: &Design| {
            self.experiment.as_ref().is_none_or(|name| *name == design.experiment)
                && self.version.is_none_or(|version| version == design.version)
        };
        let mut fitting: Vec<Design> = designs.into_iter().filter(fits).collect();
        fitting.sort_by_key(|design| std::cmp::Reverse(design.version));
        let names: std::collections::BTreeSet<&str> = fitting.iter().map(|design| design.experiment.as_str()).collect();
        match names.len() {
            1 => Ok(fitting.swap_remove(0)),
            0 if known.is_empty() => Err("there is no experiment: give rows with a design, or --config".into()),
            0 => Err(format!("there is no such experiment; there are {}", known.join(", ")).into()),
            _ => Err(format!("there are several experiments; name one with --experiment: {}", known.join(", ")).into()),
        }
    }
}
