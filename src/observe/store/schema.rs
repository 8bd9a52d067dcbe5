//! The tables, and how those of an earlier version become those of this one.

use super::engine::{Cure, Engine, Fault, Kind, Lock, atomically, locked};
use super::value::Value;

/// Every version's changes, oldest first. What is released is never changed.
const MIGRATIONS: [&str; 2] =
    [include_str!("migrations/0001_turns_units_outcomes.sql"), include_str!("migrations/0002_compliance.sql")];

/// The version of the tables that this program reads and writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Has the tables be of this version, where nobody else is at it.
///
/// # Errors
/// If they are of a later version than this program knows, or cannot be changed.
pub(super) fn migrate(engine: &mut dyn Engine) -> Result<(), Fault> {
    if version(engine).is_ok_and(|version| version == VERSION) {
        return Ok(());
    }
    let done = locked(engine, Lock::Schema, |engine| {
        engine.run("CREATE TABLE IF NOT EXISTS groundwire_schema (version BIGINT NOT NULL PRIMARY KEY)")?;
        let found = version(engine)?;
        if found > VERSION {
            return Err(Fault::new(
                Cure::Reconnect,
                format!(
                    "the store was written by a later groundwire: its schema is {found}, and {VERSION} is the last that \
                     this one knows; run that version, or name another store"
                ),
            ));
        }
        for (script, number) in MIGRATIONS.iter().zip(1..).skip(usize::try_from(found).unwrap_or(0)) {
            atomically(engine, |engine| {
                // In SQLite another process may have been faster; PostgreSQL has a lock for that.
                if version(engine)? >= number {
                    return Ok(());
                }
                engine.run(&script_for(script, engine.kind()))?;
                engine.execute("INSERT INTO groundwire_schema (version) VALUES ($1)", &[Value::Int(number)]).map(drop)
            })?;
        }
        Ok(())
    })?;
    match done {
        Some(()) => Ok(()),
        None => Err(Fault::new(Cure::Again, "another process is changing the store's tables")),
    }
}

/// The version of the tables that are there.
pub(super) fn version(engine: &mut dyn Engine) -> Result<i64, Fault> {
    let mut found = 0;
    engine.query("SELECT MAX(version) FROM groundwire_schema", &[], &mut |row| {
        found = row.int(0)?.unwrap_or(0);
        Ok(())
    })?;
    Ok(found)
}

/// The script as this engine runs it.
fn script_for(script: &str, kind: Kind) -> String {
    let mark = match kind {
        Kind::Sqlite => "--sqlite",
        Kind::Postgres => "--postgres",
    };
    let lines = script.lines().filter_map(|line| match line.strip_prefix(mark) {
        Some(own) => Some(own),
        None => (!line.trim_start().starts_with("--")).then_some(line),
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}
