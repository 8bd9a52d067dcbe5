//! `groundwire store`: what a store holds, out of it and into another.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write, stdin, stdout};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::Failure;
use crate::config::{Config, Environment, Loaded, Overrides, StoreUrl, UpstreamUrl};
use crate::observe::store::{StorePlace, StoreReader};

/// Export, import or look at the store of turns and outcomes
#[derive(Args)]
#[command(after_help = "\
Examples:
  groundwire store status --url sqlite:groundwire.db
  groundwire store export --config groundwire.toml > turns.jsonl
  groundwire store import --url postgres://groundwire@db/groundwire turns.jsonl
  groundwire store import --url sqlite:groundwire.db records.jsonl   # what [records] wrote

A line that was imported before adds nothing. The URL may also be where it stands: --url env:DATABASE_URL")]
pub(super) struct StoreCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write what the store holds as JSON lines to standard output
    Export {
        #[command(flatten)]
        place: Whither,
        /// A line for each unit of an experiment, as reports read them, in place of turns and outcomes
        #[arg(long)]
        units: bool,
    },
    /// Read JSON lines of an export, or of records that were written to a file
    Import {
        #[command(flatten)]
        place: Whither,
        /// The files, or "-" for standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say what the store holds, and what is missing from it
    Status {
        #[command(flatten)]
        place: Whither,
    },
}

#[derive(Args)]
struct Whither {
    /// The store: sqlite:PATH, postgres://…, or env:NAME or file:PATH of where such a text is
    #[arg(long, value_name = "URL", conflicts_with = "config", value_parser = super::value::<StoreUrl>)]
    url: Option<StoreUrl>,
    /// The configuration whose store it is
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl StoreCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self.what {
            What::Export { place, units } => export(&mut StoreReader::open(&place.find()?)?, units),
            What::Import { place, files } => import(&mut StoreReader::create(&place.find()?)?, &files),
            What::Status { place } => status(&mut StoreReader::open(&place.find()?)?),
        }
    }
}

impl Whither {
    fn find(self) -> Result<StorePlace, Failure> {
        place(self.url.as_ref(), self.config)
    }
}

/// Where the store is that is named by itself, or by a configuration.
pub(super) fn place(url: Option<&StoreUrl>, config: Option<PathBuf>) -> Result<StorePlace, Failure> {
    let place = match (url, config.or_else(|| Environment::of_process().file())) {
        (Some(url), _) => url.resolve(true)?,
        (None, Some(file)) => place_of(&file)?,
        (None, None) => return Err("say which store: name it by its URL, or give --config FILE".into()),
    };
    Ok(place.ok_or("there is no store here: its `url` is \"off\"")?.parse()?)
}

/// Where the store of a configuration is. Where requests go does not matter here.
fn place_of(file: &Path) -> Result<Option<String>, Failure> {
    let anywhere: UpstreamUrl = "http://upstream.invalid".parse().map_err(|_| "no upstream")?;
    let read = |upstream| {
        let overrides = Overrides { upstream, ..Overrides::default() };
        Loaded::from(Some(file), &Environment::of_process(), &overrides).map(|loaded| loaded.config)
    };
    let config: Config = read(None).or_else(|_| read(Some(anywhere)))?;
    Ok(config.store.url.resolve(!config.designs().is_empty())?)
}

fn export(store: &mut StoreReader, units: bool) -> Result<(), Failure> {
    store.roll_up()?;
    let mut out = BufWriter::with_capacity(1 << 16, stdout().lock());
    if units {
        let count = store.export_units(&mut out)?;
        writeln!(anstream::stderr(), "{count} units")?;
        return Ok(());
    }
    let exported = store.export(&mut out)?;
    let (turns, outcomes, designs) = (exported.turns, exported.outcomes, exported.designs);
    writeln!(anstream::stderr(), "{turns} turns, {outcomes} outcomes, {designs} experiments")?;
    Ok(())
}

fn import(store: &mut StoreReader, files: &[PathBuf]) -> Result<(), Failure> {
    let mut bad = 0;
    for file in files {
        let name = file.display();
        let mut from: Box<dyn BufRead> = match file.as_os_str() == "-" {
            true => Box::new(stdin().lock()),
            false => Box::new(BufReader::with_capacity(
                1 << 16,
                File::open(file).map_err(|e: io::Error| format!("{name} cannot be read: {e}"))?,
            )),
        };
        let imported = store.import(&mut *from, &mut |line, why| {
            // Where standard error is gone, there is nobody to tell.
            let _ = writeln!(anstream::stderr(), "{name}:{line}: {why}");
        })?;
        writeln!(
            anstream::stderr(),
            "{name}: {} turns, {} of them new; {} outcomes, {} experiments, {} units rolled up, {} bad lines",
            imported.new + imported.known,
            imported.new,
            imported.outcomes,
            imported.designs,
            imported.rolled,
            imported.bad
        )?;
        bad += imported.bad;
    }
    if bad > 0 { Err(format!("{bad} lines could not be read; the rest was imported").into()) } else { Ok(()) }
}

fn status(store: &mut StoreReader) -> Result<(), Failure> {
    let summary = store.summary()?;
    let mut out = stdout().lock();
    writeln!(out, "schema      {}", summary.schema)?;
    writeln!(out, "units       {} ({} wait to be rolled up)", summary.units, summary.pending)?;
    writeln!(out, "outcomes    {} told by applications", summary.outcomes)?;
    writeln!(out, "missing     {} turns were dropped; {} processes were killed", summary.dropped, summary.killed)?;
    writeln!(out, "late        {} records came after their unit was frozen", summary.late)?;
    Ok(())
}
