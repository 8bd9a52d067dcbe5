//! Asking where it is worth its cost: expected utility, after Horvitz, "Principles of Mixed-Initiative User Interfaces" (CHI
//! 1999).
//!
//! A question is asked iff `p * q * gain > turn + abandonment + history`, and only if nothing else is worth more:
//!
//! | act | utility |
//! |---|---|
//! | `clarify` | `p * answered * gain - turn-cost - abandonment - history-cost * questions` |
//! | `check` | `u * answered * check-gain - check-cost - abandonment - history-cost * questions` |
//! | `assume` | `u * assume-gain - assume-cost` |
//! | none | 0 |
//!
//! `p` is the probability that a question is needed, `u` that a question or a stated assumption is. All values are in parts
//! of what the right answer is worth to the user.

use serde::{Deserialize, Serialize};

use super::budget::Budget;
use super::testing::Tester;
use super::{Decision, Looks, Op, Operand, Policy, Situation, Trace};
use crate::dialogue::{Delivery, GroundingAct, UserAct};

/// What asking is worth, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Utility {
    /// What is gained by the right answer in place of a wrong one: the unit of all others. 1.
    pub gain: f32,
    /// The probability that a question is answered rightly. 0.73: Zou and Kanoulas, "Towards Question-based Recommender
    /// Systems" and its user studies (2020), as quoted in later work.
    pub answered: f32,
    /// What a turn more costs the user. 0.10: a choice of ours; answering took 7 s in the same studies.
    pub turn_cost: f32,
    /// What it costs that users give up when asked. 0.14: the share who stopped from fatigue in the same studies, times all
    /// that the answer was worth.
    pub abandonment: f32,
    /// What each question before this one adds to the cost. 0.15: a choice of ours, after the finding that poor and repeated
    /// questions are worse than none (Zou et al. 2022, 2023).
    pub history_cost: f32,
    /// What is gained by a yes or no to the reading that the assistant puts up. 0.5: a choice of ours.
    pub check_gain: f32,
    /// What a yes or no costs the user. 0.05: a choice of ours, half of a turn.
    pub check_cost: f32,
    /// What is gained by a stated assumption, which the user can correct. 0.3: a choice of ours.
    pub assume_gain: f32,
    /// What it costs to read a clause more. 0.1: a choice of ours; it keeps stated assumptions to turns that need one with a
    /// probability of a third or more.
    pub assume_cost: f32,
}

impl Default for Utility {
    fn default() -> Self {
        Self {
            gain: 1.0,
            answered: 0.73,
            turn_cost: 0.10,
            abandonment: 0.14,
            history_cost: 0.15,
            check_gain: 0.5,
            check_cost: 0.05,
            assume_gain: 0.3,
            assume_cost: 0.1,
        }
    }
}

impl Utility {
    /// Every constant with its key, for who checks or shows them.
    pub fn constants(&self) -> [(&'static str, f32); 9] {
        [
            ("gain", self.gain),
            ("answered", self.answered),
            ("turn-cost", self.turn_cost),
            ("abandonment", self.abandonment),
            ("history-cost", self.history_cost),
            ("check-gain", self.check_gain),
            ("check-cost", self.check_cost),
            ("assume-gain", self.assume_gain),
            ("assume-cost", self.assume_cost),
        ]
    }

    /// The utility of each act in this situation, that of doing nothing being 0.
    fn of_acts(&self, situation: &Situation<'_>) -> [(GroundingAct, &'static str, f32); 3] {
        let (p, u) = (situation.judgement.ambiguity(), situation.judgement.underspecified());
        // A conversation has no more questions than a float can count.
        let bother = self.abandonment + self.history_cost * situation.history.questions as f32;
        [
            (GroundingAct::Clarify, "utility of clarify", p * self.answered * self.gain - self.turn_cost - bother),
            (GroundingAct::Check, "utility of check", u * self.answered * self.check_gain - self.check_cost - bother),
            (GroundingAct::Assume, "utility of assume", u * self.assume_gain - self.assume_cost),
        ]
    }
}

/// Does what has the highest expected utility.
#[derive(Clone, Debug, PartialEq)]
pub struct UtilityPolicy {
    /// The name that records carry.
    pub name: String,
    /// What asking is worth, and what it costs.
    pub utility: Utility,
    /// How often the user may be asked at all.
    pub budget: Budget,
}

impl UtilityPolicy {
    /// A policy of this name with these constants, within the usual budget.
    pub fn new(name: impl Into<String>, utility: Utility) -> Self {
        Self { name: name.into(), utility, budget: Budget::default() }
    }
}

impl Policy for UtilityPolicy {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self.decide_traced(situation, &mut Trace::off())
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        let act = situation.act();
        if matches!(act, UserAct::RefusesQuestion | UserAct::Acknowledgment | UserAct::Hedge) {
            return Decision::none("the turn leaves nothing to ask");
        }
        let mut best: Option<(GroundingAct, &'static str, f32)> = None;
        for (act, condition, utility) in self.utility.of_acts(situation) {
            // Of two that are worth the same, the one that asks less wins: they come in that order.
            let least = best.map_or(0.0, |(_, _, best)| best);
            let mut tester = Tester::new(&self.name, None, Some(act), trace);
            let worth = if best.is_some() { utility >= least } else { utility > least };
            let op = if best.is_some() { Op::AtLeast } else { Op::Above };
            tester.note(condition, worth, || (Operand::Number(utility), op, Operand::Number(least)));
            if worth && (!act.asks() || self.budget.allows(situation, &mut tester)) {
                best = Some((act, condition, utility));
            }
        }
        let Some((act, condition, utility)) = best else { return Decision::none("nothing is worth its cost") };
        Decision {
            act,
            delivery: Delivery::Steer,
            force: false,
            gap: Some(situation.judgement.gap.top()),
            reason: format!("{condition} {utility:.2} > 0").into(),
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn definition(&self) -> String {
        format!("{}: {:?} {:?}", self.name, self.utility, self.budget)
    }

    fn looks(&self) -> Looks {
        Looks { back: 1, ..Looks::default() }
    }
}
