//! What an audit found, as JSON and as text.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Prefix;
use super::counts::{Counts, SpeakerCounts, share};
use crate::dialogue::{AssistantAct, Label, UserAct};
use crate::stats::{Kappa, Share, Table, kappa_by_cluster};

/// What an audit found. All intervals are 95 %, by conversation.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Conversations counted.
    pub conversations: u64,
    /// Messages that the classifier abstained from.
    pub unjudged: u64,
    /// Each speaker's acts: `user`, `assistant`, `reference`, and the models by name.
    pub speakers: Vec<Speaker>,
    /// Whether a model's reply performs an act where the reference does.
    pub agreement: Vec<Agreement>,
    /// What was done at turns that disclose a feeling.
    pub at_feeling: Vec<AtFeeling>,
    /// What was done after a challenge.
    pub after_challenge: Vec<AfterChallenge>,
}

/// One speaker's acts.
#[derive(Clone, Debug, Serialize)]
pub struct Speaker {
    /// Who speaks.
    pub speaker: String,
    /// Messages judged.
    pub turns: u64,
    /// The share of messages that show each act; a user's message has one act, an assistant's may have several.
    pub acts: Vec<ActShare>,
    /// Of a user: turns that need a question (`ask` at 0.5 or more).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<Share>,
    /// Of a user: turns that need a question or a stated assumption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub underspecified: Option<Share>,
    /// Of a user: turns that disclose a feeling of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feeling: Option<Share>,
}

/// How often an act was seen.
#[derive(Clone, Debug, Serialize)]
pub struct ActShare {
    /// The act.
    pub act: &'static str,
    /// Its share of the speaker's messages.
    #[serde(flatten)]
    pub share: Share,
}

/// Agreement of a model with the reference on one act, at the same turns.
#[derive(Clone, Debug, Serialize)]
pub struct Agreement {
    /// The model.
    pub model: String,
    /// The act.
    pub act: &'static str,
    /// Turns where both were judged.
    pub turns: u64,
    /// How often the reference performs the act.
    pub reference: f64,
    /// How often the model does.
    pub performs: f64,
    /// Cohen's kappa; none where the reference or the model always or never performs it.
    pub kappa: Option<Kappa>,
}

/// What one speaker did at turns that disclose a feeling.
#[derive(Clone, Debug, Serialize)]
pub struct AtFeeling {
    /// Who replied.
    pub speaker: String,
    /// Replies that reflect.
    pub reflection: Share,
    /// Replies that advise.
    pub advice: Share,
    /// Replies that advise and do not reflect.
    pub advice_only: Share,
}

/// What one speaker did after a challenge.
#[derive(Clone, Debug, Serialize)]
pub struct AfterChallenge {
    /// Who replied.
    pub speaker: String,
    /// Replies that give in.
    pub concession: Share,
    /// Replies that answer and do not give in.
    pub holding: Share,
}

impl Report {
    pub(super) fn of(counts: &Counts) -> Self {
        // The user first, then whoever answered, by name.
        let mut order: Vec<_> = counts.speakers.iter().collect();
        order.sort_by_key(|(name, _)| (*name != "user", *name != "assistant", *name != "reference", name.as_str()));
        let speakers = order.iter().map(|(name, some)| speaker(name, some)).collect();
        let at_feeling = order.iter().filter_map(|(name, some)| at_feeling(name, some)).collect();
        let after_challenge = order.iter().filter_map(|(name, some)| after_challenge(name, some)).collect();
        let agreement = counts.tables.iter().flat_map(|(model, tables)| agreement(model, tables)).collect();
        let (conversations, unjudged) = (counts.conversations.len() as u64, counts.unjudged);
        Self { conversations, unjudged, speakers, agreement, at_feeling, after_challenge }
    }
}

/// One speaker's conversations.
type Clusters = BTreeMap<Prefix, SpeakerCounts>;

fn speaker(name: &str, some: &Clusters) -> Speaker {
    let user = name == "user";
    let labels: Vec<&'static str> = if user {
        UserAct::ALL.iter().map(|act| act.as_str()).collect()
    } else {
        AssistantAct::ALL.iter().map(|act| act.as_str()).collect()
    };
    let of_turns = |count: fn(&SpeakerCounts) -> u64| share(some, count, |c| c.turns).filter(|_| user);
    let acts = labels.into_iter().filter_map(|act| {
        share(some, |c| c.acts.get(act).copied().unwrap_or(0), |c| c.turns).map(|share| ActShare { act, share })
    });
    Speaker {
        speaker: name.to_owned(),
        turns: some.values().map(|c| c.turns).sum(),
        acts: acts.collect(),
        ask: of_turns(|c| c.ask),
        underspecified: of_turns(|c| c.underspecified),
        feeling: of_turns(|c| c.feeling),
    }
}

