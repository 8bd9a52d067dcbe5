//! What an audit counts, one entry a conversation.

use std::collections::BTreeMap;

use super::Here;
use crate::stats::{Share, Table, share_by_cluster};

/// Everything counted, conversation by conversation.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) conversations: u64,
    pub(super) unjudged: u64,
    pub(super) speakers: BTreeMap<String, Vec<SpeakerCounts>>,
    /// Of each model: its acts against the reference's, a table an act.
    pub(super) tables: BTreeMap<String, Vec<[Table; 9]>>,
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
    pub(super) fn add(&mut self, here: Here) {
        self.conversations += 1;
        self.unjudged += here.unjudged;
        for (speaker, counts) in here.speakers {
            self.speakers.entry(speaker).or_default().push(counts);
        }
        for (model, tables) in here.tables {
            self.tables.entry(model).or_default().push(tables);
        }
    }
}

/// The share of `count` in `of` over one speaker's conversations.
pub(super) fn share(
    clusters: &[SpeakerCounts],
    count: impl Fn(&SpeakerCounts) -> u64,
    of: impl Fn(&SpeakerCounts) -> u64,
) -> Option<Share> {
    share_by_cluster(clusters.iter().map(|counts| (count(counts), of(counts))))
}
