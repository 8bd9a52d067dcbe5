//! How often the user may be asked.

use serde::{Deserialize, Serialize};

use super::testing::Tester;
use super::{Decision, Looks, Op, Operand, Policy, Situation, Trace};
use crate::dialogue::{Delivery, GroundingAct};

/// How often the user may be asked. Once the user wants answers and no questions, not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Budget {
    /// Questions in a conversation, by whomever they were worded. 2 unless set.
    pub questions: usize,
    /// User turns without a question after one that declined a question. 3 unless set.
    pub cooldown: usize,
    /// Whether a question may follow right on another. Not unless set.
    pub consecutive: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self { questions: 2, cooldown: 3, consecutive: false }
    }
}

impl Budget {
    /// Whether a question may be asked now.
    pub(super) fn allows(&self, situation: &Situation<'_>, tester: &mut Tester<'_>) -> bool {
        let history = situation.history;
        tester.is_not("just-answer", situation.just_answer())
            && tester.is_not("asked-before", history.asked_before)
            && tester.below("questions", history.questions, self.questions)
            && (self.consecutive || tester.is_not("consecutive", history.after_question))
            && situation.since_refusal().is_none_or(|since| {
                tester.note("cooldown", since > self.cooldown, || {
                    (Operand::Count(since), Op::Above, Operand::Count(self.cooldown))
                })
            })
    }
}

/// A policy within a budget. Where it would ask and may not, the model states the reading that it takes, and goes on.
#[derive(Clone, Debug)]
pub struct Within<P> {
    policy: P,
    budget: Budget,
}

impl<P> Within<P> {
    /// `policy`, within `budget`.
    pub fn new(policy: P, budget: Budget) -> Self {
        Self { policy, budget }
    }
}

impl<P: Policy> Policy for Within<P> {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self.decide_traced(situation, &mut Trace::off())
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        let decision = self.policy.decide_traced(situation, trace);
        if !decision.act.asks() {
            return decision;
        }
        let mut tester = Tester::new(self.name(), None, Some(decision.act), trace);
        if self.budget.allows(situation, &mut tester) {
            return decision;
        }
        let delivery = if decision.delivery == Delivery::Observe { Delivery::Observe } else { Delivery::Steer };
        let reason = format!("{}; no question within the budget", decision.reason);
        Decision { act: GroundingAct::Assume, delivery, reason: reason.into(), ..decision }
    }

    fn name(&self) -> &str {
        self.policy.name()
    }

    fn definition(&self) -> String {
        format!("({}) within {:?}", self.policy.definition(), self.budget)
    }

    fn looks(&self) -> Looks {
        self.policy.looks().and(Looks { back: 1, ..Looks::default() })
    }
}
