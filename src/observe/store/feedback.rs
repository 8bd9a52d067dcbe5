//! What an application says came of a turn or of a conversation, hours later perhaps.

use std::collections::BTreeMap;

use crate::dialogue::Id;

/// What an outcome is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum About {
    /// A turn, by the identity that `x-groundwire-turn` told.
    Turn(Id),
    /// A conversation, by the identity that records have.
    Conversation(Id),
    /// A conversation, by the identifier that the application gave it: its hash as
    /// [`Identity::given_as`](crate::dialogue::Identity::given_as) makes it.
    Given(Id),
}

/// The value of an outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum OutcomeValue {
    /// It happened, or it did not.
    Flag(bool),
    /// A score, an amount.
    Number(f64),
}

/// One outcome of the application's own.
///
/// The same about, name and time is the same outcome: told twice it is kept once, and the later value replaces the earlier.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// What it is about.
    pub about: About,
    /// What the application calls it.
    pub name: String,
    /// What came of it.
    pub value: OutcomeValue,
    /// When, in milliseconds since 1970 UTC.
    pub at: u64,
}

/// Most bytes of an outcome's name.
const NAME_BYTES: usize = 64;
/// The largest number that an outcome has: beyond it, sums of squares lose what they are made of.
const LARGEST: f64 = 1e12;
/// 2020; a time before it is a time in seconds.
const FIRST_TIME: u64 = 1_577_836_800_000;
const A_DAY: u64 = 86_400_000;

impl Outcome {
    /// An outcome, if it is one. `now` is in milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// If the name, the number or the time cannot be one: what is wrong, and how to mend it.
    pub fn new(about: About, name: &str, value: OutcomeValue, at: u64, now: u64) -> Result<Self, String> {
        let name = name.trim();
        if name.is_empty() || name.len() > NAME_BYTES || name.chars().any(char::is_control) {
            return Err(format!(
                "`outcome` must be a name of 1 to {NAME_BYTES} bytes without control characters, such as \"order kept\""
            ));
        }
        if matches!(value, OutcomeValue::Number(number) if !number.is_finite() || number.abs() > LARGEST) {
            return Err(format!("`value` must be true, false, or a number between -{LARGEST:e} and {LARGEST:e}"));
        }
        if at < FIRST_TIME {
            return Err(
                "`at` is before 2020; write milliseconds since 1970, or a time such as \"2026-01-31T12:00:00Z\"".into(),
            );
        }
        if at > now.saturating_add(A_DAY) {
            return Err(
                "`at` is more than a day ahead of this machine's clock; write when it happened, or leave it out".into(),
            );
        }
        Ok(Self { about, name: name.to_owned(), value, at })
    }
}

/// An outcome as a rollup reads it: about one of the unit's turns, or one of its conversations.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    /// The turn that it is about; `None` where it is about all of the conversation.
    pub(super) turn: Option<Id>,
    /// The conversation that it is about, or that the turn is in.
    pub(super) conversation: Option<Id>,
    pub(super) name: String,
    pub(super) at: u64,
    pub(super) value: f64,
    pub(super) is_flag: bool,
}

/// The unit's value of each outcome: what was told of the turn that triggered first, else of its conversation, else of
/// any; of several the last before the window's end.
pub(super) fn fold(
    told: &[Told],
    turn: Option<Id>,
    home: Option<Id>,
    from: u64,
    to: u64,
) -> BTreeMap<String, (f64, bool)> {
    let nearness = |told: &Told| match told {
        Told { turn: Some(about), .. } if turn == Some(*about) => 2,
        Told { conversation, .. } if home.is_some() && *conversation == home => 1,
        _ => 0,
    };
    let mut best: BTreeMap<String, (&Told, u8)> = BTreeMap::new();
    for told in told.iter().filter(|told| (from..to).contains(&told.at)) {
        let near = nearness(told);
        let wins = |(kept, kept_near): &(&Told, u8)| {
            // Of two of the same time the larger: some order that does not depend on who wrote first.
            (near, told.at).cmp(&(*kept_near, kept.at)).then(told.value.total_cmp(&kept.value)).is_gt()
        };
        if best.get(&told.name).is_none_or(wins) {
            best.insert(told.name.clone(), (told, near));
        }
    }
    best.into_iter().map(|(name, (told, _))| (name, (told.value, told.is_flag))).collect()
}
