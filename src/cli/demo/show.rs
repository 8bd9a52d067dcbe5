//! Showing a played turn, to people and to programs.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::play::Played;
use crate::dialogue::{AssistantAct, GroundingAct, Need};
use crate::observe::Record;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// How much of the request is shown before an insertion.
const BEFORE: usize = 60;

/// A played turn as a program reads it.
#[derive(Serialize)]
struct Shown<'a> {
    turn: usize,
    shows: &'a str,
    user: &'a str,
    #[serde(flatten)]
    record: Selected<'a>,
    /// What went on, compared with what was sent; `null` where nothing went on.
    forwarded: Option<Forwarded>,
    received: Received<'a>,
}

#[derive(Serialize)]
struct Selected<'a> {
    judgement: &'a Option<crate::observe::Judged>,
    act: GroundingAct,
    delivery: crate::dialogue::Delivery,
    gap: Option<crate::dialogue::Gap>,
    reason: Option<&'a str>,
    bypass: Option<crate::dialogue::Bypass>,
    own_micros: u64,
    judge_micros: u64,
}

#[derive(Serialize)]
struct Forwarded {
    identical: bool,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inserted: Option<String>,
}

#[derive(Serialize)]
struct Received<'a> {
    status: u16,
    text: &'a str,
    acts: &'a Option<Vec<AssistantAct>>,
}

/// A line that could not be understood, as a program reads it.
#[derive(Serialize)]
struct Wrong<'a> {
    turn: usize,
    /// Its number in the file.
    line: usize,
    shows: &'a str,
    error: &'a str,
}

impl<'a> Selected<'a> {
    fn of(record: &'a Record) -> Self {
        Self {
            judgement: &record.judgement,
            act: record.act,
            delivery: record.delivery,
            gap: record.gap,
            reason: record.reason.as_deref(),
            bypass: record.bypass,
            own_micros: record.own_micros,
            judge_micros: record.judge_micros,
        }
    }
}

/// What was inserted into `sent` to make `forwarded`, and where. One insertion, as all our edits of this version are.
fn insertion(sent: &[u8], forwarded: &[u8]) -> (usize, Vec<u8>) {
    let common = |a: &mut dyn Iterator<Item = (&u8, &u8)>| a.take_while(|(x, y)| x == y).count();
    let tail = common(&mut sent.iter().rev().zip(forwarded.iter().rev()));
    let at = sent.len() - tail.min(sent.len());
    (at, forwarded[at..forwarded.len() - (sent.len() - at)].to_vec())
}

/// One JSON object on a line of its own.
pub(super) fn json(out: &mut impl Write, turn: usize, played: &Played) -> io::Result<()> {
    let forwarded = played.forwarded.as_ref().map(|bytes| {
        let identical = *bytes == played.sent;
        let (at, inserted) = insertion(&played.sent, bytes);
        Forwarded {
            identical,
            bytes: bytes.len(),
            at: (!identical).then_some(at),
            inserted: (!identical).then(|| String::from_utf8_lossy(&inserted).into_owned()),
        }
    });
    let shown = Shown {
        turn,
        shows: &played.label,
        user: &played.user,
        record: Selected::of(&played.record),
        forwarded,
        received: Received { status: played.status, text: &played.text, acts: &played.record.assistant_acts },
    };
    serde_json::to_writer(&mut *out, &shown)?;
    writeln!(out)
}

/// A line that could not be understood, as one JSON object.
pub(super) fn wrong_json(out: &mut impl Write, turn: usize, line: usize, shows: &str, error: &str) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Wrong { turn, line, shows, error })?;
    writeln!(out)
}

/// A line that could not be understood, for a person.
pub(super) fn wrong_text(out: &mut impl Write, turn: usize, shows: &str, error: &str) -> io::Result<()> {
    writeln!(out, "{BOLD}{turn}. {shows}{BOLD:#}")?;
    field(out, "not played", &format!("{YELLOW}{error}{YELLOW:#}"))?;
    writeln!(out)
}

