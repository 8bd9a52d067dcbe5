//! `groundwire report`: how an experiment stands.

use std::fs;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::{Failure, store};
use crate::config::{Config, Overrides, StoreUrl};
use crate::experiment::{Analysis, Design, Standing, UnitRows};
use crate::observe::store::StoreReader;
use crate::report::{RowsFile, html, json, text};

/// Say how an experiment stands: verdict, effect, guardrails, and whether the data can be trusted
///
/// Intervals hold at every look, so that it may be asked at any time, and the experiment may be stopped at any time.
#[derive(Args)]
#[command(after_help = "Examples:
  groundwire report --config groundwire.toml
  groundwire report --store env:DATABASE_URL --experiment ask-or-assume --json
  groundwire report --rows units.jsonl --html report.html

Rows come from the store that --store or the configuration names, or out of a file: groundwire store export --units")]
pub(super) struct Report {
    /// What came of each unit, as JSON lines: a line {"design": …}, and below it a line for each unit
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    rows: Option<PathBuf>,
    /// The store: sqlite:PATH, postgres://…, or env:NAME or file:PATH of where such a text is
    #[arg(long, value_name = "URL", value_parser = super::value::<StoreUrl>)]
    store: Option<StoreUrl>,
    /// The configuration [env: GROUNDWIRE_CONFIG], whose store is read, or that has the design of rows that come without one
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
        let standing = match &self.rows {
            Some(file) => {
                let designs = match &self.config {
                    Some(path) => Config::read(path, &Overrides::default())?.designs(),
                    None => Vec::new(),
                };
                let named = |design: &&Design| self.experiment.as_ref().is_none_or(|name| *name == design.experiment);
                self.standing(&mut RowsFile::new(file, designs.iter().find(named).cloned()))?
            }
            None => self.stored()?,
        };
        if let Some(file) = &self.html {
            return fs::write(file, html(&standing))
                .map_err(|e| format!("{} cannot be written: {e}", file.display()).into());
        }
        let out = if self.json { json(&standing)? + "\n" } else { text(&standing) };
        Ok(stdout().lock().write_all(out.as_bytes())?)
    }

    /// The same out of the store, and what is missing from that.
    fn stored(&self) -> Result<Standing, Failure> {
        let place = store::place(self.store.as_ref(), self.config.clone())?;
        let mut rows = StoreReader::open(&place)?;
        rows.roll_up()?;
        let mut standing = self.standing(&mut rows)?;
        let missing = rows.summary()?;
        let mut warn = |count: u64, what: &str| {
            if count > 0 {
                standing.health.warnings.push(format!("{count} {what}"));
            }
        };
        warn(missing.dropped, "turns are missing: they were dropped because the store was slow or not there");
        warn(
            missing.killed,
            "times a process was killed; what it had not written yet, about a second each, is missing",
        );
        warn(missing.late, "records came after the outcome of their unit was frozen, and were not counted");
        warn(missing.pending, "units wait to be rolled up by another process, and are shown as they were");
        Ok(standing)
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
