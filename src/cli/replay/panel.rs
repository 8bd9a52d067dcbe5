//! Several policies shown the same turn: it is judged once, and each says what it would do.

use std::sync::{Arc, Mutex, PoisonError};

use crate::dialogue::GroundingAct;
use crate::policy::{Decision, Looks, Policy, Rule, RulePolicy, Situation};

/// The thresholds of the budget curve.
pub(super) const THRESHOLDS: [f32; 19] =
    [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

/// A policy that does nothing but ask others.
///
/// What of a request is looked at depends on the policy, and so may what it sees of the history: those on one panel look at
/// the same.
pub(super) struct Panel {
    policies: Vec<Arc<dyn Policy>>,
    curve: Vec<RulePolicy>,
    seen: Mutex<Option<Decisions>>,
}

/// What each would do about one turn.
#[derive(Debug)]
pub(super) struct Decisions {
    /// In the order of the policies.
    pub(super) of: Vec<Decision>,
    /// Whether there would be a question at each of [`THRESHOLDS`].
    pub(super) asks: [bool; THRESHOLDS.len()],
}

impl Panel {
    /// As many panels as there are ways to look at a request, with the positions of their policies among all.
    pub(super) fn of(policies: &[Arc<dyn Policy>]) -> Vec<(Vec<usize>, Self)> {
        let mut looks: Vec<Looks> = Vec::new();
        for policy in policies.iter().map(|policy| policy.looks()) {
            if !looks.contains(&policy) {
                looks.push(policy);
            }
        }
        let panel = |looks: &Looks| {
            let alike = policies.iter().enumerate().filter(|(_, policy)| policy.looks() == *looks);
            let (places, policies) = alike.map(|(at, policy)| (at, Arc::clone(policy))).unzip();
            (places, Self::new(policies))
        };
        looks.iter().map(panel).collect()
    }

    fn new(policies: Vec<Arc<dyn Policy>>) -> Self {
        // One rule that asks, with the caps that rules that ask have by themselves.
        let asking = |threshold| Rule { ambiguity: Some(threshold), ..Rule::plain(GroundingAct::Clarify) };
        let curve = THRESHOLDS.map(|threshold| RulePolicy { name: "curve".to_owned(), rules: vec![asking(threshold)] });
        Self { policies, curve: curve.into(), seen: Mutex::new(None) }
    }

    /// What they would do about the turn that was decided last; `None` where none was.
    pub(super) fn take(&self) -> Option<Decisions> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Policy for Panel {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        let of = self.policies.iter().map(|policy| policy.decide(situation)).collect();
        let mut asks = [false; THRESHOLDS.len()];
        for (asks, policy) in asks.iter_mut().zip(&self.curve) {
            *asks = !policy.decide(situation).is_none();
        }
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Decisions { of, asks });
        Decision::none("replayed")
    }

    fn name(&self) -> &str {
        "replay"
    }

    /// As much as any of them does.
    fn looks(&self) -> Looks {
        self.policies.iter().map(|policy| policy.looks()).fold(Looks::default(), Looks::and)
    }
}
