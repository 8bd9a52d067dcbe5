//! `groundwire explain`: one conversation through the engine, and every step of it told.

mod preview;
mod show;

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use http::{HeaderName, HeaderValue, Uri};

use super::offline::Offline;
use super::{Failure, assemble, paper, shape};
use crate::dialogue::{Gap, GroundingAct};
use crate::engine::explain::Explanation;

/// Explain what would be done with one conversation, and why
///
/// FILE holds the body of a request of any API that is read, {"messages": [...]} as `score` takes it, or just what a user
/// says; "-", or nothing, is standard input. Nothing is sent anywhere, and nothing is recorded.
#[derive(Args)]
#[command(after_help = "\
Examples:
  echo 'Book us a table for Friday evening.' | groundwire explain
  groundwire explain --config groundwire.toml request.json
  groundwire explain --policy careful --json request.json | jq .forwarded
  groundwire explain --preview clarify --gap missing_parameter")]
pub(super) struct Explain {
    /// The conversation
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    offline: Offline,
    /// The policy, by name, in place of the configuration's
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// The path that the request would be sent to, where the body alone would be taken for another API's
    #[arg(long, value_name = "PATH")]
    route: Option<Uri>,
    /// A header of the request, as "name: value"; may be given several times
    #[arg(short = 'H', long = "header", value_name = "HEADER", value_parser = shape::header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Print JSON in place of text, with all of what is forwarded
    #[arg(long)]
    json: bool,
    /// Show the wording of an act in place of a conversation
    #[arg(long, value_name = "ACT", conflicts_with_all = ["file", "json", "route", "headers"])]
    preview: Option<GroundingAct>,
    /// What the previewed act is about; every gap, unless given
    #[arg(long, value_name = "GAP", requires = "preview")]
    gap: Option<Gap>,
}

impl Explain {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut out = anstream::stdout();
        let width = paper::width();
        if let Some(act) = self.preview {
            return finish(preview::show(&mut out, act, self.gap, width));
        }
        let name = self.file.as_deref().filter(|path| *path != Path::new("-"));
        let input = read(name)?;
        let place = name.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
        let request =
            shape::request(&input, self.route.as_ref(), &self.headers).map_err(|why| format!("{place}: {why}"))?;
        let sent = request.body().clone();
        let config = self.offline.config(self.policy.as_deref())?;
        let mut grounder = assemble::offline(&config)?;
        if self.policy.is_some() {
            // Whoever names a policy means that one, and not the arm of an experiment.
            grounder = grounder.rehearsal(Some(config.decides()));
        }
        let (head, body) = request.into_parts();
        let told = super::offline::wait(grounder.explain(head, body))?;
        if self.json {
            return finish(json(&mut out, &told));
        }
        finish(show::text(&mut out, &told, &sent, width))
    }
}

fn json(out: &mut impl Write, told: &Explanation) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, told)?;
    writeln!(out)
}

/// Whoever reads our output may have seen enough.
fn finish(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

fn read(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    match file {
        Some(path) => Ok(fs::read(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?),
        None => {
            let mut input = Vec::new();
            io::stdin().lock().read_to_end(&mut input)?;
            Ok(input)
        }
    }
}
