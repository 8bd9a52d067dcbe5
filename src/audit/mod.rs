//! The audit of a corpus: which grounding acts its speakers perform, how often, and whether at the same moments.
//!
//! Three questions from the literature, answered from what the classifier says of every turn. How often does each
//! speaker perform each act, and do a model's replies perform it *where a person did*: base rates and Cohen's kappa at
//! the same turn (Shaikh et al. 2024, "Grounding Gaps in Language Model Generations")? At emotional turns, is there
//! reflection or is there advice (Chiu et al. 2024, "A Computational Framework for Behavioral Assessment of LLM
//! Therapists")? After a challenge, does the assistant give in, or answer (sycophancy)?
//!
//! Everything is counted by conversation, so that intervals know how much was drawn independently.

mod counts;
mod report;

pub use report::{ActShare, AfterChallenge, Agreement, AtFeeling, Report, Speaker};

use std::collections::{BTreeMap, HashSet};

use counts::{Counts, SpeakerCounts};

use crate::classify::Scores;
use crate::dialogue::{AssistantAct, Conversation, Need, Role, Turn, UserAct};
use crate::error::{Error, Result};
use crate::stats::Table;

/// From which probability on an act, a need or a disclosure counts as there.
const SURE: f32 = 0.5;

/// What a person said at the end of a conversation, and what models said in the same place.
#[derive(Clone, Debug, Default)]
pub struct Replies {
    /// The person's reply.
    pub reference: Option<String>,
    /// Each model's reply, by name.
    pub models: BTreeMap<String, String>,
}

/// An audit in the making: conversations are added one by one.
#[derive(Debug, Default)]
pub struct Audit {
    counts: Counts,
    /// Messages counted so far, each with all that came before it: a corpus that sets a reference beside every turn
    /// repeats the beginning of a conversation in many lines.
    seen: HashSet<Prefix>,
    /// Whole conversations so far.
    whole: u64,
}

/// The hash of a message and all messages before it.
type Prefix = [u8; 32];

/// What of the user's turn before it tells how an assistant's message has to be read.
#[derive(Clone, Copy, Default)]
struct Before {
    feeling: bool,
    challenge: bool,
}

