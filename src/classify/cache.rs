//! What was judged, from memory: the same turn with the same offer of tools is the same question, and so is a reply to it.
//!
//! Clients repeat themselves: retries after an error, two replicas of one request, a regenerate that says the same. The
//! cache also keeps a judgement that came too late for the request it was made for. Nothing expires, since a judgement
//! depends on what is shown to the model, and on the model, alone.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::sync::Cache;

use super::{AssistantJudgement, Judgement, Window};
use crate::dialogue::Id;

/// Judgements of turns.
pub(super) type Judged = Memory<Key, Arc<Judgement>>;

/// Judgements of replies.
pub(super) type Read = Memory<ReplyKey, AssistantJudgement>;

/// A place for the judgement of a turn.
pub(super) type Memo = Place<Key, Arc<Judgement>>;

/// A bounded, concurrent store.
///
/// Two requests for the same at the same moment may both be judged; they get the same judgement.
pub(super) struct Memory<K, V>(Option<Cache<K, V>>);

/// What a turn's judgement depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Everything up to and with the judged turn.
    pub(super) turn: Id,
    /// Whether tools are offered, which the model is told and the identity of a turn leaves out.
    pub(super) tools: bool,
}

/// What a reply's judgement depends on: all that the model is shown, of which this is the BLAKE3 hash, cut to 128 bits.
///
/// Whole windows are not kept: that would be text of conversations, and ten times the memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ReplyKey([u8; 16]);

impl ReplyKey {
    pub(super) fn of(window: &Window) -> Self {
        let mut shown = Shown(Vec::with_capacity(4096));
        window.hash(&mut shown);
        let mut key = [0; 16];
        key.copy_from_slice(&blake3::hash(&shown.0).as_bytes()[..16]);
        Self(key)
    }
}

/// Collects what [`Hash`] feeds a hasher, which keeps the pieces of a value apart.
struct Shown(Vec<u8>);

impl Hasher for Shown {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Not asked for: the bytes are what is wanted.
    fn finish(&self) -> u64 {
        self.0.len() as u64
    }
}

/// Where one judgement goes once it is made.
pub(super) struct Place<K, V> {
    memory: Arc<Memory<K, V>>,
    key: K,
}

impl<K: Eq + Hash + Copy, V: Clone> Memory<K, V> {
    /// Room for `entries` judgements, about 250 bytes each; 0 remembers nothing.
    pub(super) fn new(entries: usize) -> Self {
        Self((entries > 0).then(|| Cache::new(entries)))
    }

    /// Whether anything can be remembered.
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The judgement of `key`, if it is remembered.
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.0.as_ref()?.get(key)
    }

    /// Judgements that are remembered now.
    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, Cache::len)
    }

    /// A place for the judgement of `key`.
    pub(super) fn memo(self: &Arc<Self>, key: K) -> Place<K, V> {
        Place { memory: Arc::clone(self), key }
    }
}

impl<K: Eq + Hash + Copy, V: Clone> Place<K, V> {
    /// Remembers `judgement`.
    pub(super) fn keep(self, judgement: &V) {
        if let Some(cache) = &self.memory.0 {
            cache.insert(self.key, judgement.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::{Excerpt, Mark};
    use crate::dialogue::Role;

    fn window(head: &str, tail: Option<&str>) -> Window {
        let turn = Excerpt { role: Role::Assistant, head: head.to_owned(), tail: tail.map(str::to_owned) };
        Window { turn, context: Vec::new(), system: None, marks: vec![Mark::JudgedAssistant] }
    }

    #[test]
    fn whatever_the_model_is_shown_tells_replies_apart() {
        let plain = window("Which one?", None);
        let mut others = vec![window("Which", Some(" one?")), window("Which two?", None)];
        for change in 0..3 {
            let mut other = plain.clone();
            match change {
                0 => other.context = vec![Excerpt { role: Role::User, head: "hi".to_owned(), tail: None }],
                1 => other.system = Some(Excerpt { role: Role::System, head: "hi".to_owned(), tail: None }),
                _ => other.marks.push(Mark::Opening),
            }
            others.push(other);
        }
        let key = ReplyKey::of(&plain);
        assert!(key == ReplyKey::of(&plain.clone()));
        for other in others {
            assert!(key != ReplyKey::of(&other), "{other:?}");
        }
    }
}
