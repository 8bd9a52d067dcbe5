//! What requests are served with, which can be exchanged while they are.
//!
//! A request takes what is there when its head has arrived, service and limits together, and keeps it to its end: none is
//! ever served by parts of two configurations. A connection keeps the limits that it was accepted under.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::connection::Shared;
use super::feedback::Tell;
use super::{AccessLog, Counts};
use crate::config::Config;

/// A service and its limits, exchangeable while it is being served. Clones are one.
pub struct Live<S> {
    current: Arc<RwLock<Arc<Serving<S>>>>,
    counts: Counts,
    feedback: Option<Tell>,
}

/// One configuration's service and limits.
pub(super) struct Serving<S> {
    pub(super) service: S,
    pub(super) shared: Arc<Shared>,
}

impl<S> Live<S> {
    pub(super) fn new(
        service: S,
        config: &Config,
        access: Option<AccessLog>,
        counts: Counts,
        feedback: Option<Tell>,
    ) -> Self {
        let shared = Arc::new(Shared::new(config, access, counts.clone(), feedback.clone()));
        Self { current: Arc::new(RwLock::new(Arc::new(Serving { service, shared }))), counts, feedback }
    }

    /// Serves every request from now on with `service`, under the limits of `config`, and tells `access` of it. Those that
    /// have begun are not touched.
    pub fn exchange(&self, service: S, config: &Config, access: Option<AccessLog>) {
        let shared = Arc::new(Shared::new(config, access, self.counts.clone(), self.feedback.clone()));
        let new = Arc::new(Serving { service, shared });
        let old = std::mem::replace(&mut *self.current.write().unwrap_or_else(PoisonError::into_inner), new);
        // Outside the lock, since it may be the last to hold on to the old one.
        drop(old);
    }

    pub(super) fn current(&self) -> Arc<Serving<S>> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S> Clone for Live<S> {
    fn clone(&self) -> Self {
        Self { current: Arc::clone(&self.current), counts: self.counts.clone(), feedback: self.feedback.clone() }
    }
}

impl<S> fmt::Debug for Live<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}
