//! A policy for some turns only.

use serde::{Deserialize, Serialize};

use super::conditions::with_conditions;
use super::testing::Tester;
use super::{Decision, Looks, Policy, Situation, Trace};

with_conditions! {
    /// Conditions around a policy; all must hold. The keys are those of a [`Rule`](super::Rule).
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub struct Conditions {}
}

/// Does nothing unless the conditions hold.
#[derive(Clone, Debug)]
pub struct OnlyIf<P> {
    policy: P,
    conditions: Conditions,
}

impl<P> OnlyIf<P> {
    /// `policy`, where `conditions` hold.
    pub fn new(policy: P, conditions: Conditions) -> Self {
        Self { policy, conditions }
    }
}

impl<P: Policy> Policy for OnlyIf<P> {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self.decide_traced(situation, &mut Trace::off())
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        let mut tester = Tester::new(self.name(), None, None, trace);
        if !self.conditions.when().hold(situation, &mut tester) {
            return Decision::none("only-if does not hold");
        }
        self.policy.decide_traced(situation, trace)
    }

    fn name(&self) -> &str {
        self.policy.name()
    }

    fn definition(&self) -> String {
        format!("({}) only if {:?}", self.policy.definition(), self.conditions)
    }

    fn looks(&self) -> Looks {
        self.policy.looks().and(self.conditions.when().looks())
    }
}
