//! A replay for people.

use std::io::{self, Write};

use super::report::{Diff, Different, Point, Report};
use crate::cli::paper::{BOLD, DIM};
use crate::stats::Share;

/// Turns that a diff shows; JSON and CSV have all.
const SHOWN: usize = 20;
/// Below this many columns intervals are left out.
const NARROW: usize = 72;

pub(super) fn write(out: &mut impl Write, report: &Report, width: usize) -> io::Result<()> {
    let Report { conversations, turns, judged, .. } = report;
    writeln!(out, "{conversations} conversations, {turns} user turns, of which {judged} were judged")?;
    for reason in &report.left_alone {
        writeln!(out, "  {DIM}{}: {}{DIM:#}", reason.reason, interval(&reason.share, width))?;
    }
    let names = report.policies.iter().map(|policy| policy.policy.chars().count()).max().unwrap_or(0).max(6);
    let column = if width < NARROW { 9 } else { 24 };
    let table = |out: &mut dyn Write, head: &[&str], cells: &dyn Fn(usize) -> Vec<Option<Share>>| {
        let head: String = head.iter().map(|name| format!("{name:<column$}")).collect();
        writeln!(out, "\n{BOLD}{:<names$}  {}{BOLD:#}", "policy", head.trim_end())?;
        for (i, policy) in report.policies.iter().enumerate() {
            let shown = |share: Option<Share>| share.map_or_else(|| "–".to_owned(), |share| interval(&share, width));
            let cells: String = cells(i).into_iter().map(|share| format!("{:<column$}", shown(share))).collect();
            writeln!(out, "{:<names$}  {}", policy.policy, cells.trim_end())?;
        }
        Ok::<_, io::Error>(())
    };
    let of = |at: usize| &report.policies[at];
    table(out, &["questions", "any act"], &|at| vec![of(at).questions, of(at).acted])?;
    writeln!(out)?;
    for policy in report.policies.iter().filter(|policy| !policy.acts.is_empty()) {
        let acts: Vec<_> = policy.acts.iter().map(|act| format!("{} {}", act.act, per_cent(act.share.share))).collect();
        writeln!(out, "{DIM}{:<names$}  {}{DIM:#}", policy.policy, acts.join(", "))?;
    }
    let marks = report.policies.first().map(|policy| &policy.marked);
    if let Some(marks) = marks.filter(|marks| marks.false_questions.is_some() || marks.needed_questions.is_some()) {
        let count = |share: &Option<Share>| share.map_or(0, |share| share.of);
        let (clear, open) = (count(&marks.false_questions), count(&marks.needed_questions));
        writeln!(out, "\nTurns that are marked: {clear} clear, {open} in need of a question")?;
        let long = ["asked though clear", "acted though clear", "asked where needed"];
        let head = if width < NARROW { ["asked", "acted", "found"] } else { long };
        table(out, &head, &|at| {
            let marked = &of(at).marked;
            vec![marked.false_questions, marked.false_acts, marked.needed_questions]
        })?;
    }
    curve(out, &report.curve)?;
    match &report.diff {
        Some(diff) => differences(out, diff, width),
        None => Ok(()),
    }
}

fn curve(out: &mut impl Write, points: &[Point]) -> io::Result<()> {
    let marked = points.iter().any(|point| point.false_questions.is_some());
    let head = if marked { "   asked though clear, asked where needed" } else { "" };
    writeln!(out, "\n{BOLD}Questions in 100 turns, by threshold of ambiguity{BOLD:#}{DIM}{head}{DIM:#}")?;
    writeln!(out, "{DIM}never right after a question, at most two in a conversation{DIM:#}")?;
    let most = points.iter().filter_map(|point| point.questions).map(|share| share.share).fold(0.01, f64::max);
    for point in points {
        let Some(questions) = point.questions else { continue };
        let bar = "█".repeat((24.0 * questions.share / most).round() as usize);
        let share = |share: Option<Share>| share.map_or("–".to_owned(), |share| per_cent(share.share));
        let marks = if marked {
            format!("{:>8}{:>8}", share(point.false_questions), share(point.needed_questions))
        } else {
            String::new()
        };
        let per = 100.0 * questions.share;
        writeln!(out, "{}", format!("  {:.2}  {per:>5.1}  {bar:<24}{marks}", point.threshold).trim_end())?;
    }
    Ok(())
}

fn differences(out: &mut impl Write, diff: &Diff, width: usize) -> io::Result<()> {
    let different = diff.different.map_or_else(|| "–".to_owned(), |share| interval(&share, width));
    writeln!(
        out,
        "\n{BOLD}{} against {}{BOLD:#}: another act or delivery at {different} of turns",
        diff.policy, diff.against
    )?;
    for moved in &diff.moves {
        writeln!(out, "  {} -> {}: {}", moved.from, moved.to, moved.turns)?;
    }
    for Different { line, id, turn, policy, against, .. } in diff.turns.iter().take(SHOWN) {
        let id = id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        writeln!(out, "  line {line}{id}, turn {turn}: {} -> {}", against.act, policy.act)?;
        writeln!(out, "    {DIM}{}: {}{DIM:#}", diff.against, against.reason)?;
        writeln!(out, "    {DIM}{}: {}{DIM:#}", diff.policy, policy.reason)?;
    }
    match diff.turns.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "  {DIM}and {more} more; --json has them all{DIM:#}"),
    }
}

fn interval(share: &Share, width: usize) -> String {
    match width < NARROW {
        true => per_cent(share.share),
        false => format!("{} [{:.1}, {:.1}]", per_cent(share.share), 100.0 * share.low, 100.0 * share.high),
    }
}

fn per_cent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
