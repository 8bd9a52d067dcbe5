//! JSON lines in and out: what a store holds, for another store, another program, or the other engine.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::columns::{TURN, turn};
use super::engine::{Cure, Fault};
use super::feedback::{About, Outcome, OutcomeValue};
use super::reader::{StoreReader, declare};
use super::stored::StoredTurn;
use super::value::Cells;
use super::write::write;
use super::writer::now;
use crate::dialogue::Id;
use crate::error::{Error, Result};
use crate::experiment::{Design, UnitRows};
use crate::observe::attempt::attempt_at;

/// Turns that an import writes in one transaction.
const BATCH: usize = 1000;
/// Most bytes of a line; a record has about one thousand.
const LINE: u64 = 1 << 20;

/// What an export wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Designs of experiments.
    pub designs: u64,
    /// Turns.
    pub turns: u64,
    /// Outcomes of the application's own.
    pub outcomes: u64,
}

/// What an import read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Turns that were not there before.
    pub new: u64,
    /// Turns that were.
    pub known: u64,
    /// Outcomes of the application's own.
    pub outcomes: u64,
    /// Designs of experiments.
    pub designs: u64,
    /// Lines that were none of these.
    pub bad: u64,
    /// Units rolled up afterwards.
    pub rolled: u64,
}

/// A line that is no turn.
#[derive(Serialize, Deserialize)]
struct OtherLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    design: Option<Design>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    turn: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversation: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conversation_given: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
}

impl StoreReader {
    /// Writes designs, turns in the order in which they came, and outcomes, a line each.
    ///
    /// # Errors
    /// If the store does not answer, or `to` cannot be written.
    pub fn export(&mut self, to: &mut dyn Write) -> Result<Exported> {
        let mut exported = Exported::default();
        for design in self.designs()? {
            exported.designs += 1;
            put(to, &OtherLine { design: Some(design), ..OtherLine::empty() })?;
        }
        let statement = format!("SELECT {TURN} FROM groundwire_turns ORDER BY day, attempt");
        self.engine.query(&statement, &[], &mut |row| {
            exported.turns += 1;
            put(to, &turn(row)?)
        })?;
        let statement =
            "SELECT kind, target, name, at, value, is_flag FROM groundwire_outcomes ORDER BY at, target, kind, name";
        self.engine.query(statement, &[], &mut |row| {
            exported.outcomes += 1;
            let mut cells = Cells::of(row);
            let (kind, target) = (cells.text()?, cells.id()?);
            let line = OtherLine {
                turn: target.filter(|_| kind == Some("turn")),
                conversation: target.filter(|_| kind == Some("conversation")),
                conversation_given: target.filter(|_| kind == Some("given")),
                outcome: cells.text()?.map(str::to_owned),
                at: Some(cells.count()?),
                value: {
                    let (value, is_flag) = (cells.real()?.unwrap_or_default(), cells.flag()?);
                    let text = if is_flag { (value != 0.0).to_string() } else { value.to_string() };
                    RawValue::from_string(text).ok()
                },
                design: None,
            };
            put(to, &line)
        })?;
        to.flush().map_err(unwritable)?;
        Ok(exported)
    }

    /// Writes what a report reads: the design of each version of an experiment, and below it a line for each of its units.
    ///
    /// # Errors
    /// If the store does not answer, or `to` cannot be written.
    pub fn export_units(&mut self, to: &mut dyn Write) -> Result<u64> {
        let mut count = 0;
        let mut broken = None;
        for design in self.designs()? {
            put(to, &OtherLine { design: Some(design.clone()), ..OtherLine::empty() })?;
            self.each(&design.experiment, design.version, &mut |unit| {
                count += 1;
                if broken.is_none() {
                    broken = put(to, &unit).err();
                }
            })?;
        }
        broken.map_or(Ok(()), Err)?;
        to.flush().map_err(unwritable)?;
        Ok(count)
    }

