//! One policy, and where it does nothing, another.

use super::{Decision, Looks, Policy, Situation, Trace};

/// Decides as the first does; where that does nothing, as the second does.
#[derive(Clone, Debug)]
pub struct OrElse<A, B> {
    first: A,
    second: B,
}

impl<A, B> OrElse<A, B> {
    /// `first`, or else `second`.
    pub fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: Policy, B: Policy> Policy for OrElse<A, B> {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self.decide_traced(situation, &mut Trace::off())
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        let decision = self.first.decide_traced(situation, trace);
        if decision.is_none() { self.second.decide_traced(situation, trace) } else { decision }
    }

    fn name(&self) -> &str {
        self.first.name()
    }

    fn definition(&self) -> String {
        format!("({}) or else ({})", self.first.definition(), self.second.definition())
    }

    fn looks(&self) -> Looks {
        self.first.looks().and(self.second.looks())
    }
}
