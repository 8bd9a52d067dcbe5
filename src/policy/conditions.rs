//! The conditions of rules and of `only-if`: one list of keys for both, and one place that tests them.

use std::collections::BTreeMap;

use super::testing::Tester;
use super::{Looks, Situation};
use crate::dialogue::{Gap, Label, Need, UserAct};

/// Defines a type that has every condition as a key of its own, beside the keys given.
macro_rules! with_conditions {
    ($(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $(#[$meta])*
        pub struct $name {
            $($own)*
            /// At least this probability that a question is needed (`need.ask`).
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub ambiguity: Option<f32>,
            /// At least this probability that a question or a stated assumption is needed (`need.assume + need.ask`).
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub underspecified: Option<f32>,
            /// The most probable need is one of these.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub need: Option<Vec<$crate::dialogue::Need>>,
            /// The most probable gap is one of these.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub gap: Option<Vec<$crate::dialogue::Gap>>,
            /// The gaps named in `gap` have at least this probability together, in place of one of them being the most
            /// probable.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub gap_probability: Option<f32>,
            /// At least this probability that the user speaks of distress of their own.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub emotion: Option<f32>,
            /// Whether the classifier finds such distress in the user turn before this one.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub disclosed_before: Option<bool>,
            /// The most probable act of the user is one of these.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub user_act: Option<Vec<$crate::dialogue::UserAct>>,
            /// The acts named in `user-act` have at least this probability together, in place of one of them being the most
            /// probable.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub user_act_probability: Option<f32>,
            /// At least this many user turns so far, this one included.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub user_turns: Option<usize>,
            /// At most this many user turns so far, this one included.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub until_turn: Option<usize>,
            /// Not at every turn from `user-turns` (or `requirements`) on, but at that one and at every so many after it.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub every: Option<usize>,
            /// At least this many user turns so far say what the user wants or how it should be, and this one does. A question is
            /// none of them.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub requirements: Option<usize>,
            /// At least this many questions of the assistant so far, by whomever they were worded.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub questions: Option<usize>,
            /// At least this many corrections by the user so far, this turn included.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub repairs: Option<usize>,
            /// At least this many corrections, doubts and reformulations by the user so far, this turn included.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub failures: Option<usize>,
            /// At least this many questions that the user declined so far, this turn included.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub refusals: Option<usize>,
            /// Whether the assistant's last message asked something.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub after_question: Option<bool>,
            /// Whether this turn answers what the assistant asked.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub answers_question: Option<bool>,
            /// Whether the user has said that they want answers and no questions.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub just_answer: Option<bool>,
            /// Whether the request offers the model tools.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub tools: Option<bool>,
            /// Whether something that only the upstream model can read may settle what is open: a system prompt, an
            /// attachment, a long text.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub unseen: Option<bool>,
            /// What the conversation is about, as the application says in `x-groundwire-domain`, is one of these.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub domain: Option<Vec<String>>,
            /// The request's path begins with one of these, in whole segments.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub route: Option<Vec<String>>,
            /// The request has these headers with these values.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub header: Option<std::collections::BTreeMap<String, String>>,
            /// The request's dialect is one of these.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub dialect: Option<Vec<String>>,
        }

        impl $name {
            /// The first condition that makes no sense, if one does.
            pub fn uncomparable(&self) -> Option<$crate::policy::Uncomparable> {
                self.when().uncomparable()
            }

            /// The conditions.
            pub(super) fn when(&self) -> $crate::policy::conditions::When<'_> {
                $crate::policy::conditions::When {
                    ambiguity: self.ambiguity,
                    underspecified: self.underspecified,
                    need: self.need.as_deref(),
                    gap: self.gap.as_deref(),
                    gap_probability: self.gap_probability,
                    emotion: self.emotion,
                    disclosed_before: self.disclosed_before,
                    user_act: self.user_act.as_deref(),
                    user_act_probability: self.user_act_probability,
                    user_turns: self.user_turns,
                    until_turn: self.until_turn,
                    every: self.every,
                    requirements: self.requirements,
                    questions: self.questions,
                    repairs: self.repairs,
                    failures: self.failures,
                    refusals: self.refusals,
                    after_question: self.after_question,
                    answers_question: self.answers_question,
                    just_answer: self.just_answer,
                    tools: self.tools,
                    unseen: self.unseen,
                    domain: self.domain.as_deref(),
                    route: self.route.as_deref(),
                    header: self.header.as_ref(),
                    dialect: self.dialect.as_deref(),
                }
            }
        }
    };
}
pub(super) use with_conditions;

/// The conditions of a rule or of `only-if`; those that are not there hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct When<'a> {
    pub(super) ambiguity: Option<f32>,
    pub(super) underspecified: Option<f32>,
    pub(super) need: Option<&'a [Need]>,
    pub(super) gap: Option<&'a [Gap]>,
    pub(super) gap_probability: Option<f32>,
    pub(super) emotion: Option<f32>,
    pub(super) disclosed_before: Option<bool>,
    pub(super) user_act: Option<&'a [UserAct]>,
    pub(super) user_act_probability: Option<f32>,
    pub(super) user_turns: Option<usize>,
    pub(super) until_turn: Option<usize>,
    pub(super) every: Option<usize>,
    pub(super) requirements: Option<usize>,
    pub(super) questions: Option<usize>,
    pub(super) repairs: Option<usize>,
    pub(super) failures: Option<usize>,
    pub(super) refusals: Option<usize>,
    pub(super) after_question: Option<bool>,
    pub(super) answers_question: Option<bool>,
    pub(super) just_answer: Option<bool>,
    pub(super) tools: Option<bool>,
    pub(super) unseen: Option<bool>,
    pub(super) domain: Option<&'a [String]>,
    pub(super) route: Option<&'a [String]>,
    pub(super) header: Option<&'a BTreeMap<String, String>>,
    pub(super) dialect: Option<&'a [String]>,
}

