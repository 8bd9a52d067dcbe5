//! Policies: from a judgement and what the conversation's history shows, to a decision.
//!
//! A policy is one function of a read-only [`Situation`]. It keeps no state: everything it may look at is in the
//! request, so that any replica decides alike and a recorded turn can be decided again.

mod decision;
mod preset;
mod rules;
mod situation;
mod trace;

pub use decision::Decision;
pub use preset::preset;
pub use rules::{Rule, RulePolicy};
pub use situation::{History, Situation, asks};
pub use trace::{Op, Operand, Step, Trace};

/// Decides what is done about a judged turn.
///
/// A closure `Fn(&Situation) -> Decision` is a policy.
pub trait Policy: Send + Sync + 'static {
    /// Decides about one turn.
    fn decide(&self, situation: &Situation<'_>) -> Decision;

    /// Decides alike, and notes on the way what was tried. Unless overridden, nothing is noted.
    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        let _ = trace;
        self.decide(situation)
    }

    /// The name that records carry.
    fn name(&self) -> &str {
        "custom"
    }

    /// Everything that the decisions depend on, as text; records carry a hash of it.
    fn definition(&self) -> String {
        self.name().to_owned()
    }
}

impl<F> Policy for F
where
    F: Fn(&Situation<'_>) -> Decision + Send + Sync + 'static,
{
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self(situation)
    }
}