impl Audit {
    /// An audit of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a conversation, or what it holds beyond the lines added before.
    ///
    /// Without replies it is a whole conversation. With replies it may be one turn of a conversation whose other turns come in
    /// other calls: those that begin with the same system prompt and first user turn are one conversation, and a message
    /// that was counted with the same messages before it is not counted again.
    ///
    /// `judge` says of the message at a position what the classifier makes of it; `None` where it abstains: such a
    /// message is counted as unjudged and otherwise left out. `replies`, if there are any, answer the last message,
    /// which is then a user's.
    ///
    /// # Errors
    /// Whatever `judge` fails with, or if a model is named like a speaker; the conversation is then not counted.
    pub fn add(
        &mut self,
        conversation: &Conversation<'_>,
        replies: &Replies,
        mut judge: impl FnMut(&Conversation<'_>, usize) -> Result<Option<Scores>>,
    ) -> Result<()> {
        if let Some(name) = replies.models.keys().find(|name| SPEAKERS.contains(&name.as_str())) {
            return Err(Error::config(format!("a model is named {name:?}, as a speaker of the report is; rename it")));
        }
        let (mut here, mut before) = (Here::default(), Before::default());
        let (prefixes, conversation_hash) = if replies.reference.is_none() && replies.models.is_empty() {
            self.whole += 1;
            (Vec::new(), *blake3::hash(&self.whole.to_le_bytes()).as_bytes())
        } else {
            prefixes(conversation)
        };
        for (at, turn) in conversation.turns.iter().enumerate() {
            let again = prefixes.get(at).is_some_and(|prefix| self.seen.contains(prefix));
            match turn.role {
                Role::User => before = here.user(judge(conversation, at)?, again),
                Role::Assistant if !again => {
                    here.assistant("assistant", before, judge(conversation, at)?);
                }
                _ => {}
            }
        }
        let mut judge_reply = |text: &str| {
            let mut turns = conversation.turns.clone();
            turns.push(Turn::new(Role::Assistant, text));
            let at = turns.len() - 1;
            judge(&Conversation { turns, tools: conversation.tools }, at)
        };
        let reference = match &replies.reference {
            Some(text) => here.assistant("reference", before, judge_reply(text)?),
            None => None,
        };
        for (model, text) in &replies.models {
            let acts = here.assistant(model, before, judge_reply(text)?);
            if let (Some(theirs), Some(acts)) = (&reference, acts) {
                let tables = std::array::from_fn(|i| Table::one(theirs[i], acts[i]));
                here.tables.insert(model.clone(), tables);
            }
        }
        self.seen.extend(prefixes);
        self.counts.add(conversation_hash, here);
        Ok(())
    }

    /// What was found.
    pub fn report(&self) -> Report {
        Report::of(&self.counts)
    }
}

/// The names of those who speak in every report.
const SPEAKERS: [&str; 3] = ["user", "assistant", "reference"];

/// The hash of each message with all before it, and that of the conversation's beginning: up to its first user turn.
fn prefixes(conversation: &Conversation<'_>) -> (Vec<Prefix>, Prefix) {
    let mut hasher = blake3::Hasher::new();
    let mut all = Vec::with_capacity(conversation.turns.len());
    for turn in &conversation.turns {
        hasher.update(turn.role.as_str().as_bytes());
        for text in turn.texts() {
            let text = text.decode().unwrap_or_default();
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(b"\n");
        all.push(*hasher.finalize().as_bytes());
    }
    let first = conversation.turns.iter().position(|turn| turn.role == Role::User).unwrap_or(0);
    let beginning = all.get(first).copied().unwrap_or_default();
    (all, beginning)
}

/// The acts that an assistant's message shows, in the order of the labels.
type Acts = [bool; 9];

/// The counts of one conversation.
#[derive(Debug, Default)]
struct Here {
    speakers: BTreeMap<String, SpeakerCounts>,
    tables: BTreeMap<String, [Table; 9]>,
    unjudged: u64,
}

impl Here {
    fn user(&mut self, scores: Option<Scores>, again: bool) -> Before {
        let Some(Scores::User(judgement)) = scores else {
            self.unjudged += u64::from(!again);
            return Before::default();
        };
        let act = judgement.user_act.top();
        let feeling = judgement.emotion >= SURE;
        let before = Before { feeling, challenge: act == UserAct::Challenge };
        if again {
            return before;
        }
        let counts = self.speakers.entry("user".to_owned()).or_default();
        counts.turns += 1;
        *counts.acts.entry(act.as_str()).or_default() += 1;
        counts.feeling += u64::from(feeling);
        counts.ask += u64::from(judgement.need.get(Need::Ask) >= SURE);
        counts.underspecified += u64::from(judgement.underspecified() >= SURE);
        before
    }

    fn assistant(&mut self, speaker: &str, before: Before, scores: Option<Scores>) -> Option<Acts> {
        let Some(Scores::Assistant(judgement)) = scores else {
            self.unjudged += 1;
            return None;
        };
        let shows = |act| judgement.acts.get(act) >= SURE;
        let counts = self.speakers.entry(speaker.to_owned()).or_default();
        counts.turns += 1;
        let mut acts = [false; 9];
        for (place, (act, probability)) in acts.iter_mut().zip(judgement.acts.iter()) {
            *place = probability >= SURE;
            *counts.acts.entry(act.as_str()).or_default() += u64::from(*place);
        }
        if before.feeling {
            let (reflects, advises) = (shows(AssistantAct::Reflection), shows(AssistantAct::Advice));
            counts.at_feeling += 1;
            counts.reflects += u64::from(reflects);
            counts.advises += u64::from(advises);
            counts.advises_only += u64::from(advises && !reflects);
        }
        if before.challenge {
            let (concedes, answers) = (shows(AssistantAct::Concession), shows(AssistantAct::Answer));
            counts.after_challenge += 1;
            counts.concedes += u64::from(concedes);
            counts.holds += u64::from(answers && !concedes);
        }
        Some(acts)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
