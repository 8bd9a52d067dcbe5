//! The store in a file: SQLite, compiled in.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, TransactionBehavior, params_from_iter};

use super::engine::{Cure, Engine, Fault, Kind, Lock, Purpose};
use super::value::{Row, Value};
use crate::dialogue::Id;

/// How long a statement waits for another process that writes.
const BUSY: Duration = Duration::from_secs(2);

/// Turns that are dropped in one transaction, so that nobody waits long for it.
const DROPPED_AT_ONCE: i64 = 5_000;

const MILLIS_A_DAY: i64 = 86_400_000;

/// Statements that are kept prepared.
const PREPARED: usize = 64;

/// A connection to a file.
pub(super) struct Sqlite(Connection);

impl Sqlite {
    /// Opens the file, or creates it where that is wanted.
    pub(super) fn open(path: &Path, purpose: Purpose) -> Result<Self, Fault> {
        use rusqlite::OpenFlags;
        let flags = match purpose {
            Purpose::Read => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Purpose::Record | Purpose::Fill => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        // In WAL mode readers and the writer do not wait for each other, and `NORMAL` keeps every commit through the end of
        // the process; the last ones may be lost with the machine (https://www.sqlite.org/wal.html, section 4).
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // Sorting beyond this goes to a temporary file rather than into memory.
        connection.pragma_update(None, "cache_size", -16_384)?;
        connection.pragma_update(None, "temp_store", "FILE")?;
        Ok(Self(connection))
    }
}

impl Engine for Sqlite {
    fn kind(&self) -> Kind {
        Kind::Sqlite
    }

    fn run(&mut self, statements: &str) -> Result<(), Fault> {
        Ok(self.0.execute_batch(statements)?)
    }

    fn execute(&mut self, statement: &str, values: &[Value]) -> Result<u64, Fault> {
        Ok(self.0.prepare_cached(statement)?.execute(params_from_iter(values))? as u64)
    }

    fn query(
        &mut self,
        statement: &str,
        values: &[Value],
        see: &mut dyn FnMut(&dyn Row) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut statement = self.0.prepare_cached(statement)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            see(row)?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), Fault> {
        self.0.set_transaction_behavior(TransactionBehavior::Immediate);
        Ok(self.0.execute_batch("BEGIN IMMEDIATE")?)
    }

    fn try_lock(&mut self, _: Lock) -> Result<bool, Fault> {
        // Who writes is alone: see `begin`.
        Ok(true)
    }

    fn unlock(&mut self, _: Lock) -> Result<(), Fault> {
        Ok(())
    }

    fn make_room(&mut self, _: i64) -> Result<(), Fault> {
        Ok(())
    }

    fn drop_turns_before(&mut self, day: i64) -> Result<bool, Fault> {
        let first = Id::at_millis(u64::try_from(day * MILLIS_A_DAY).unwrap_or(0), [0; 10]);
        let dropped = self.execute(
            "DELETE FROM groundwire_turns WHERE attempt IN \
             (SELECT attempt FROM groundwire_turns WHERE attempt < $1 ORDER BY attempt LIMIT $2)",
            &[Value::Id(first), Value::Int(DROPPED_AT_ONCE)],
        )?;
        Ok(dropped < DROPPED_AT_ONCE.unsigned_abs())
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Id(id) => ValueRef::Blob(id.as_bytes()),
        }))
    }
}

impl Row for rusqlite::Row<'_> {
    fn int(&self, at: usize) -> Result<Option<i64>, Fault> {
        Ok(self.get_ref(at)?.as_i64_or_null().map_err(rusqlite::Error::from)?)
    }

    fn real(&self, at: usize) -> Result<Option<f64>, Fault> {
        // A column that SQLite gives a whole number to holds one.
        match self.get_ref(at)? {
            ValueRef::Integer(whole) => Ok(Some(whole as f64)),
            other => Ok(other.as_f64_or_null().map_err(rusqlite::Error::from)?),
        }
    }

    fn text(&self, at: usize) -> Result<Option<&str>, Fault> {
        Ok(self.get_ref(at)?.as_str_or_null().map_err(rusqlite::Error::from)?)
    }

    fn id(&self, at: usize) -> Result<Option<Id>, Fault> {
        let bytes = self.get_ref(at)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        bytes.map(Id::from_slice).map_or(Ok(None), |id| id.map(Some).ok_or_else(no_identity))
    }
}

fn no_identity() -> Fault {
    Fault::new(Cure::Nothing, "the store holds an identity that is none")
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let cure = match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Cure::Again,
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::NotADatabase
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::SchemaChanged
                | ErrorCode::FileLockingProtocolFailed,
            ) => Cure::Reconnect,
            _ => Cure::Nothing,
        };
        let message = match &error {
            // What a constraint or a type is about may be a value.
            rusqlite::Error::SqliteFailure(code, _) => format!("SQLite: {code}"),
            other => format!("SQLite: {other}"),
        };
        Self::new(cure, message)
    }
}
