//! Policies made of policies.
//!
//! ```
//! use groundwire::policy::{Conditions, Policy, PolicyExt, preset};
//!
//! let health = Conditions { domain: Some(vec!["health".to_owned()]), ..Conditions::default() };
//! let gentle = preset("gentle").ok_or("it ships")?;
//! let policy = preset("careful").ok_or("it ships")?.only_if(health).or_else(gentle).at_most(2);
//! assert_eq!(policy.name(), "careful");
//! # Ok::<(), &str>(())
//! ```

use std::sync::Arc;

use super::{
    AtMost, Budget, Conditions, Control, Decision, Looks, OnlyIf, OrElse, Policy, Shadow, Situation, Trace, Within,
};

/// Combinators of policies.
pub trait PolicyExt: Policy + Sized {
    /// This one, and where it does nothing, `other`.
    fn or_else<P: Policy>(self, other: P) -> OrElse<Self, P> {
        OrElse::new(self, other)
    }

    /// Asks only while fewer than `most` questions were asked in the conversation.
    fn at_most(self, most: usize) -> AtMost<Self> {
        AtMost::new(self, most)
    }

    /// Does nothing unless the conditions hold.
    fn only_if(self, conditions: Conditions) -> OnlyIf<Self> {
        OnlyIf::new(self, conditions)
    }

    /// Asks only as often as the budget allows; else an assumption is stated.
    fn within(self, budget: Budget) -> Within<Self> {
        Within::new(self, budget)
    }

    /// Performs nothing; what would have been done is recorded.
    fn observed(self) -> Control<Self> {
        Control::new(self)
    }

    /// Tells beside its own decision what `other` would have done.
    fn shadowed_by<P: Policy>(self, other: P) -> Shadow<Self, P> {
        Shadow::new(self, other)
    }

    /// The same under another name, which records carry.
    fn named(self, name: impl Into<String>) -> Named<Self> {
        Named { name: name.into(), policy: self }
    }
}

impl<P: Policy> PolicyExt for P {}

/// A policy under a name of its own.
#[derive(Clone, Debug)]
pub struct Named<P> {
    name: String,
    policy: P,
}

impl<P: Policy> Policy for Named<P> {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self.policy.decide(situation)
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        self.policy.decide_traced(situation, trace)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn definition(&self) -> String {
        format!("{}: {}", self.name, self.policy.definition())
    }

    fn looks(&self) -> Looks {
        self.policy.looks()
    }
}

impl Policy for Arc<dyn Policy> {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        (**self).decide(situation)
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        (**self).decide_traced(situation, trace)
    }

    fn name(&self) -> &str {
        (**self).name()
    }

    fn definition(&self) -> String {
        (**self).definition()
    }

    fn looks(&self) -> Looks {
        (**self).looks()
    }
}
