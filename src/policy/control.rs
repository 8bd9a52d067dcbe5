//! A policy that is watched, and changes nothing.

use super::{Decision, Looks, Policy, Situation, Trace};
use crate::dialogue::Delivery;

/// Decides as the policy does, and performs nothing: the turn is judged, what would have been done is recorded, and the
/// request goes on as it came.
///
/// The control arm of an experiment, and a new policy's first week.
#[derive(Clone, Debug)]
pub struct Control<P>(P);

impl<P> Control<P> {
    /// Watches `policy`.
    pub fn new(policy: P) -> Self {
        Self(policy)
    }
}

impl<P: Policy> Policy for Control<P> {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self.decide_traced(situation, &mut Trace::off())
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        Decision { delivery: Delivery::Observe, ..self.0.decide_traced(situation, trace) }
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn definition(&self) -> String {
        format!("({}) observed", self.0.definition())
    }

    fn looks(&self) -> Looks {
        self.0.looks()
    }
}
