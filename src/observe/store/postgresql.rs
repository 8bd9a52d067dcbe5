//! The store of a fleet: PostgreSQL.

use std::collections::{HashMap, HashSet};
use std::error::Error as StdError;
use std::time::Duration;

use ::postgres::error::SqlState;
use ::postgres::fallible_iterator::FallibleIterator;
use ::postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use ::postgres::{Client, Statement};
use bytes::{BufMut, BytesMut};

use super::engine::{Cure, Engine, Fault, Kind, Lock, Purpose};
use super::secure::Dsn;
use super::value::{Row, Value};
use crate::dialogue::Id;

/// Longest time until a connection is there.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest time that the other end may leave what was sent to it unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);
/// What a connection that writes may take for one statement. A report may take longer.
const WRITING: &str = "SET statement_timeout = '60s'; SET lock_timeout = '10s'; \
                       SET idle_in_transaction_session_timeout = '60s'";

/// A connection to a server.
pub(super) struct Postgres {
    client: Client,
    prepared: HashMap<String, Statement>,
    /// Days that are known to have a partition.
    days: HashSet<i64>,
}

impl Postgres {
    /// Connects.
    pub(super) fn connect(dsn: &Dsn, purpose: Purpose) -> Result<Self, Fault> {
        let mut config = dsn.config().map_err(|e| Fault::new(Cure::Reconnect, e.to_string()))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNACKNOWLEDGED);
        }
        if config.get_application_name().is_none() {
            config.application_name("groundwire");
        }
        let tls = dsn.tls().map_err(|e| Fault::new(Cure::Reconnect, e.to_string()))?;
        let mut client = config.connect(tls)?;
        if purpose == Purpose::Record {
            client.batch_execute(WRITING)?;
        }
        Ok(Self { client, prepared: HashMap::new(), days: HashSet::new() })
    }

    fn prepared(&mut self, statement: &str) -> Result<Statement, Fault> {
        if let Some(known) = self.prepared.get(statement) {
            return Ok(known.clone());
        }
        let prepared = self.client.prepare(statement)?;
        self.prepared.insert(statement.to_owned(), prepared.clone());
        Ok(prepared)
    }
}

/// The key of an advisory lock: ours begin with the letters "gw".
fn key(lock: Lock) -> i64 {
    0x6777_0000_0000_0000 + lock as i64
}

impl Engine for Postgres {
    fn kind(&self) -> Kind {
        Kind::Postgres
    }

    fn run(&mut self, statements: &str) -> Result<(), Fault> {
        Ok(self.client.batch_execute(statements)?)
    }

    fn execute(&mut self, statement: &str, values: &[Value]) -> Result<u64, Fault> {
        let statement = self.prepared(statement)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        Ok(self.client.execute(&statement, &values)?)
    }

