//! Rolling up: the units whose turns changed are read as a whole, and their rows written anew.

use std::collections::{BTreeMap, HashMap};

use super::attempts::{ATTEMPT, attempt};
use super::engine::{Engine, Fault, Kind, Lock, atomically, locked};
use super::feedback::Told;
use super::join::Attempt;
use super::rollup::{Rolled, Spec, WITHIN_TURNS, roll_up};
use super::stored::UnitKey;
use super::units;
use super::value::{Cells, Value};
use crate::dialogue::Id;

/// Units that are rolled up in one transaction.
const UNITS: i64 = 256;
/// Units that are read by one statement.
const READ_TOGETHER: usize = 64;
/// Records of one unit from which on it is no user's, and is only counted: reading it whole over and over would take all
/// of the time that there is.
const CROWDED: u64 = 10_000;
/// The window of an experiment that nobody declared: a day.
const WINDOW: u64 = 86_400_000;
/// How long after its window's end a unit is still changed by what comes late.
const SETTLED_AFTER: u64 = 60_000;

/// A unit that changed.
struct Changed {
    key: UnitKey,
    /// Records since it was last rolled up.
    fresh: u64,
    /// Records until then.
    records: u64,
    frozen: bool,
}

/// Rolls up some of the units that wait for it, if nobody else is at it. Says how many; `None` where somebody is.
///
/// `now` is in milliseconds since 1970.
pub(super) fn roll(engine: &mut dyn Engine, now: u64) -> Result<Option<usize>, Fault> {
    let mut waiting = false;
    engine.query("SELECT 1 FROM groundwire_pending LIMIT 1", &[], &mut |_| {
        waiting = true;
        Ok(())
    })?;
    if !waiting {
        return Ok(Some(0));
    }
    locked(engine, Lock::Roll, |engine| atomically(engine, |engine| roll_some(engine, now)))
}

/// Freezes units whose window is over, once nothing waits to be rolled up.
pub(super) fn freeze(engine: &mut dyn Engine, now: u64) -> Result<u64, Fault> {
    let settled = now.saturating_sub(SETTLED_AFTER);
    engine.execute(
        "UPDATE groundwire_units SET frozen = 1 WHERE frozen = 0 AND window_ends <= $1 AND touched <= $2",
        &[settled.into(), settled.into()],
    )
}

fn roll_some(engine: &mut dyn Engine, now: u64) -> Result<usize, Fault> {
    if engine.kind() == Kind::Postgres {
        // What few units took part in is found by the index, whatever the statistics say of a table that is new.
        engine
            .run("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")?;
    }
    let changed = changed(engine)?;
    let Some(last) = changed.last() else { return Ok(0) };
    let upto = [Value::from(&last.key.experiment), last.key.version.into(), last.key.unit.into()];
    let mut by_version: BTreeMap<(String, i64), Vec<&Changed>> = BTreeMap::new();
    for unit in &changed {
        if unit.frozen {
            units::count_late(engine, &unit.key, unit.fresh)?;
        } else if unit.records + unit.fresh > CROWDED {
            units::count_crowded(engine, &unit.key, unit.fresh, now)?;
        } else {
            by_version.entry((unit.key.experiment.to_string(), unit.key.version)).or_default().push(unit);
        }
    }
    for ((experiment, version), together) in by_version {
        let spec = spec(engine, &experiment, version)?;
        for some in together.chunks(READ_TOGETHER) {
            let known = Known { experiment: &experiment, version, spec };
            known.roll(engine, some, now)?;
        }
    }
    engine.execute("DELETE FROM groundwire_pending WHERE (experiment, version, unit) <= ($1, $2, $3)", &upto)?;
    Ok(changed.len())
}

fn changed(engine: &mut dyn Engine) -> Result<Vec<Changed>, Fault> {
    let statement = "SELECT p.experiment, p.version, p.unit, p.fresh, u.records, u.frozen \
        FROM (SELECT experiment, version, unit, CAST(SUM(turns) AS BIGINT) AS fresh FROM groundwire_pending \
              GROUP BY experiment, version, unit ORDER BY experiment, version, unit LIMIT $1) p \
        LEFT JOIN groundwire_units u ON u.experiment = p.experiment AND u.version = p.version AND u.unit = p.unit \
        ORDER BY p.experiment, p.version, p.unit";
    let mut changed = Vec::new();
    engine.query(statement, &[Value::Int(UNITS)], &mut |row| {
        let mut cells = Cells::of(row);
        let (experiment, version, unit) = (cells.text()?.map(str::to_owned), cells.whole()?, cells.id()?);
        if let (Some(experiment), Some(unit)) = (experiment, unit) {
            let key = UnitKey { experiment: experiment.into(), version, unit };
            changed.push(Changed { key, fresh: cells.count()?, records: cells.count()?, frozen: cells.flag()? });
        }
        Ok(())
    })?;
    Ok(changed)
}

/// What the version of the experiment was declared with.
fn spec(engine: &mut dyn Engine, experiment: &str, version: i64) -> Result<Spec, Fault> {
    let mut spec = Spec::of(WINDOW, WITHIN_TURNS);
    engine.query(
        "SELECT window_millis, within_turns FROM groundwire_experiments WHERE experiment = $1 AND version = $2",
        &[Value::from(experiment.to_owned()), version.into()],
        &mut |row| {
            let mut cells = Cells::of(row);
            spec = Spec::of(cells.count()?, cells.count()?);
            Ok(())
        },
    )?;
    Ok(spec)
}

