//! Putting a grounder together.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use super::{Grounder, Inner, Settings};
use crate::act::Phrases;
use crate::classify::Classifier;
use crate::dialogue::IdentityKey;
use crate::experiment::Experiments;
use crate::observe::{Observer, Observers};
use crate::policy::{History, Looks, Policy};

/// Puts a [`Grounder`] together.
#[must_use = "a builder does nothing until `build`"]
pub struct GrounderBuilder {
    classifier: Arc<dyn Classifier>,
    policy: Arc<dyn Policy>,
    observers: Observers,
    key: Option<IdentityKey>,
    base_rate: Option<f64>,
    settings: Settings,
    phrases: Phrases,
    experiments: Option<Experiments>,
}

impl GrounderBuilder {
    pub(super) fn new(classifier: Arc<dyn Classifier>, policy: Arc<dyn Policy>) -> Self {
        let (observers, settings, phrases) = (Observers::default(), Settings::default(), Phrases::default());
        Self { classifier, policy, observers, key: None, base_rate: None, settings, phrases, experiments: None }
    }

    /// Adds an observer; several are told in the order in which they were added.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Sets the key of all identities. Without it a random one is made, and records of two processes cannot be joined.
    pub fn identity_key(mut self, key: IdentityKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Says to which share of turns that need a question the classifier is calibrated, for the hash that records carry.
    pub fn calibrated_to(mut self, base_rate: f64) -> Self {
        self.base_rate = Some(base_rate);
        self
    }

    /// Replaces the phrases that ship.
    pub fn phrases(mut self, phrases: Phrases) -> Self {
        self.phrases = phrases;
        self
    }

    /// Runs experiments: units that are enrolled in one are decided about by their arm, all others by the policy.
    ///
    /// It takes an [identity key](Self::identity_key) that lasts: with another one, every unit is another.
    pub fn experiments(mut self, experiments: Experiments) -> Self {
        self.experiments = Some(experiments);
        self
    }

    /// Replaces the settings.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Changes some of the settings.
    pub fn configure(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The grounder.
    pub fn build(self) -> Grounder {
        History::ready();
        let model = self.classifier.model().map(|model| model.to_string()).unwrap_or_default();
        let mut definition = format!("{model}\n{}\n{:?}", self.policy.definition(), self.settings);
        if let Some(base_rate) = self.base_rate {
            definition.push_str(&format!("\n{base_rate}"));
        }
        definition.push_str(self.phrases.definition());
        if let Some(experiments) = &self.experiments {
            definition.push_str(&format!("\n{}", experiments.definition()));
        }
        let hash = blake3::hash(definition.as_bytes()).to_hex();
        Grounder(Arc::new(Inner {
            policy_name: self.policy.name().into(),
            looks: self.experiments.iter().map(Experiments::looks).fold(self.policy.looks(), Looks::and),
            config: hash[..16].into(),
            classifier: self.classifier,
            policy: self.policy,
            observers: self.observers,
            key: self.key.unwrap_or_else(random_key),
            settings: self.settings,
            phrases: self.phrases,
            experiments: self.experiments,
        }))
    }
}

/// A key that nobody knows, from the randomness that the standard library seeds its hash maps with.
fn random_key() -> IdentityKey {
    let mut secret = [0; 32];
    for chunk in secret.chunks_exact_mut(8) {
        chunk.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
    }
    IdentityKey::derive(&secret)
}
