//! Observers: whoever is told what happened, without ever holding a request up.

mod appended;
mod attempt;
mod jsonl;
mod line;
#[cfg(feature = "proxy")]
mod metrics;
#[cfg(feature = "proxy")]
mod reason;
#[cfg(feature = "proxy")]
mod recent;
mod record;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub mod store;
pub mod trace;

pub use appended::{Appended, Reopen};
pub use jsonl::{JsonLines, JsonLinesStats};
#[cfg(feature = "proxy")]
pub use metrics::Metrics;
#[cfg(feature = "proxy")]
pub use reason::Reason;
#[cfg(feature = "proxy")]
pub use recent::{Recent, Summary, Totals};
pub use record::{Ending, Judged, Record, SCHEMA};

use std::sync::Arc;

use crate::dialogue::Bypass;

/// Is told of every turn once it is over.
///
/// Called on the request's own task, or on a thread of the classifier's that does nothing else, once the reply has been read: an observer that takes
/// time hands the record to a thread of its own and drops it (and counts the drop) rather than wait.
pub trait Observer: Send + Sync + 'static {
    /// A chat call is over.
    fn turn(&self, record: &Arc<Record>);

    /// A request that is no chat call went through.
    fn passed(&self, bypass: Bypass) {
        let _ = bypass;
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn turn(&self, record: &Arc<Record>) {
        (**self).turn(record);
    }

    fn passed(&self, bypass: Bypass) {
        (**self).passed(bypass);
    }
}

/// Every observer of a list, in order.
///
/// Clones share the list: each record takes one along.
#[derive(Default, Clone)]
pub(crate) struct Observers(Arc<Vec<Arc<dyn Observer>>>);

impl Observers {
    pub(crate) fn push(&mut self, observer: Arc<dyn Observer>) {
        Arc::make_mut(&mut self.0).push(observer);
    }

    pub(crate) fn turn(&self, record: Record) {
        if self.0.is_empty() {
            return;
        }
        let record = Arc::new(record);
        self.0.iter().for_each(|observer| observer.turn(&record));
    }

    pub(crate) fn passed(&self, bypass: Bypass) {
        self.0.iter().for_each(|observer| observer.passed(bypass));
    }
}