    /// Reads lines of an [`export`](Self::export), or records as they are written to a file, and rolls up the units that
    /// they are of. `bad` is told of each line that is neither, by its number, and the rest is read all the same.
    ///
    /// # Errors
    /// If `from` cannot be read, or the store does not answer.
    pub fn import(&mut self, from: &mut dyn BufRead, bad: &mut dyn FnMut(u64, &str)) -> Result<Imported> {
        let mut imported = Imported::default();
        let (mut turns, mut outcomes) = (Vec::with_capacity(BATCH), Vec::new());
        let (mut line, mut number) = (Vec::new(), 0);
        loop {
            line.clear();
            let read = io::Read::take(&mut *from, LINE + 1).read_until(b'\n', &mut line);
            let read = read.map_err(|e| Error::io("the lines cannot be read").with(e))?;
            number += 1;
            if read == 0 || turns.len() + outcomes.len() >= BATCH {
                let written = write(&mut *self.engine, &turns, &outcomes, attempt_at(std::time::SystemTime::now()))?;
                imported.new += written.new;
                imported.known += written.known;
                imported.outcomes += outcomes.len() as u64;
                turns.clear();
                outcomes.clear();
            }
            if read == 0 {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            if read as u64 > LINE {
                skip_line(from)?;
                imported.bad += 1;
                bad(number, "this line is longer than a megabyte");
                continue;
            }
            match understood(&line) {
                Ok(Line::Turn(turn)) => turns.push(*turn),
                Ok(Line::Outcome(outcome)) => outcomes.push(outcome),
                Ok(Line::Design(design)) => {
                    declare(&mut *self.engine, &design, now())?;
                    imported.designs += 1;
                }
                Err(why) => {
                    imported.bad += 1;
                    bad(number, &why);
                }
            }
        }
        imported.rolled = self.roll_up()?;
        Ok(imported)
    }
}

enum Line {
    Turn(Box<StoredTurn>),
    Outcome(Outcome),
    Design(Box<Design>),
}

fn understood(line: &[u8]) -> Result<Line, String> {
    let other: Option<OtherLine> = serde_json::from_slice(line).ok();
    match other {
        Some(OtherLine { design: Some(design), .. }) => Ok(Line::Design(Box::new(design))),
        Some(other @ OtherLine { outcome: Some(_), .. }) => outcome(other).map(Line::Outcome),
        _ => StoredTurn::read(line, now()).map(|turn| Line::Turn(Box::new(turn))),
    }
}

fn outcome(line: OtherLine) -> Result<Outcome, String> {
    let about = match (line.turn, line.conversation, line.conversation_given) {
        (Some(turn), None, None) => About::Turn(turn),
        (None, Some(conversation), None) => About::Conversation(conversation),
        (None, None, Some(given)) => About::Given(given),
        _ => return Err("an outcome is of one `turn`, `conversation` or `conversation_given`".into()),
    };
    let text = line.value.as_deref().map(RawValue::get).unwrap_or_default();
    let value = match (text, text.parse::<f64>()) {
        ("true", _) => OutcomeValue::Flag(true),
        ("false", _) => OutcomeValue::Flag(false),
        (_, Ok(number)) => OutcomeValue::Number(number),
        _ => return Err("the `value` of an outcome is true, false or a number".into()),
    };
    let at = line.at.ok_or("an outcome says when it was: `at`, in milliseconds since 1970")?;
    Outcome::new(about, &line.outcome.unwrap_or_default(), value, at, now())
}

impl OtherLine {
    fn empty() -> Self {
        Self {
            design: None,
            outcome: None,
            turn: None,
            conversation: None,
            conversation_given: None,
            value: None,
            at: None,
        }
    }
}

fn put(to: &mut dyn Write, line: &impl Serialize) -> Result<(), Fault> {
    let unwritten = |e: &dyn std::fmt::Display| Fault::new(Cure::Nothing, format!("the export cannot be written: {e}"));
    serde_json::to_writer(&mut *to, line).map_err(|e| unwritten(&e))?;
    to.write_all(b"\n").map_err(|e| unwritten(&e))
}

fn unwritable(error: io::Error) -> Error {
    Error::io("the export cannot be written").with(error)
}

/// Passes over what is left of a line.
fn skip_line(from: &mut dyn BufRead) -> Result<()> {
    loop {
        let available = from.fill_buf().map_err(|e| Error::io("the lines cannot be read").with(e))?;
        let Some(end) = memchr::memchr(b'\n', available) else {
            let length = available.len();
            if length == 0 {
                return Ok(());
            }
            from.consume(length);
            continue;
        };
        from.consume(end + 1);
        return Ok(());
    }
}
