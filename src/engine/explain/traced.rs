//! Policies that remember what they were shown and what they tried, so that the engine need not know that somebody watches.

use std::sync::{Arc, Mutex, PoisonError};

use super::Facts;
use crate::policy::{Decision, Looks, Policy, Situation, Step, Trace};

/// What policies were shown and tried. Clones are one.
#[derive(Clone, Default)]
pub(super) struct Watch(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    facts: Option<Facts>,
    steps: Vec<Step>,
}

impl Watch {
    /// Decides as `policy`, and is watched.
    pub(super) fn over(&self, policy: &Arc<dyn Policy>) -> Arc<dyn Policy> {
        Arc::new(Traced { policy: Arc::clone(policy), watch: self.clone() })
    }

    /// What they were shown, and what they tried, in the order in which they were asked.
    pub(super) fn take(&self) -> (Option<Facts>, Vec<Step>) {
        let seen = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        (seen.facts, seen.steps)
    }
}

struct Traced {
    policy: Arc<dyn Policy>,
    watch: Watch,
}

impl Policy for Traced {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        let mut trace = Trace::new();
        let decision = self.policy.decide_traced(situation, &mut trace);
        let Situation { history, tools, unseen, request, .. } = *situation;
        let facts = Facts { history: history.clone(), tools, unseen, domain: request.domain.clone() };
        let mut seen = self.watch.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.facts = Some(facts);
        seen.steps.extend_from_slice(trace.steps());
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
