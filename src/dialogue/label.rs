//! The closed sets of labels that the classifier assigns, and distributions over them.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A closed set of labels with a fixed order, so that a distribution over it is an array.
pub trait Label: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// Every label, in the order in which the model's output lists them.
    const ALL: &'static [Self];

    /// The name used in files, metrics and configuration.
    fn as_str(self) -> &'static str;

    /// The position of this label in [`Label::ALL`].
    fn index(self) -> usize;
}

macro_rules! labels {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// The name used in files, metrics and configuration.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl Label for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];
            fn as_str(self) -> &'static str { $name::as_str(self) }
            fn index(self) -> usize { self as usize }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(s: &str) -> Result<Self, String> {
                match s {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(format!("{s:?} is none of {}", [$($text),+].join(", "))),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.serialize_str(self.as_str()) }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(D::Error::custom)
            }
        }
    };
}
pub(crate) use labels;

labels! {
    /// How much grounding a user turn needs before it is answered.
    Need {
        /// A careful person would just answer.
        Proceed = "proceed",
        /// A careful person would answer and say in a clause which reading or value was taken.
        Assume = "assume",
        /// A careful person would ask one question first: an answer now would probably be wrong, useless or risky.
        Ask = "ask",
    }
}

labels! {
    /// What an underspecified turn lacks; the single question would be about this.
    Gap {
        /// Something the turn speaks of is simply not there: the text, the file, the rest of the sentence.
        MissingMaterial = "missing_material",
        /// A pronoun or description has no antecedent, or two that fit.
        MissingReferent = "missing_referent",
        /// The answer or action turns on a fact that only the user has.
        MissingParameter = "missing_parameter",
        /// It is unclear what the finished thing should be.
        VagueGoal = "vague_goal",
        /// A word, name or notation has several common readings that lead to different answers.
        AmbiguousTerm = "ambiguous_term",
        /// The demands contradict each other so that one must go.
        Conflicting = "conflicting",
    }
}

labels! {
    /// What a user's turn does to the conversation so far.
    UserAct {
        /// The first turn, or the first business after a greeting.
        Request = "request",
        /// Builds on the last answer.
        FollowUp = "follow_up",
        /// Gives what the assistant asked for, or accepts or refuses an offer.
        Answer = "answer",
        /// The assistant asked, and the user declines to choose or to say.
        RefusesQuestion = "refuses_question",
        /// Asserts that the assistant misunderstood, erred or missed something.
        Repair = "repair",
        /// Doubts that the answer is true or good.
        Challenge = "challenge",
        /// Puts the same request again in other words.
        Reformulation = "reformulation",
        /// Does not understand, or checks, something the assistant said.
        Clarification = "clarification",
        /// Lukewarm acceptance that asks for nothing.
        Hedge = "hedge",
        /// Thanks, ok, praise, a greeting or goodbye.
        Acknowledgment = "acknowledgment",
        /// Starts unrelated business.
        TopicSwitch = "topic_switch",
    }
}

labels! {
    /// What an assistant's message does; several may hold at once.
    AssistantAct {
        /// Asks for something it needs in order to do the task.
        Clarification = "clarification",
        /// Puts one reading up for a yes or no.
        UnderstandingCheck = "understanding_check",
        /// Says which reading or value it takes, and goes on without asking.
        Assumption = "assumption",
        /// Shows that it took in what the user said.
        Acknowledgment = "acknowledgment",
        /// Mirrors the user's feeling, need or situation back.
        Reflection = "reflection",
        /// Offers a solution, a suggestion or steps for the user's own situation.
        Advice = "advice",
        /// Gives in to a doubt or correction.
        Concession = "concession",
        /// After answering, offers or asks about a next step.
        FollowUp = "follow_up",
        /// Delivers what was asked for.
        Answer = "answer",
    }
}

/// One probability per label of `L`, in the order of [`Label::ALL`].
///
/// For exclusive labels (need, gap, user act) the values sum to one; for assistant acts they are independent.
#[derive(Clone, PartialEq)]
pub struct Distribution<L> {
    values: Box<[f32]>,
    labels: PhantomData<fn() -> L>,
}

impl<L: Label> Distribution<L> {
    /// Wraps one value per label.
    ///
    /// Returns `None` unless there is exactly one finite value for each label.
    pub fn new(values: &[f32]) -> Option<Self> {
        (values.len() == L::ALL.len() && values.iter().all(|v| v.is_finite()))
            .then(|| Self { values: values.into(), labels: PhantomData })
    }

    /// The probability of one label.
    pub fn get(&self, label: L) -> f32 {
        self.values.get(label.index()).copied().unwrap_or(0.0)
    }

    /// The most probable label; the earlier one on a tie.
    pub fn top(&self) -> L {
        let mut best = L::ALL[0];
        for &label in L::ALL {
            if self.get(label) > self.get(best) {
                best = label;
            }
        }
        best
    }

    /// Labels and probabilities, in the fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (L, f32)> + '_ {
        L::ALL.iter().map(|&label| (label, self.get(label)))
    }
}

impl<L: Label> fmt::Debug for Distribution<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(l, p)| (l.as_str(), p))).finish()
    }
}

impl<L: Label> Serialize for Distribution<L> {
    /// A map from label to probability, rounded to five decimals.
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(L::ALL.len()))?;
        for (label, p) in self.iter() {
            map.serialize_entry(label.as_str(), &((f64::from(p) * 1e5).round() / 1e5))?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_order_is_the_index() {
        for (i, &act) in UserAct::ALL.iter().enumerate() {
            assert_eq!(act.as_str().parse::<UserAct>(), Ok(act));
            assert_eq!(act.index(), i);
        }
        assert!("asking".parse::<Need>().unwrap_err().contains("proceed, assume, ask"));
    }

    #[test]
    fn distribution_wants_one_finite_value_per_label() {
        assert!(Distribution::<Need>::new(&[0.5, 0.5]).is_none());
        assert!(Distribution::<Need>::new(&[0.5, f32::NAN, 0.5]).is_none());
        let d = Distribution::<Need>::new(&[0.2, 0.3, 0.5]).unwrap();
        assert_eq!(d.top(), Need::Ask);
        assert_eq!(serde_json::to_string(&d).unwrap(), r#"{"proceed":0.2,"assume":0.3,"ask":0.5}"#);
    }
}
