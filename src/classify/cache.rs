//! Judgements from memory: the same turn with the same offer of tools is the same question.
//!
//! Clients repeat themselves: retries after an error, two replicas of one request, a regenerate. The cache also keeps
//! a judgement that came too late for the request it was made for. Nothing expires, since a judgement depends on the
//! turn and the model alone.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::Judgement;
use crate::dialogue::Id;

/// A bounded, concurrent store of judgements.
///
/// Two requests for the same turn at the same moment may both be judged; they get the same judgement.
pub(super) struct Judged(Option<Cache<Key, Arc<Judgement>>>);

/// What a judgement depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Everything up to and with the judged turn.
    pub(super) turn: Id,
    /// Whether tools are offered, which the model is told and the identity of a turn leaves out.
    pub(super) tools: bool,
}

/// Where one judgement goes once it is made.
pub(super) struct Memo {
    judged: Arc<Judged>,
    key: Key,
}

impl Judged {
    /// Room for `entries` judgements, about 250 bytes each; 0 remembers nothing.
    pub(super) fn new(entries: usize) -> Self {
        Self((entries > 0).then(|| Cache::new(entries)))
    }

    /// The judgement of `key`, if it is remembered.
    pub(super) fn get(&self, key: &Key) -> Option<Arc<Judgement>> {
        self.0.as_ref()?.get(key)
    }

    /// Judgements that are remembered now.
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, Cache::len)
    }

    /// A place for the judgement of `key`.
    pub(super) fn memo(self: &Arc<Self>, key: Key) -> Memo {
        Memo { judged: Arc::clone(self), key }
    }
}

impl Memo {
    /// Remembers `judgement`.
    pub(super) fn keep(self, judgement: &Arc<Judgement>) {
        if let Some(cache) = &self.judged.0 {
            cache.insert(self.key, Arc::clone(judgement));
        }
    }
}
