//! The engine: from a request's head and body to an intervention and a record.
//!
//! It knows the `http` types and no connection, so that every host (the tower layer, the proxy, a command that plays
//! recorded conversations) is a thin adapter. One request passes through three steps: [`Grounder::admit`] looks at the
//! head, [`Grounder::prepare`] reads the body and starts the judgement, [`Grounder::conclude`] decides.

mod admit;
mod builder;
mod complied;
mod conclude;
pub mod explain;
mod harness;
mod pending;
mod perform;
mod prepare;
mod settings;
mod text;

pub(crate) use admit::is_signed;
pub use admit::{Admission, Admitted};
pub use builder::GrounderBuilder;
pub use conclude::Outcome;
pub use pending::Pending;
pub use prepare::{JudgedTurn, Prepared};
pub use settings::{Settings, ToolsOffered};

use std::sync::Arc;

use crate::act::Phrases;
use crate::classify::Classifier;
use crate::dialogue::IdentityKey;
use crate::experiment::Experiments;
use crate::observe::Observers;
use crate::policy::{Looks, Policy};

/// Judges turns and performs grounding acts. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Grounder(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    classifier: Arc<dyn Classifier>,
    policy: Arc<dyn Policy>,
    policy_name: Arc<str>,
    looks: Looks,
    config: Arc<str>,
    observers: Observers,
    key: IdentityKey,
    settings: Settings,
    phrases: Phrases,
    experiments: Option<Experiments>,
}

impl Grounder {
    /// A grounder with this classifier and this policy; everything else has a default.
    pub fn builder(classifier: impl Classifier, policy: impl Policy) -> GrounderBuilder {
        GrounderBuilder::new(Arc::new(classifier), Arc::new(policy))
    }

    /// How it is set.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What its acts say.
    pub fn phrases(&self) -> &Phrases {
        &self.0.phrases
    }

    /// The key of all identities.
    pub fn identity_key(&self) -> &IdentityKey {
        &self.0.key
    }

    /// The experiments that it runs.
    pub fn experiments(&self) -> Option<&Experiments> {
        self.0.experiments.as_ref()
    }

    /// The hash of everything that decisions depend on, as records carry it.
    pub fn config(&self) -> &str {
        &self.0.config
    }
}
