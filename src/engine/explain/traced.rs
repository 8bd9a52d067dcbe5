//! A policy that remembers what it was shown and what it tried, so that the engine need not know that somebody watches.

use std::sync::{Arc, Mutex, PoisonError};

use super::Facts;
use crate::policy::{Decision, Looks, Policy, Situation, Trace};

/// Decides as the policy inside.
pub(super) struct Traced {
    policy: Arc<dyn Policy>,
    seen: Mutex<(Option<Facts>, Trace)>,
}

impl Traced {
    pub(super) fn new(policy: Arc<dyn Policy>) -> Self {
        Self { policy, seen: Mutex::new((None, Trace::off())) }
    }

    /// What it was shown last, and what it tried then.
    pub(super) fn take(&self) -> (Option<Facts>, Trace) {
        std::mem::replace(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner), (None, Trace::off()))
    }
}

impl Policy for Traced {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        let mut trace = Trace::new();
        let decision = self.policy.decide_traced(situation, &mut trace);
        let facts = Facts { history: situation.history.clone(), tools: situation.tools, unseen: situation.unseen };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = (Some(facts), trace);
        decision
    }

    fn name(&self) -> &str {
        self.policy.name()
    }

    fn definition(&self) -> String {
        self.policy.definition()
    }

    fn looks(&self) -> Looks {
        self.policy.looks()
    }
}