    fn query(
        &mut self,
        statement: &str,
        values: &[Value],
        see: &mut dyn FnMut(&dyn Row) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let statement = self.prepared(statement)?;
        let mut rows = self.client.query_raw(&statement, values)?;
        while let Some(row) = rows.next()? {
            see(&row)?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<(), Fault> {
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
    }

    fn try_lock(&mut self, lock: Lock) -> Result<bool, Fault> {
        let mut got = false;
        let asked = "SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1::bigint ELSE 0::bigint END";
        self.query(asked, &[Value::Int(key(lock))], &mut |row| {
            got = row.int(0)? == Some(1);
            Ok(())
        })?;
        Ok(got)
    }

    fn unlock(&mut self, lock: Lock) -> Result<(), Fault> {
        self.execute("SELECT pg_advisory_unlock($1)", &[Value::Int(key(lock))]).map(drop)
    }

    fn make_room(&mut self, day: i64) -> Result<(), Fault> {
        if self.days.contains(&day) {
            return Ok(());
        }
        let mut name = String::new();
        self.query("SELECT to_char(DATE '1970-01-01' + $1::int, 'YYYYMMDD')", &[Value::Int(day)], &mut |row| {
            name = row.text(0)?.unwrap_or_default().to_owned();
            Ok(())
        })?;
        let next = day + 1;
        // The lock ends with the transaction, and keeps two replicas from making the same table.
        self.run(&format!(
            "BEGIN; SELECT pg_advisory_xact_lock({}); CREATE TABLE IF NOT EXISTS groundwire_turns_{name} \
             PARTITION OF groundwire_turns FOR VALUES FROM ({day}) TO ({next}); COMMIT",
            key(Lock::Schema)
        ))
        .inspect_err(|_| drop(self.client.batch_execute("ROLLBACK")))?;
        self.days.insert(day);
        Ok(())
    }

    fn drop_turns_before(&mut self, day: i64) -> Result<bool, Fault> {
        let mut old = Vec::new();
        let asked = "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                     WHERE i.inhparent = 'groundwire_turns'::regclass \
                     AND c.relname < 'groundwire_turns_' || to_char(DATE '1970-01-01' + $1::int, 'YYYYMMDD')";
        self.query(asked, &[Value::Int(day)], &mut |row| {
            old.extend(row.text(0)?.map(str::to_owned));
            Ok(())
        })?;
        for name in old {
            self.run(&format!("DROP TABLE IF EXISTS {name}"))?;
        }
        self.days.retain(|kept| *kept >= day);
        Ok(true)
    }
}

impl ToSql for Value {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Int(value) if *of == Type::INT4 => out.put_i32(i32::try_from(*value)?),
            Self::Int(value) => out.put_i64(*value),
            Self::Real(value) => out.put_f64(*value),
            Self::Text(text) => out.put_slice(text.as_bytes()),
            Self::Id(id) => out.put_slice(id.as_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        [Type::INT8, Type::INT4, Type::FLOAT8, Type::TEXT, Type::BYTEA].contains(of)
    }

    to_sql_checked!();
}

impl Row for ::postgres::Row {
    fn int(&self, at: usize) -> Result<Option<i64>, Fault> {
        Ok(self.try_get(at)?)
    }

    fn real(&self, at: usize) -> Result<Option<f64>, Fault> {
        Ok(self.try_get(at)?)
    }

    fn text(&self, at: usize) -> Result<Option<&str>, Fault> {
        Ok(self.try_get(at)?)
    }

    fn id(&self, at: usize) -> Result<Option<Id>, Fault> {
        let bytes: Option<&[u8]> = self.try_get(at)?;
        let no_identity = || Fault::new(Cure::Nothing, "the store holds an identity that is none");
        bytes.map(|bytes| Id::from_slice(bytes).ok_or_else(no_identity)).transpose()
    }
}

impl From<::postgres::Error> for Fault {
    fn from(error: ::postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            let cure = if error.is_closed() || error.source().is_some_and(|e| e.is::<std::io::Error>()) {
                Cure::Reconnect
            } else {
                // A value that does not fit its column is a fault of ours; all else is the connection's.
                let ours =
                    error.to_string().starts_with("error serializing") || error.to_string().starts_with("error des");
                if ours { Cure::Nothing } else { Cure::Reconnect }
            };
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            return Self::new(cure, format!("PostgreSQL: {error}{cause}"));
        };
        let code = told.code();
        let again = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::QUERY_CANCELED,
        ];
        let cure = match &code.code()[..2] {
            _ if again.contains(code) => Cure::Again,
            // A row whose partition was dropped meanwhile; a table that is not there (yet); connections, resources,
            // operators, and a server that is not ready.
            "08" | "28" | "3D" | "42" | "53" | "57" | "58" | "XX" | "25" => Cure::Reconnect,
            "23" if told.message().starts_with("no partition") => Cure::Reconnect,
            _ => Cure::Nothing,
        };
        // The message without its detail, which may quote a row.
        Self::new(cure, format!("PostgreSQL: {} ({})", told.message(), code.code()))
    }
}
