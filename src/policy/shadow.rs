//! A policy that decides, and another beside it whose decision is only told.

use super::{Decision, Looks, Policy, Situation, Trace};

/// Decides as the first does. The reason says, too, what the second would have done, where that is something else.
#[derive(Clone, Debug)]
pub struct Shadow<A, B> {
    policy: A,
    beside: B,
}

impl<A, B> Shadow<A, B> {
    /// `policy`, with `beside` in its shadow.
    pub fn new(policy: A, beside: B) -> Self {
        Self { policy, beside }
    }
}

impl<A: Policy, B: Policy> Policy for Shadow<A, B> {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self.decide_traced(situation, &mut Trace::off())
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        let decision = self.policy.decide_traced(situation, trace);
        let beside = self.beside.decide_traced(situation, trace);
        if (beside.act, beside.delivery) == (decision.act, decision.delivery) {
            return decision;
        }
        let (name, act) = (self.beside.name(), beside.act);
        let reason = format!("{}; {name} would: {act}, {} ({})", decision.reason, beside.delivery, beside.reason);
        Decision { reason: reason.into(), ..decision }
    }

    fn name(&self) -> &str {
        self.policy.name()
    }

    fn definition(&self) -> String {
        format!("({}) with ({}) in its shadow", self.policy.definition(), self.beside.definition())
    }

    fn looks(&self) -> Looks {
        self.policy.looks().and(self.beside.looks())
    }
}
