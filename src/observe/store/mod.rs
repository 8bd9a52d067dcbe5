//! The store: every turn, what came of it, and what that makes of each unit of an experiment.
//!
//! One schema, two engines: SQLite in a file (feature `sqlite`), PostgreSQL for a fleet (feature `postgres`). [`Store`] is an
//! observer that never holds a request up: records wait in a bounded queue for a thread that writes them in batches. Each is
//! kept under an identity of its own, so that a batch that is written again, by whomever, adds nothing. What came of a unit
//! is worked out from all of its records whenever one is added, by a pure function: it does not matter which replica
//! wrote them, nor in which order. A report reads rows of units and nothing else.

mod attempts;
mod columns;
mod engine;
mod feedback;
mod join;
mod place;
#[cfg(feature = "postgres")]
mod postgresql;
mod queue;
mod reader;
mod roll;
mod rollup;
#[cfg(test)]
mod rollup_tests;
mod schema;
#[cfg(feature = "postgres")]
mod secure;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stored;
mod sweep;
mod transfer;
mod units;
mod value;
mod write;
mod writer;

pub use feedback::{About, Outcome, OutcomeValue};
pub use place::StorePlace;
pub use queue::{QueueFull, Store, StoreOptions, StoreStats};
pub use reader::{StoreReader, StoreSummary};
pub use transfer::{Exported, Imported};

use engine::Fault;
