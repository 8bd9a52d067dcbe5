//! `groundwire replay`: what policies would have done on recorded conversations.

mod csv;
mod panel;
mod report;
mod tally;
mod text;
mod turns;

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::offline::{Offline, wait};
use super::playground::{policies, policy_named};
use super::{Failure, assemble, paper, shape};
use crate::config::Config;
use crate::engine::Grounder;
use crate::engine::explain::Explanation;
use crate::policy::Policy;
use panel::{Decisions, Panel};
use tally::{Tally, Turn};
use turns::Line;

/// Replay recorded conversations: what each policy would have done, turn by turn
///
/// Each line of FILE is the body of a request of any API that is read, or {"messages": [...]} as `score` takes it; "id" names
/// it, and "need" ("proceed", "assume", "ask") or "grade" (0, 1, 2) says what its last turn truly needs. Every user turn is
/// judged once, and then decided by every policy. Nothing is sent anywhere.
#[derive(Args)]
#[command(after_help = "\
Examples:
  groundwire replay conversations.jsonl
  groundwire replay --config groundwire.toml --policy careful --against gentle conversations.jsonl
  groundwire replay --csv conversations.jsonl > turns.csv")]
pub(super) struct Replay {
    /// The conversations, JSON lines; standard input if it is left out
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    offline: Offline,
    /// A policy to replay, by name; may be given several times. All of the configuration's and all that ship, unless given
    #[arg(long = "policy", value_name = "NAME")]
    policies: Vec<String>,
    /// Show where the first policy decides otherwise than this one
    #[arg(long, value_name = "NAME")]
    against: Option<String>,
    /// Judge only the last user turn of each conversation
    #[arg(long)]
    last: bool,
    /// Print JSON in place of text
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print a row for each turn and policy
    #[arg(long)]
    csv: bool,
}

impl Replay {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.offline.config(None)?;
        if self.policies.first().is_some_and(|first| self.against.as_ref() == Some(first)) {
            return Err("--against: name another policy than the one that is compared".into());
        }
        let names = self.names(&config);
        let policies = names.iter().map(|name| policy_named(&config, name)).collect::<Result<Vec<_>, _>>()?;
        let bench = Bench::of(&assemble::offline(&config)?, &policies);
        let (input, size) = open(self.file.as_deref().filter(|path| *path != Path::new("-")))?;
        let mut rows = self.csv.then(|| csv::Rows::new(io::BufWriter::new(io::stdout().lock()), &names));
        let mut tally = Tally::new(names);
        let mut keep = |turn: &Turn| match &mut rows {
            Some(rows) => rows.write(turn),
            None => Ok(()),
        };
        let bad = replay(input, size, &bench, self.last, &mut tally, &mut keep)?;
        match rows {
            Some(rows) => rows.finish()?,
            None => {
                let report = tally.report(bad, self.against.is_some());
                if report.turns == 0 {
                    return Err("there is no turn to replay".into());
                }
                let mut out = anstream::stdout();
                if self.json {
                    serde_json::to_writer_pretty(&mut out, &report)?;
                    writeln!(out)?;
                } else {
                    text::write(&mut out, &report, paper::width())?;
                }
            }
        }
        match bad {
            0 => Ok(()),
            1 => Err("1 line was left out; see above".into()),
            n => Err(format!("{n} lines were left out; see above").into()),
        }
    }

    /// The policies, the one that is compared first, and the one that it is compared with second.
    fn names(&self, config: &Config) -> Vec<String> {
        let mut names = self.policies.clone();
        if names.is_empty() {
            names = policies(config);
        }
        if let Some(against) = &self.against {
            names.retain(|name| name != against);
            names.insert(names.len().min(1), against.clone());
        }
        names
    }
}

type Input = Box<dyn BufRead>;

fn open(file: Option<&Path>) -> Result<(Input, Option<u64>), Failure> {
    let Some(path) = file else { return Ok((Box::new(io::stdin().lock()), None)) };
    let file = File::open(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let size = file.metadata().ok().map(|metadata| metadata.len());
    Ok((Box::new(BufReader::new(file)), size))
}

/// Every policy, on panels that look at the same. The classifier is one, and judges each turn once.
struct Bench(Vec<(Vec<usize>, Arc<Panel>, Grounder)>);

impl Bench {
    fn of(grounder: &Grounder, policies: &[Arc<dyn Policy>]) -> Self {
        let panels = Panel::of(policies).into_iter().map(|(places, panel)| {
            let panel = Arc::new(panel);
            let grounder = grounder.rehearsal(Some(panel.clone()));
            (places, panel, grounder)
        });
        Self(panels.collect())
    }

    /// What is known of one turn, and what each policy decides about it.
    fn decide(&self, body: &[u8]) -> Result<(Explanation, Option<Decisions>), Failure> {
        let (mut told, mut decided, mut curve) = (None, Vec::new(), None);
        for (places, panel, grounder) in &self.0 {
            let (head, body) = shape::request(body, None, &[])?.into_parts();
            let explained = wait(grounder.explain(head, body))?;
            if let Some(Decisions { of, asks }) = panel.take() {
                decided.extend(places.iter().copied().zip(of));
                curve.get_or_insert(asks);
            }
            told.get_or_insert(explained);
        }
        decided.sort_by_key(|(place, _)| *place);
        let of: Vec<_> = decided.into_iter().map(|(_, decision)| decision).collect();
        let decided = of.len();
        let told = told.ok_or("there is no policy to replay")?;
        // A turn that one panel could not see, on a machine that is too busy, no policy is said to have seen.
        let whole = decided == self.0.iter().map(|(places, ..)| places.len()).sum::<usize>();
        Ok((told, curve.filter(|_| whole).map(|asks| Decisions { of, asks })))
    }
}

/// Takes every line's turns through the engine; tells of the lines that cannot be, and how many they were.
fn replay(
    mut input: Input,
    size: Option<u64>,
    bench: &Bench,
    last: bool,
    tally: &mut Tally,
    keep: &mut dyn FnMut(&Turn) -> io::Result<()>,
) -> Result<u64, Failure> {
    let progress = io::stderr().is_terminal();
    let (mut bad, mut done, mut text) = (0, 0, Vec::new());
    for number in 1_u64.. {
        text.clear();
        let read = input.read_until(b'\n', &mut text)?;
        if read == 0 {
            break;
        }
        done += read as u64;
        if text.trim_ascii().is_empty() {
            continue;
        }
        match Line::read(text.trim_ascii(), last) {
            Ok(line) => {
                tally.begin(number, line.id.clone());
                for (at, body) in line.turns.iter().enumerate() {
                    let (told, decisions) = bench.decide(body)?;
                    let need = line.need.filter(|_| at + 1 == line.turns.len());
                    keep(tally.add(at + 1, need, told, decisions))?;
                }
            }
            Err(why) => {
                bad += 1;
                writeln!(io::stderr(), "line {number}: {why}")?;
            }
        }
        if progress && number % 10 == 0 {
            let share = size.filter(|size| *size > 0).map_or(String::new(), |size| bar(done, size));
            write!(io::stderr(), "\r{share}{} turns ", tally.turns())?;
        }
    }
    if progress {
        write!(io::stderr(), "\r{:60}\r", "")?;
    }
    Ok(bad)
}

fn bar(done: u64, size: u64) -> String {
    const LONG: u64 = 24;
    let full = usize::try_from(LONG * done / size).unwrap_or(0);
    format!("[{:<24}] {:>3} %  ", "█".repeat(full), 100 * done / size)
}
