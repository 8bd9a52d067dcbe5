//! What the store asks of a database: the same few things of SQLite and of PostgreSQL.

use std::fmt;

use super::value::{Row, Value};

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    #[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
    Sqlite,
    #[cfg_attr(not(feature = "postgres"), allow(dead_code))]
    Postgres,
}

/// A lock over all processes that use one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// Of who changes tables.
    Schema,
    /// Of who turns turns into outcomes.
    Roll,
    /// Of who drops what is too old.
    Sweep,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To write turns for as long as a process lives: no statement may take long.
    Record,
    /// To fill a store that may not be there yet.
    Fill,
    /// To read one that must be there.
    Read,
}

/// A connection to a database.
///
/// Places in a statement are `$1`, `$2`, … in the order of their first appearance, which both engines read.
pub(super) trait Engine: Send {
    fn kind(&self) -> Kind;

    /// Runs statements without places, separated by semicolons.
    fn run(&mut self, statements: &str) -> Result<(), Fault>;

    /// Runs one statement, and says how many rows it changed.
    fn execute(&mut self, statement: &str, values: &[Value]) -> Result<u64, Fault>;

    /// Runs one statement, and shows each row as it comes.
    fn query(
        &mut self,
        statement: &str,
        values: &[Value],
        see: &mut dyn FnMut(&dyn Row) -> Result<(), Fault>,
    ) -> Result<(), Fault>;

    /// Begins a transaction that sees one state of the database and, in SQLite, is the only one to write.
    fn begin(&mut self) -> Result<(), Fault>;

    /// Takes the lock if nobody has it. Not within a transaction.
    fn try_lock(&mut self, lock: Lock) -> Result<bool, Fault>;

    /// Gives the lock back.
    fn unlock(&mut self, lock: Lock) -> Result<(), Fault>;

    /// Has rows of this day, in days since 1970, find their place. Not within a transaction.
    fn make_room(&mut self, day: i64) -> Result<(), Fault>;

    /// Drops all turns of days before this one; `false` while there are more to drop.
    fn drop_turns_before(&mut self, day: i64) -> Result<bool, Fault>;
}

/// Runs `work` in a transaction: all of it or none.
pub(super) fn atomically<T>(
    engine: &mut dyn Engine,
    work: impl FnOnce(&mut dyn Engine) -> Result<T, Fault>,
) -> Result<T, Fault> {
    engine.begin()?;
    let done = work(engine).and_then(|done| engine.run("COMMIT").map(|()| done));
    if done.is_err() {
        // A connection that is gone has rolled back by itself.
        let _ = engine.run("ROLLBACK");
    }
    done
}

/// Runs `work` under `lock`, or not at all where another process has it.
pub(super) fn locked<T>(
    engine: &mut dyn Engine,
    lock: Lock,
    work: impl FnOnce(&mut dyn Engine) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    if !engine.try_lock(lock)? {
        return Ok(None);
    }
    let done = work(engine);
    // Where the connection is gone, so is its lock.
    let unlocked = engine.unlock(lock);
    let done = done?;
    unlocked.map(|()| Some(done))
}

/// What is to be done about a statement that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cure {
    /// Connect anew, and try again.
    Reconnect,
    /// Try again.
    Again,
    /// Nothing: it would fail again.
    Nothing,
}

/// Why the database did not do what it was asked. It quotes no value and no password.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) cure: Cure,
    message: String,
}

impl Fault {
    pub(super) fn new(cure: Cure, message: impl Into<String>) -> Self {
        Self { cure, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
