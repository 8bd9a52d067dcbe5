//! Policies: from a judgement and what the conversation's history shows, to a decision.
//!
//! A policy is one function of a read-only [`Situation`]. It keeps no state: everything it may look at is in the
//! request, so that any replica decides alike and a recorded turn can be decided again.
//!
//! Rules ([`RulePolicy`]) and expected utility ([`UtilityPolicy`]) are policies, and so is a closure; [`PolicyExt`] makes
//! policies of policies. [`preset()`] has those that ship.

mod at_most;
mod budget;
mod combine;
mod comparable;
mod conditions;
mod control;
mod decision;
mod history;
mod only_if;
mod or_else;
mod preset;
mod request;
mod rules;
mod shadow;
mod situation;
mod table;
mod testing;
mod trace;
mod utility;

pub use at_most::AtMost;
pub use budget::{Budget, Within};
pub use combine::{Named, PolicyExt};
pub use comparable::Uncomparable;
pub use control::Control;
pub use decision::Decision;
pub use history::{History, Reply, TurnFacts, asks};
pub use only_if::{Conditions, OnlyIf};
pub use or_else::OrElse;
pub use preset::{PRESETS, is_shipped, preset};
pub use request::{Looks, RequestFacts};
pub use rules::{Rule, RulePolicy};
pub use shadow::Shadow;
pub use situation::Situation;
pub use table::{PolicyTable, Unbuildable, policy_of};
pub use trace::{Op, Operand, Step, Trace};
pub use utility::{Utility, UtilityPolicy};

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

    /// What it looks at beside the turn and the words of its history. Unless overridden, at nothing.
    fn looks(&self) -> Looks {
        Looks::default()
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
