//! Rows of units: written by rolling up, read by reports.

use std::collections::BTreeMap;

use super::engine::{Engine, Fault};
use super::rollup::{Counts, Rolled};
use super::stored::UnitKey;
use super::value::{Cells, Row, Value};
use super::write::places;
use crate::dialogue::Id;
use crate::experiment::{Name, UnitRow, Value as Outcome};

/// The columns before the counts, and those behind them.
const BEFORE: &str = "experiment, version, unit, arm, mixed, crowded, frozen, late, records, touched, conversations, turns, \
    first_at, last_at, before_turns, before_negative, triggered_at, window_ends, resolved";
const BEHIND: &str = "first_token, own";
const COLUMNS: usize = 19 + Counts::NAMES.len() + 2;

/// Rows that one statement writes.
const ROWS: [usize; 2] = [16, 1];

/// A unit that was rolled up anew.
pub(super) struct Fresh<'k> {
    pub(super) key: &'k UnitKey,
    /// Its records in all.
    pub(super) records: u64,
    /// When this was, in milliseconds since 1970.
    pub(super) touched: u64,
    pub(super) rolled: Rolled,
}

/// Writes rows of units, in the place of those that are there.
pub(super) fn put(engine: &mut dyn Engine, units: &[Fresh<'_>]) -> Result<(), Fault> {
    let mut rest = units;
    while let Some(rows) = ROWS.into_iter().find(|rows| *rows <= rest.len()) {
        let (now, later) = rest.split_at(rows);
        let mut bound = Vec::with_capacity(rows * COLUMNS);
        now.iter().for_each(|unit| values(unit, &mut bound));
        engine.execute(&upsert(rows), &bound)?;
        rest = later;
    }
    Ok(())
}

/// Turns are dropped in time, so what is known of the past is never made less; nor is a mix forgotten.
fn upsert(rows: usize) -> String {
    let counts = Counts::NAMES.join(", ");
    let columns = format!("{BEFORE}, {counts}, {BEHIND}");
    let kept = ["experiment", "version", "unit", "frozen", "late", "crowded", "mixed", "first_at"];
    let replaced: Vec<String> = columns
        .split(", ")
        .map(str::trim)
        .filter(|column| !kept.contains(column))
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    format!(
        "INSERT INTO groundwire_units ({columns}) VALUES {} ON CONFLICT (experiment, version, unit) DO UPDATE SET {}, \
         mixed = CASE WHEN groundwire_units.mixed > excluded.mixed THEN groundwire_units.mixed ELSE excluded.mixed END, \
         first_at = CASE WHEN groundwire_units.first_at < excluded.first_at THEN groundwire_units.first_at \
         ELSE excluded.first_at END",
        places(rows, COLUMNS),
        replaced.join(", ")
    )
}

fn values(unit: &Fresh<'_>, to: &mut Vec<Value>) {
    let Fresh { key, records, touched, rolled } = unit;
    to.extend([
        Value::from(&key.experiment),
        key.version.into(),
        key.unit.into(),
        rolled.arm.clone().into(),
        rolled.mixed.into(),
        false.into(),
        false.into(),
        0_i64.into(),
        (*records).into(),
        (*touched).into(),
        rolled.conversations.into(),
        rolled.turns.into(),
        rolled.first_at.into(),
        rolled.last_at.into(),
        rolled.before_turns.into(),
        rolled.before_negative.into(),
        rolled.triggered_at.into(),
        rolled.window_ends.into(),
        rolled.resolved.into(),
    ]);
    to.extend(rolled.counts.values().map(Value::from));
    let times: Vec<_> = rolled.first_token.iter().collect();
    // Lists of numbers, and maps of numbers by name, can be written.
    to.push(serde_json::to_string(&times).unwrap_or_default().into());
    to.push(serde_json::to_string(&rolled.own).unwrap_or_default().into());
}

/// Counts records of a unit that came after its outcome was frozen.
pub(super) fn count_late(engine: &mut dyn Engine, key: &UnitKey, late: u64) -> Result<(), Fault> {
    let statement = "UPDATE groundwire_units SET late = late + $1, records = records + $2 \
                     WHERE experiment = $3 AND version = $4 AND unit = $5";
    let bound = [late.into(), late.into(), Value::from(&key.experiment), key.version.into(), key.unit.into()];
    engine.execute(statement, &bound).map(drop)
}

/// Counts records of a unit that has too many to be a user, and leaves its outcome as it is.
pub(super) fn count_crowded(engine: &mut dyn Engine, key: &UnitKey, fresh: u64, now: u64) -> Result<(), Fault> {
    let counted = engine.execute(
        "UPDATE groundwire_units SET crowded = 1, records = records + $1, touched = $2 \
         WHERE experiment = $3 AND version = $4 AND unit = $5",
        &[fresh.into(), now.into(), Value::from(&key.experiment), key.version.into(), key.unit.into()],
    )?;
    if counted > 0 {
        return Ok(());
    }
    // It came with all of them at once, out of an import. What arm it is in, and since when, is all that is read of it.
    let mut rolled = Rolled::default();
    engine.query(
        "SELECT arm, time FROM groundwire_turns WHERE experiment = $1 AND version = $2 AND unit = $3 AND arm IS NOT NULL \
         ORDER BY time, attempt LIMIT 1",
        &[Value::from(&key.experiment), key.version.into(), key.unit.into()],
        &mut |row| {
            let mut cells = Cells::of(row);
            rolled.arm = cells.text()?.unwrap_or_default().to_owned();
            rolled.first_at = cells.count()?;
            rolled.last_at = rolled.first_at;
            rolled.conversations = u64::from(u32::MAX);
            Ok(())
        },
    )?;
    put(engine, &[Fresh { key, records: 0, touched: now, rolled }])?;
    count_crowded(engine, key, fresh, now)
}

/// Marks every unit that took part in a conversation as seen in more than one arm.
pub(super) fn mark_mixed(
    engine: &mut dyn Engine,
    experiment: &str,
    version: i64,
    conversation: Id,
) -> Result<(), Fault> {
    let statement = "UPDATE groundwire_units SET mixed = 1 WHERE experiment = $1 AND version = $2 AND mixed = 0 \
        AND unit IN (SELECT unit FROM groundwire_turns WHERE conversation = $3 AND unit IS NOT NULL)";
    let bound = [Value::from(experiment.to_owned()), version.into(), conversation.into()];
    engine.execute(statement, &bound).map(drop)
}

/// Tells `each` the rows of one version of one experiment, in the order of their identities.
pub(super) fn each(
    engine: &mut dyn Engine,
    experiment: &str,
    version: i64,
    each: &mut dyn FnMut(UnitRow),
) -> Result<(), Fault> {
    let statement = format!(
        "SELECT unit, arm, mixed, conversations, first_at, before_turns, before_negative, triggered_at, resolved, {}, \
         {BEHIND} FROM groundwire_units WHERE experiment = $1 AND version = $2 ORDER BY unit",
        Counts::NAMES.join(", ")
    );
    engine.query(&statement, &[Value::from(experiment.to_owned()), version.into()], &mut |row| {
        each(unit_row(row)?);
        Ok(())
    })
}

fn unit_row(row: &dyn Row) -> Result<UnitRow, Fault> {
    let mut cells = Cells::of(row);
    let unit = cells.id()?.map(|unit| unit.to_string()).unwrap_or_default();
    let arm = cells.text()?.unwrap_or_default().to_owned();
    let mixed = cells.flag()?;
    let conversations = u32::try_from(cells.count()?).unwrap_or(u32::MAX);
    let enrolled = cells.count()?;
    let (before_turns, before_negative) = (cells.count()?, cells.count()?);
    let triggered = cells.some_count()?;
    let resolved = cells.int()?.map(|resolved| resolved != 0);
    let mut row = UnitRow { unit, arm, enrolled, triggered, mixed, conversations, ..UnitRow::default() };
    if triggered.is_none() {
        return Ok(row);
    }
    let counts = Counts::read(|| cells.count())?;
    row.asked = counts.asked > 0;
    row.answered = counts.answered > 0;
    row.covariates.insert(Name::Borrowed("turns_before"), before_turns as f64);
    row.covariates.insert(Name::Borrowed("negative_before"), before_negative as f64);
    row.outcomes = outcomes(&counts);
    if let Some(resolved) = resolved {
        row.outcomes.insert(Name::Borrowed("resolved"), Outcome::Flag(resolved));
    }
    let times: Vec<(u16, u32)> = parsed(cells.text()?);
    if !times.is_empty() {
        row.outcomes.insert(Name::Borrowed("first_token"), Outcome::Times(times));
    }
    let own: BTreeMap<String, (f64, bool)> = parsed(cells.text()?);
    for (name, (value, is_flag)) in own {
        let value = if is_flag { Outcome::Flag(value != 0.0) } else { Outcome::Number(value) };
        // What we read from the conversation keeps its name.
        let name = if row.outcomes.contains_key(&*name) || is_ours(&name) { format!("own:{name}") } else { name };
        row.outcomes.insert(Name::Owned(name), value);
    }
    Ok(row)
}

/// What we wrote ourselves; of a unit without any, nothing.
fn parsed<T: Default + for<'de> serde::Deserialize<'de>>(text: Option<&str>) -> T {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The outcomes that are read from the conversation itself. What is a share is a sum and what it is a sum over.
fn outcomes(counts: &Counts) -> BTreeMap<Name, Outcome> {
    let turns = counts.in_turns;
    let unanswered = counts.asked.saturating_sub(counts.answered);
    let tokens = counts.prompt_tokens.saturating_add(counts.completion_tokens);
    let shares = [
        ("acted", counts.acted, turns),
        ("acknowledgment", counts.acknowledgment, turns),
        ("answered", counts.answered, counts.asked),
        ("asks", counts.questions, counts.in_conversations),
        ("bypassed", counts.bypassed, turns),
        ("cached", counts.cached_tokens, counts.cacheable_tokens),
        ("challenge", counts.challenge, turns),
        ("clarification", counts.clarification, turns),
        ("complied", counts.complied, counts.steered),
        ("edit", counts.edit, turns),
        ("failed", counts.failed, turns),
        ("false_asks", unanswered, counts.asked),
        ("hedge", counts.hedge, turns),
        ("leaked", counts.leaked, counts.watched),
        ("left_after_answer", counts.left_after_answer, turns),
        ("reformulation", counts.reformulation, turns),
        ("refused", counts.refused, counts.asked),
        ("regenerate", counts.regenerate, turns),
        ("repair", counts.repair, turns),
        ("retry", counts.retry, turns),
        ("tokens", tokens, counts.metered),
        ("topic_switch", counts.topic_switch, turns),
    ];
    let known = shares.into_iter().filter(|(_, _, over)| *over > 0);
    let mut outcomes: BTreeMap<Name, Outcome> =
        known.map(|(name, sum, over)| (Name::Borrowed(name), Outcome::Ratio([sum as f64, over as f64]))).collect();
    outcomes.insert(Name::Borrowed("abandoned"), Outcome::Flag(counts.abandoned > 0));
    outcomes
}

fn is_ours(name: &str) -> bool {
    const OURS: [&str; 25] = [
        "abandoned",
        "acknowledgment",
        "acted",
        "answered",
        "asks",
        "bypassed",
        "cached",
        "challenge",
        "clarification",
        "complied",
        "edit",
        "failed",
        "false_asks",
        "first_token",
        "hedge",
        "leaked",
        "left_after_answer",
        "reformulation",
        "refused",
        "regenerate",
        "repair",
        "resolved",
        "retry",
        "tokens",
        "topic_switch",
    ];
    OURS.contains(&name)
}