fn at_feeling(name: &str, some: &Clusters) -> Option<AtFeeling> {
    let of = |count: fn(&SpeakerCounts) -> u64| share(some, count, |c| c.at_feeling);
    Some(AtFeeling {
        speaker: name.to_owned(),
        reflection: of(|c| c.reflects)?,
        advice: of(|c| c.advises)?,
        advice_only: of(|c| c.advises_only)?,
    })
}

fn after_challenge(name: &str, some: &Clusters) -> Option<AfterChallenge> {
    let of = |count: fn(&SpeakerCounts) -> u64| share(some, count, |c| c.after_challenge);
    Some(AfterChallenge { speaker: name.to_owned(), concession: of(|c| c.concedes)?, holding: of(|c| c.holds)? })
}

fn agreement<'a>(model: &'a str, tables: &'a BTreeMap<Prefix, [Table; 9]>) -> impl Iterator<Item = Agreement> + 'a {
    AssistantAct::ALL.iter().map(move |act| {
        let clusters: Vec<Table> = tables.values().map(|acts| acts[act.index()]).collect();
        let sum = clusters.iter().fold(Table::default(), |sum, table| sum + *table);
        let turns = sum.both + sum.first + sum.second + sum.neither;
        Agreement {
            model: model.to_owned(),
            act: act.as_str(),
            turns,
            reference: (sum.both + sum.first) as f64 / turns as f64,
            performs: (sum.both + sum.second) as f64 / turns as f64,
            kappa: kappa_by_cluster(&clusters),
        }
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} conversations, {} messages not judged. Intervals: 95 %, by conversation.",
            self.conversations, self.unjudged
        )?;
        for speaker in &self.speakers {
            writeln!(f, "\n{} ({} messages)", speaker.speaker, speaker.turns)?;
            for ActShare { act, share } in &speaker.acts {
                writeln!(f, "  {act:<20} {}", Shown(share))?;
            }
            let extra = [
                ("needs a question", &speaker.ask),
                ("… or an assumption", &speaker.underspecified),
                ("discloses a feeling", &speaker.feeling),
            ];
            for (name, share) in extra {
                if let Some(share) = share {
                    writeln!(f, "  {name:<20} {}", Shown(share))?;
                }
            }
        }
        if !self.at_feeling.is_empty() {
            writeln!(f, "\nwhere the user discloses a feeling")?;
        }
        for AtFeeling { speaker, reflection, advice, advice_only } in &self.at_feeling {
            for (name, share) in [("reflects", reflection), ("advises", advice), ("only advises", advice_only)] {
                writeln!(f, "  {speaker:<12} {name:<15} {}", Shown(share))?;
            }
        }
        if !self.after_challenge.is_empty() {
            writeln!(f, "\nafter a challenge")?;
        }
        for AfterChallenge { speaker, concession, holding } in &self.after_challenge {
            for (name, share) in [("gives in", concession), ("answers, holding", holding)] {
                writeln!(f, "  {speaker:<12} {name:<15} {}", Shown(share))?;
            }
        }
        if !self.agreement.is_empty() {
            writeln!(f, "\nagainst the reference, at the same turns")?;
            writeln!(
                f,
                "  {:<14} {:<20} {:>9} {:>9} {:>7}  95 % interval",
                "model", "act", "reference", "model", "kappa"
            )?;
        }
        for row in &self.agreement {
            let Agreement { model, act, reference, performs, kappa, .. } = row;
            write!(f, "  {model:<14} {act:<20} {:>7.1} % {:>7.1} %", 100.0 * reference, 100.0 * performs)?;
            match kappa {
                Some(Kappa { kappa, low: Some(low), high: Some(high) }) => {
                    writeln!(f, " {kappa:>7.2}  {low:.2} to {high:.2}")?;
                }
                Some(Kappa { kappa, .. }) => writeln!(f, " {kappa:>7.2}")?,
                None => writeln!(f, " {:>7}", "–")?,
            }
        }
        Ok(())
    }
}

struct Shown<'a>(&'a Share);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Share { count, of, share, low, high } = self.0;
        write!(f, "{:>6.1} %  {:>5.1} to {:>5.1}  ({count} of {of})", 100.0 * share, 100.0 * low, 100.0 * high)
    }
}