/// A few lines for a person.
pub(super) fn text(out: &mut impl Write, turn: usize, played: &Played) -> io::Result<()> {
    let record = &*played.record;
    writeln!(out, "{BOLD}{turn}. {}{BOLD:#}", played.label)?;
    field(out, "user", &clip(&played.user, 400))?;
    match (&record.judgement, record.bypass) {
        (Some(judged), _) => {
            let p = |need| judged.need.get(need);
            let need = format!(
                "proceed {:.2}  assume {:.2}  ask {:.2}   gap {}   user act {}",
                p(Need::Proceed),
                p(Need::Assume),
                p(Need::Ask),
                judged.gap,
                judged.user_act
            );
            field(out, "judged", &need)?;
        }
        (None, Some(bypass)) => field(out, "judged", &format!("not judged: {bypass}"))?,
        (None, None) => field(out, "judged", "not judged")?,
    }
    let reason = record.reason.as_deref().unwrap_or("");
    if record.act == GroundingAct::None {
        let why = if reason.is_empty() { "left alone" } else { reason };
        field(out, "act", &format!("none   {DIM}{why}{DIM:#}"))?;
    } else {
        let (act, delivery) = (record.act, record.delivery);
        field(out, "act", &format!("{YELLOW}{act} by {delivery}{YELLOW:#}   {DIM}{reason}{DIM:#}"))?;
    }
    match &played.forwarded {
        None => field(out, "forwarded", "nothing: groundwire answered; the upstream was not called")?,
        Some(bytes) if *bytes == played.sent => {
            field(out, "forwarded", &format!("{} bytes, identical to what was sent", bytes.len()))?;
        }
        Some(bytes) => difference(out, &played.sent, bytes)?,
    }
    field(out, "received", &format!("{CYAN}{}{CYAN:#}", clip(&played.text, 600)))?;
    if let Some(acts) = &record.assistant_acts {
        let acts: Vec<_> = acts.iter().map(|act| act.as_str()).collect();
        field(out, "reply acts", &if acts.is_empty() { "none seen".to_owned() } else { acts.join(", ") })?;
    }
    let judging = record.judge_micros;
    let rest = record.own_micros.saturating_sub(judging);
    field(out, "spent in us", &format!("{} µs: {judging} judging, {rest} all else", record.own_micros))?;
    writeln!(out)
}

fn difference(out: &mut impl Write, sent: &[u8], forwarded: &[u8]) -> io::Result<()> {
    let (at, inserted) = insertion(sent, forwarded);
    let count = format!("{} bytes inserted at byte {at}, the other {} as sent:", inserted.len(), sent.len());
    field(out, "forwarded", &count)?;
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let start = at.saturating_sub(BEFORE);
    let dots = if start > 0 { "…" } else { "" };
    let more = |text: String| text.replace('\n', "\n               ");
    writeln!(out, "               {DIM}{dots}{}{DIM:#}", more(show(&sent[start..at])))?;
    // The insertion as it stands in the JSON, broken where the text breaks.
    for line in show(&inserted).split_inclusive("\\n") {
        writeln!(out, "             {GREEN}+ {line}{GREEN:#}")?;
    }
    writeln!(out, "               {DIM}{}{DIM:#}", more(clip(&show(&sent[at..]), BEFORE)))
}

fn field(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "   {DIM}{name:<11}{DIM:#} {}", value.replace('\n', "\n               "))
}

fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_insertion_is_found() {
        assert_eq!(insertion(b"{\"a\":\"x\"}", b"{\"a\":\"xyz\"}"), (7, b"yz".to_vec()));
        assert_eq!(insertion(b"ab", b"ab"), (0, Vec::new()));
        assert_eq!(insertion(b"", b"abc"), (0, b"abc".to_vec()));
    }

    #[test]
    fn clipping_counts_characters() {
        assert_eq!(clip("äöü", 2), "äö…");
        assert_eq!(clip("äö", 2), "äö");
    }
}
