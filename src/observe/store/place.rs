//! Where a store is: a file, or a server.

use std::fmt;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::str::FromStr;

use super::engine::{Engine, Fault, Purpose};
use super::schema;
#[cfg(feature = "postgres")]
use super::secure::Dsn;
use crate::error::{Error, Result};

/// Where a store is: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
///
/// It may hold a password: `Debug` and `Display` show none of a server's URL.
#[derive(Clone, PartialEq, Eq)]
pub struct StorePlace(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(Dsn),
}

impl StorePlace {
    /// The file, where it is one.
    pub fn file(&self) -> Option<&std::path::Path> {
        match &self.0 {
            #[cfg(feature = "sqlite")]
            Place::Sqlite(path) => Some(path),
            #[cfg(feature = "postgres")]
            Place::Postgres(_) => None,
        }
    }

    /// Connects, and has the tables be of this version.
    pub(super) fn open(&self, purpose: Purpose) -> Result<Box<dyn Engine>, Fault> {
        let mut engine: Box<dyn Engine> = match &self.0 {
            #[cfg(feature = "sqlite")]
            Place::Sqlite(path) => Box::new(super::sqlite::Sqlite::open(path, purpose)?),
            #[cfg(feature = "postgres")]
            Place::Postgres(dsn) => Box::new(super::postgresql::Postgres::connect(dsn, purpose)?),
        };
        schema::migrate(&mut *engine)?;
        Ok(engine)
    }
}

impl FromStr for StorePlace {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains('?') || path == ":memory:" {
                return Err(Error::io(
                    "`sqlite:` must be followed by the path of a file, such as sqlite:groundwire.db",
                ));
            }
            #[cfg(feature = "sqlite")]
            return Ok(Self(Place::Sqlite(PathBuf::from(path))));
            #[cfg(not(feature = "sqlite"))]
            return Err(Error::io("this build has no SQLite: build it with the feature `sqlite`"));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            #[cfg(feature = "postgres")]
            return Ok(Self(Place::Postgres(Dsn::new(text)?)));
            #[cfg(not(feature = "postgres"))]
            return Err(Error::io("this build has no PostgreSQL: build it with the feature `postgres`"));
        }
        Err(Error::io("this is no place of a store: write sqlite:PATH, or postgres://USER:PASSWORD@HOST:PORT/DATABASE"))
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            #[cfg(feature = "sqlite")]
            Place::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            #[cfg(feature = "postgres")]
            Place::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

impl fmt::Debug for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StorePlace({self})")
    }
}
