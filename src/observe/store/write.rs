//! Turns and outcomes on their way in: all of a batch or none of it, and nothing twice.

use std::collections::BTreeMap;

use super::columns::{TURN, TURN_COLUMNS, values};
use super::engine::{Engine, Fault, atomically};
use super::feedback::{About, Outcome, OutcomeValue};
use super::stored::{StoredTurn, UnitKey};
use super::value::Value;
use crate::dialogue::Id;

/// Rows that one statement takes. SQLite binds up to 32,766 values, PostgreSQL up to 65,535.
const ROWS: [usize; 3] = [64, 8, 1];

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// Turns that were not there before.
    pub(super) new: u64,
    /// Turns that were.
    pub(super) known: u64,
}

/// Writes a batch, and notes which units are to be rolled up. `batch` is an identity of its own.
pub(super) fn write(
    engine: &mut dyn Engine,
    turns: &[StoredTurn],
    outcomes: &[Outcome],
    batch: Id,
) -> Result<Written, Fault> {
    let mut days: Vec<i64> = turns.iter().map(StoredTurn::day).collect();
    days.sort_unstable();
    days.dedup();
    for day in days {
        engine.make_room(day)?;
    }
    atomically(engine, |engine| {
        // All writers touch units in the same order, so that no two wait for each other.
        let mut changed: BTreeMap<UnitKey, i64> = BTreeMap::new();
        let mut new = 0;
        let mut rest = turns;
        while let Some(rows) = ROWS.into_iter().find(|rows| *rows <= rest.len()) {
            let (now, later) = rest.split_at(rows);
            let added = insert(engine, now)?;
            new += added.len() as u64;
            for turn in now.iter().filter(|turn| added.contains(&turn.attempt())) {
                if let Some(unit) = turn.unit() {
                    *changed.entry(unit).or_default() += 1;
                }
            }
            rest = later;
        }
        for outcome in outcomes {
            keep(engine, outcome)?;
            for unit in units_of(engine, outcome.about)? {
                changed.entry(unit).or_default();
            }
        }
        note(engine, &changed, batch)?;
        Ok(Written { new, known: turns.len() as u64 - new })
    })
}

/// Adds rows, and says which were not there.
fn insert(engine: &mut dyn Engine, turns: &[StoredTurn]) -> Result<Vec<Id>, Fault> {
    let rows = places(turns.len(), TURN_COLUMNS);
    let statement =
        format!("INSERT INTO groundwire_turns ({TURN}) VALUES {rows} ON CONFLICT DO NOTHING RETURNING attempt");
    let mut bound = Vec::with_capacity(turns.len() * TURN_COLUMNS);
    turns.iter().for_each(|turn| values(turn, &mut bound));
    let mut added = Vec::with_capacity(turns.len());
    engine.query(&statement, &bound, &mut |row| {
        added.extend(row.id(0)?);
        Ok(())
    })?;
    Ok(added)
}

/// `($1, $2), ($3, $4)`: two rows of two.
pub(super) fn places(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                text.push_str(", ");
            }
            text.push_str(&format!("${}", row * columns + column + 1));
        }
        text.push(')');
    }
    text
}

fn keep(engine: &mut dyn Engine, outcome: &Outcome) -> Result<(), Fault> {
    let (kind, target, given) = match outcome.about {
        About::Turn(id) => ("turn", id, None),
        About::Conversation(id) => ("conversation", id, None),
        About::Given(id) => ("given", id, Some(id)),
    };
    let (value, is_flag) = match outcome.value {
        OutcomeValue::Flag(flag) => (f64::from(u8::from(flag)), true),
        OutcomeValue::Number(number) => (number, false),
    };
    let bound: [Value; 7] = [
        target.into(),
        kind.into(),
        outcome.name.clone().into(),
        outcome.at.into(),
        given.into(),
        value.into(),
        is_flag.into(),
    ];
    let statement = "INSERT INTO groundwire_outcomes (target, kind, name, at, given, value, is_flag) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (target, kind, name, at) \
                     DO UPDATE SET value = excluded.value, is_flag = excluded.is_flag";
    engine.execute(statement, &bound).map(drop)
}

/// The units that an outcome is about. One that comes before its turn finds none; the turn will find the outcome.
fn units_of(engine: &mut dyn Engine, about: About) -> Result<Vec<UnitKey>, Fault> {
    let (column, id) = match about {
        About::Turn(id) => ("turn", id),
        About::Conversation(id) => ("conversation", id),
        About::Given(id) => ("conversation_given", id),
    };
    let statement = format!(
        "SELECT DISTINCT experiment, version, unit FROM groundwire_turns \
         WHERE {column} = $1 AND unit IS NOT NULL AND experiment IS NOT NULL AND arm IS NOT NULL LIMIT 1000"
    );
    let mut units = Vec::new();
    engine.query(&statement, &[Value::Id(id)], &mut |row| {
        if let (Some(experiment), Some(unit)) = (row.text(0)?, row.id(2)?) {
            units.push(UnitKey { experiment: experiment.to_owned().into(), version: row.int(1)?.unwrap_or(1), unit });
        }
        Ok(())
    })?;
    Ok(units)
}

/// Notes that units changed, and by how many records.
fn note(engine: &mut dyn Engine, changed: &BTreeMap<UnitKey, i64>, batch: Id) -> Result<(), Fault> {
    let units: Vec<_> = changed.iter().collect();
    let mut rest = &units[..];
    while let Some(rows) = ROWS.into_iter().find(|rows| *rows <= rest.len()) {
        let (now, later) = rest.split_at(rows);
        let statement = format!(
            "INSERT INTO groundwire_pending (experiment, version, unit, batch, turns) VALUES {} ON CONFLICT DO NOTHING",
            places(rows, 5)
        );
        let bound = now.iter().flat_map(|(unit, turns)| {
            [Value::from(&unit.experiment), unit.version.into(), unit.unit.into(), batch.into(), (**turns).into()]
        });
        engine.execute(&statement, &bound.collect::<Vec<_>>())?;
        rest = later;
    }
    Ok(())
}
