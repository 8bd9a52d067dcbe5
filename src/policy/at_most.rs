//! A policy that asks no more once so many questions were asked.

use super::testing::Tester;
use super::{Decision, Looks, Policy, Situation, Trace};

/// Does nothing where the policy would ask and so many questions were asked already, by whomever.
#[derive(Clone, Debug)]
pub struct AtMost<P> {
    policy: P,
    most: usize,
}

impl<P> AtMost<P> {
    /// `policy`, as long as fewer than `most` questions were asked.
    pub fn new(policy: P, most: usize) -> Self {
        Self { policy, most }
    }
}

impl<P: Policy> Policy for AtMost<P> {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self.decide_traced(situation, &mut Trace::off())
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        let decision = self.policy.decide_traced(situation, trace);
        if !decision.act.asks() {
            return decision;
        }
        let questions = situation.history.questions;
        let mut tester = Tester::new(self.name(), None, Some(decision.act), trace);
        if tester.below("at-most", questions, self.most) {
            return decision;
        }
        Decision::none(format!("{questions} questions were asked, which is not below at-most {}", self.most))
    }

    fn name(&self) -> &str {
        self.policy.name()
    }

    fn definition(&self) -> String {
        format!("({}) at most {}", self.policy.definition(), self.most)
    }

    fn looks(&self) -> Looks {
        self.policy.looks()
    }
}
