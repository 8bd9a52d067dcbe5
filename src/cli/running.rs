//! What a server runs with at the moment, for whoever shows it: metrics, readiness, the admin page.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::feedback::Token;
use super::retire::Retiring;
use crate::classify::OnnxClassifier;
use crate::config::Config;
use crate::dialogue::IdentityKey;
use crate::engine::Grounder;
use crate::observe::JsonLines;
use crate::observe::store::Store;
use crate::proxy::AccessLog;

/// What a server runs with. Clones are one.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Mutex<State>>);

#[derive(Clone, Default)]
pub(super) struct State {
    /// `None` until the server is ready.
    pub(super) current: Option<Current>,
    pub(super) reloads: Reloads,
}

/// One configuration and what was made of it.
#[derive(Clone)]
pub(super) struct Current {
    pub(super) config: Arc<Config>,
    pub(super) hashes: Hashes,
    pub(super) since: SystemTime,
    pub(super) key: IdentityKey,
    pub(super) grounder: Grounder,
    pub(super) classifier: Option<Retiring<OnnxClassifier>>,
    pub(super) records: Option<Retiring<JsonLines>>,
    pub(super) store: Option<Retiring<Store>>,
    /// Who may tell what came of turns.
    pub(super) token: Option<Token>,
    pub(super) access: Option<AccessLog>,
    /// Says which upstreams could not be reached.
    pub(super) lost: Lost,
}

/// Says what cannot be reached, if there is something.
pub(super) type Lost = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// Which configuration this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hashes {
    /// Of all that decisions depend on; the one that records carry.
    pub(super) decisions: String,
    /// Of every key.
    pub(super) whole: String,
}

/// How reloads went.
#[derive(Clone, Debug, Default)]
pub(super) struct Reloads {
    pub(super) applied: u64,
    pub(super) unchanged: u64,
    pub(super) refused: u64,
    /// Why the last one was refused, until one is not.
    pub(super) error: Option<String>,
}

impl Hashes {
    pub(super) fn of(config: &Config, decisions: &str) -> Self {
        // A policy that TOML cannot express came out of TOML; there is none.
        let text = config.to_toml().unwrap_or_default();
        let whole = blake3::hash(text.as_bytes()).to_hex()[..16].to_owned();
        Self { decisions: decisions.to_owned(), whole }
    }
}

impl Running {
    /// As it is now.
    pub(super) fn state(&self) -> State {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn is_now(&self, current: Current) {
        let old = self.0.lock().unwrap_or_else(PoisonError::into_inner).current.replace(current);
        // Outside the lock, since this may be the last to hold on to it.
        drop(old);
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Reloads)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).reloads);
    }

    /// As [`State::ailment`], now.
    pub(super) fn ailment(&self) -> Option<String> {
        self.state().ailment()
    }

    /// Which configuration this is, in a line for probes.
    pub(super) fn named(&self) -> Option<String> {
        let Hashes { decisions, whole } = self.state().current?.hashes;
        Some(format!("config: {decisions}, whole: {whole}"))
    }
}

impl State {
    /// What is wrong while requests pass all the same.
    pub(super) fn ailment(&self) -> Option<String> {
        let current = self.current.as_ref()?;
        let ailments: Vec<String> =
            [current.ailment(), (current.lost)(), current.stranded()].into_iter().flatten().collect();
        (!ailments.is_empty()).then(|| ailments.join("; "))
    }
}

impl Current {
    /// The classifier, where there is one.
    pub(super) fn classifier(&self) -> Option<&OnnxClassifier> {
        self.classifier.as_ref()?.get()
    }

    /// What writes records, where they are written.
    pub(super) fn records(&self) -> Option<&JsonLines> {
        self.records.as_ref()?.get()
    }

    /// What writes the store, where there is one.
    pub(super) fn store(&self) -> Option<&Store> {
        self.store.as_ref()?.get()
    }

    /// What is wrong with the store.
    fn stranded(&self) -> Option<String> {
        let (why, seconds) = self.store()?.stats().fault?;
        Some(format!("the store cannot be written for {seconds} s, and turns wait for it: {why}"))
    }

    /// What is wrong with the classifier.
    fn ailment(&self) -> Option<String> {
        let classifier = self.classifier().filter(|classifier| !classifier.is_able())?;
        let stats = classifier.stats();
        Some(format!(
            "the classifier takes no turns ({} of its threads hang, {} are meant to work); requests pass unjudged",
            stats.written_off, stats.threads
        ))
    }
}
