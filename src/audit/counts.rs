//! What an audit counts, one entry a conversation.

use std::collections::{BTreeMap, BTreeSet};

use super::{Here, Prefix};
use crate::stats::{Share, Table, share_by_cluster};

/// Everything counted, conversation by conversation.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) conversations: BTreeSet<Prefix>,
    pub(super) unjudged: u64,
    pub(super) speakers: BTreeMap<String, BTreeMap<Prefix, SpeakerCounts>>,
    /// Of each model: its acts against the reference's, a table an act.
    pub(super) tables: BTreeMap<String, BTreeMap<Prefix, [Table; 9]>>,
}

/// What one speaker did in one conversation.
#[derive(Debug, Default)]
pub(super) struct SpeakerCounts {
    pub(super) turns: u64,
    pub(super) acts: BTreeMap<&'static str, u64>,
    pub(super) feeling: u64,
    pub(super) ask: u64,
    pub(super) underspecified: u64,
    pub(super) at_feeling: u64,
    pub(super) reflects: u64,
    pub(super) advises: u64,
    pub(super) advises_only: u64,
    pub(super) after_challenge: u64,
    pub(super) concedes: u64,
    pub(super) holds: u64,
}

impl Counts {
    /// Adds what was found in a line to the conversation that it belongs to.
    pub(super) fn add(&mut self, conversation: Prefix, here: Here) {
        self.conversations.insert(conversation);
        self.unjudged += here.unjudged;
        for (speaker, counts) in here.speakers {
            self.speakers.entry(speaker).or_default().entry(conversation).or_default().add(counts);
        }
        for (model, tables) in here.tables {
            let sums = self.tables.entry(model).or_default().entry(conversation).or_default();
            sums.iter_mut().zip(tables).for_each(|(sum, table)| *sum += table);
        }
    }
}

impl SpeakerCounts {
    fn add(&mut self, other: Self) {
        for (act, count) in other.acts {
            *self.acts.entry(act).or_default() += count;
        }
        for (sum, count) in [
            (&mut self.turns, other.turns),
            (&mut self.feeling, other.feeling),
            (&mut self.ask, other.ask),
            (&mut self.underspecified, other.underspecified),
            (&mut self.at_feeling, other.at_feeling),
            (&mut self.reflects, other.reflects),
            (&mut self.advises, other.advises),
            (&mut self.advises_only, other.advises_only),
            (&mut self.after_challenge, other.after_challenge),
            (&mut self.concedes, other.concedes),
            (&mut self.holds, other.holds),
        ] {
            *sum += count;
        }
    }
}

/// The share of `count` in `of` over one speaker's conversations.
pub(super) fn share(
    clusters: &BTreeMap<Prefix, SpeakerCounts>,
    count: impl Fn(&SpeakerCounts) -> u64,
    of: impl Fn(&SpeakerCounts) -> u64,
) -> Option<Share> {
    share_by_cluster(clusters.values().map(|counts| (count(counts), of(counts))))
}
