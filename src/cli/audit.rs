//! `groundwire audit`: how often a corpus grounds, and whether models do it where people do.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use super::model::ModelChoice;
use super::{Failure, line};
use crate::audit::{Audit as Counting, Replies};
use crate::classify::{Model, Scores, Window, is_foreign};
use crate::dialogue::{Conversation, Role};
use crate::wire::Dialect;

/// Count the grounding acts of a corpus: rates per act and speaker, and agreement with a human reference
///
/// Each line is {"messages": [{"role", "content"}, ...]}. Where the last message is a user's, the line may also hold
/// "reference", what a person replied, and "replies", what models replied: {"model name": "text"}; then Cohen's kappa
/// tells whether a model performs each act at the turns where the person did.
#[derive(Args)]
#[command(
    after_help = "Example:\n  groundwire audit conversations.jsonl\n  groundwire audit --json < conversations.jsonl"
)]
pub(super) struct Audit {
    /// The corpus, JSON lines; standard input if it is left out
    file: Option<PathBuf>,
    /// Print JSON in place of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelChoice,
}

/// What a line holds beside the conversation.
#[derive(Deserialize)]
struct Line {
    reference: Option<String>,
    #[serde(default)]
    replies: BTreeMap<String, String>,
}

impl Audit {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut model = self.model.load()?;
        let input: Box<dyn BufRead> = match &self.file {
            Some(path) => Box::new(BufReader::new(
                File::open(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?,
            )),
            None => Box::new(io::stdin().lock()),
        };
        let mut audit = Counting::new();
        let bad = count(input, &mut model, &mut audit)?;
        let report = audit.report();
        if report.conversations == 0 {
            return Err("there is no conversation to audit".into());
        }
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
        } else {
            write!(out, "{report}")?;
        }
        match bad {
            0 => Ok(()),
            1 => Err("1 line was left out; see above".into()),
            n => Err(format!("{n} lines were left out; see above").into()),
        }
    }
}

/// Adds every line to the audit; tells of those that cannot be, and how many they were.
fn count(input: impl BufRead, model: &mut Model, audit: &mut Counting) -> Result<u64, Failure> {
    let progress = io::stderr().is_terminal();
    let mut bad = 0;
    for (at, text) in input.split(b'\n').enumerate() {
        let text = text?;
        if text.trim_ascii().is_empty() {
            continue;
        }
        if let Err(why) = add(&text, model, audit) {
            bad += 1;
            writeln!(io::stderr(), "line {}: {why}", at + 1)?;
        }
        if progress && (at + 1) % 20 == 0 {
            write!(io::stderr(), "\r{} conversations ", at + 1)?;
        }
    }
    if progress {
        write!(io::stderr(), "\r                       \r")?;
    }
    Ok(bad)
}

fn add(text: &[u8], model: &mut Model, audit: &mut Counting) -> Result<(), Failure> {
    let call = Dialect::OpenAiChat.read(text).map_err(|_| line::wrong(text))?;
    let Line { reference, replies } = serde_json::from_slice(text)
        .map_err(|_| "\"reference\" must be a text, and \"replies\" texts by name: {\"model\": \"text\"}")?;
    let replies = Replies { reference, models: replies };
    let answered = replies.reference.is_some() || !replies.models.is_empty();
    if answered && call.conversation.turns.last().is_none_or(|turn| turn.role != Role::User) {
        return Err("\"reference\" and \"replies\" answer the last message, which must then be a user's".into());
    }
    audit.add(&call.conversation, &replies, |conversation, at| judge(model, conversation, at))?;
    Ok(())
}

fn judge(model: &mut Model, conversation: &Conversation<'_>, at: usize) -> crate::Result<Option<Scores>> {
    match Window::of(conversation, at) {
        Some(window) if !is_foreign(&window) => model.judge(&window).map(Some),
        _ => Ok(None),
    }
}