/// One version of an experiment.
struct Known<'k> {
    experiment: &'k str,
    version: i64,
    spec: Spec,
}

impl Known<'_> {
    fn roll(&self, engine: &mut dyn Engine, some: &[&Changed], now: u64) -> Result<(), Fault> {
        let bound = self.bound(some);
        let mut attempts = self.attempts(engine, &bound)?;
        let mut told = self.told(engine, &bound)?;
        let shared = self.shared(engine, &bound)?;
        let mut rows = Vec::with_capacity(some.len());
        for unit in some {
            let id = unit.key.unit;
            let Some(attempts) = attempts.remove(&id) else { continue };
            let mut rolled: Rolled = roll_up(attempts, &told.remove(&id).unwrap_or_default(), &self.spec);
            rolled.mixed |= shared.iter().any(|(unit, _)| *unit == id);
            rows.push(units::Fresh { key: &unit.key, records: unit.records + unit.fresh, touched: now, rolled });
        }
        units::put(engine, &rows)?;
        for (_, conversation) in shared {
            units::mark_mixed(engine, self.experiment, self.version, conversation)?;
        }
        Ok(())
    }

    /// The experiment, its version, and as many units as a statement has places for, the last as often as need be.
    fn bound(&self, some: &[&Changed]) -> Vec<Value> {
        let mut bound = vec![Value::from(self.experiment.to_owned()), self.version.into()];
        let units = (0..READ_TOGETHER).filter_map(|at| some.get(at).or(some.last()));
        bound.extend(units.map(|unit| Value::Id(unit.key.unit)));
        bound
    }

    fn attempts(&self, engine: &mut dyn Engine, bound: &[Value]) -> Result<HashMap<Id, Vec<Attempt>>, Fault> {
        let statement = format!("SELECT unit, {ATTEMPT} FROM groundwire_turns WHERE {}", of_units(""));
        let mut attempts: HashMap<Id, Vec<Attempt>> = HashMap::new();
        engine.query(&statement, bound, &mut |row| {
            let mut cells = Cells::of(row);
            if let (Some(unit), attempt) = (cells.id()?, attempt(&mut cells)?) {
                attempts.entry(unit).or_default().push(attempt);
            }
            Ok(())
        })?;
        Ok(attempts)
    }

    /// What the application told of these units' turns and conversations.
    ///
    /// A name that it gave to conversations of several callers says nothing about any of them.
    fn told(&self, engine: &mut dyn Engine, bound: &[Value]) -> Result<HashMap<Id, Vec<Told>>, Fault> {
        let mut told: HashMap<Id, Vec<Told>> = HashMap::new();
        let alone = "AND NOT EXISTS (SELECT 1 FROM groundwire_turns x WHERE x.conversation_given = o.given \
                     AND x.conversation <> t.conversation)";
        for (kind, column, and) in
            [("turn", "turn", ""), ("conversation", "conversation", ""), ("given", "conversation_given", alone)]
        {
            let statement = format!(
                "SELECT DISTINCT t.unit, t.turn, t.conversation, o.name, o.at, o.value, o.is_flag FROM groundwire_turns t \
                 JOIN groundwire_outcomes o ON o.target = t.{column} AND o.kind = '{kind}' WHERE {} {and}",
                of_units("t.")
            );
            engine.query(&statement, bound, &mut |row| {
                let mut cells = Cells::of(row);
                let (unit, turn, conversation) = (cells.id()?, cells.id()?, cells.id()?);
                let told_of = Told {
                    turn: turn.filter(|_| kind == "turn"),
                    conversation,
                    name: cells.text()?.unwrap_or_default().to_owned(),
                    at: cells.count()?,
                    value: cells.real()?.unwrap_or_default(),
                    is_flag: cells.flag()?,
                };
                if let Some(unit) = unit {
                    told.entry(unit).or_default().push(told_of);
                }
                Ok(())
            })?;
        }
        Ok(told)
    }

    /// Units that took part in a conversation that was also seen in another arm, and that conversation.
    fn shared(&self, engine: &mut dyn Engine, bound: &[Value]) -> Result<Vec<(Id, Id)>, Fault> {
        let statement = format!(
            "SELECT DISTINCT t.unit, t.conversation FROM groundwire_turns t WHERE {} AND EXISTS (SELECT 1 \
             FROM groundwire_turns o WHERE o.conversation = t.conversation AND o.unit IS NOT NULL \
             AND o.unit <> t.unit AND o.experiment = t.experiment AND o.version = t.version AND o.arm <> t.arm)",
            of_units("t.")
        );
        let mut shared = Vec::new();
        engine.query(&statement, bound, &mut |row| {
            shared.extend(row.id(0)?.zip(row.id(1)?));
            Ok(())
        })?;
        Ok(shared)
    }
}

/// The condition that a row is of one of the bound units.
fn of_units(table: &str) -> String {
    let places: Vec<String> = (3..READ_TOGETHER + 3).map(|place| format!("${place}")).collect();
    format!(
        "{table}experiment = $1 AND {table}version = $2 AND {table}arm IS NOT NULL AND {table}unit IN ({})",
        places.join(", ")
    )
}