impl When<'_> {
    /// Whether all hold. Tests the cheap and the telling ones first; stops at the first that does not hold.
    pub(super) fn hold(&self, situation: &Situation<'_>, tester: &mut Tester<'_>) -> bool {
        self.judged(situation, tester) && self.counted(situation, tester) && self.requested(situation, tester)
    }

    /// What the classifier says.
    fn judged(&self, situation: &Situation<'_>, tester: &mut Tester<'_>) -> bool {
        let judgement = situation.judgement;
        let share = |named: f32, least: Option<f32>, of: &'static str, tester: &mut Tester<'_>| {
            tester.at_least(of, named, least)
        };
        tester.at_least("ambiguity", judgement.ambiguity(), self.ambiguity)
            && tester.at_least("underspecified", judgement.underspecified(), self.underspecified)
            && tester.at_least("emotion", judgement.emotion, self.emotion)
            && tester.is("disclosed-before", situation.history.disclosed_before(), self.disclosed_before)
            && tester.one_of("need", judgement.need.top(), self.need)
            && match (self.gap, self.gap_probability) {
                (Some(gaps), Some(_)) => {
                    let together = gaps.iter().map(|gap| judgement.gap.get(*gap)).sum();
                    share(together, self.gap_probability, "gap-probability", tester)
                }
                (gaps, _) => tester.one_of("gap", judgement.gap.top(), gaps),
            }
            && match (self.user_act, self.user_act_probability) {
                (Some(acts), Some(_)) => {
                    let together = acts.iter().map(|act| judgement.user_act.get(*act)).sum();
                    share(together, self.user_act_probability, "user-act-probability", tester)
                }
                (acts, _) => tester.one_of("user-act", situation.act(), acts),
            }
    }

    /// What the history shows.
    fn counted(&self, situation: &Situation<'_>, tester: &mut Tester<'_>) -> bool {
        let turns = situation.user_turns();
        tester.count_at_least("user-turns", || turns, self.user_turns)
            && tester.count_at_most("until-turn", || turns, self.until_turn)
            && self.requirements.is_none_or(|_| tester.is_noted("requires", situation.requires()))
            && tester.count_at_least("requirements", || situation.requirements(), self.requirements)
            && self.every.is_none_or(|every| {
                let beyond = match self.requirements {
                    Some(first) => situation.requirements().saturating_sub(first),
                    None => turns.saturating_sub(self.user_turns.unwrap_or(every)),
                };
                tester.is_due("every", beyond, every)
            })
            && tester.count_at_least("questions", || situation.history.questions, self.questions)
            && tester.count_at_least("repairs", || situation.repairs(), self.repairs)
            && tester.count_at_least("failures", || situation.failures(), self.failures)
            && tester.count_at_least("refusals", || situation.refusals(), self.refusals)
            && tester.is("after-question", situation.history.after_question, self.after_question)
            && tester.is("answers-question", situation.answers(), self.answers_question)
            && tester.is("just-answer", situation.just_answer(), self.just_answer)
    }

    /// What the request is.
    fn requested(&self, situation: &Situation<'_>, tester: &mut Tester<'_>) -> bool {
        let request = situation.request;
        tester.is("tools", situation.tools, self.tools)
            && tester.is("unseen", situation.unseen, self.unseen)
            && tester.named("domain", request.domain.as_deref(), self.domain, str::eq_ignore_ascii_case)
            && tester.named("route", Some(&request.route), self.route, is_below)
            && tester.named("dialect", request.dialect.map(|dialect| dialect.as_str()), self.dialect, |a, b| a == b)
            && self.header.into_iter().flatten().all(|(name, value)| tester.header(request, name, value))
    }

    /// What these conditions look at.
    pub(super) fn looks(&self) -> Looks {
        // A count of what turns did is the better for being judged where it matters most.
        let acts = self.repairs.is_some() || self.failures.is_some() || self.disclosed_before.is_some();
        let replies = self.refusals.is_some() || self.just_answer.is_some();
        Looks {
            headers: self.header.into_iter().flatten().map(|(name, _)| name.to_ascii_lowercase()).collect(),
            back: if acts { 2 } else { usize::from(replies) },
        }
    }
}

/// Whether a path begins with these segments.
fn is_below(path: &str, prefix: &str) -> bool {
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A label's name, as the configuration has it.
pub(super) fn name<L: Label>(label: L) -> &'static str {
    label.as_str()
}
