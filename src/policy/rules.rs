//! Rules: the first that matches decides; if none does, nothing is done.

use serde::{Deserialize, Serialize};

use super::{Decision, Op, Operand, Policy, Situation, Step, Trace};
use crate::dialogue::{Delivery, Gap, GroundingAct, Label, UserAct};
#[cfg(feature = "toml")]
use crate::error::{Error, Result};

/// A named list of rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RulePolicy {
    /// The name that records carry.
    #[serde(skip)]
    pub name: String,
    /// Tried in order.
    pub rules: Vec<Rule>,
}

/// One rule: an act, and the conditions that must all hold.
///
/// Thresholds are probabilities at the configured base rate: 0.5 means "more likely needed than not".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// What to do.
    pub act: GroundingAct,
    /// How it reaches the user. A `reply` is given only for a missing material or referent and only where nothing that
    /// the upstream model alone can read may settle it; otherwise the act is steered.
    #[serde(default = "steer")]
    pub delivery: Delivery,
    /// Tell the upstream model to perform the act whatever it knows.
    #[serde(default)]
    pub force: bool,
    /// Reply ourselves even where tools, a system prompt or an attachment might settle the gap.
    #[serde(default)]
    pub reply_anyway: bool,
    /// At least this probability that a question is needed (`need.ask`).
    pub ambiguity: Option<f32>,
    /// At least this probability that a question or a stated assumption is needed (`need.assume + need.ask`).
    pub underspecified: Option<f32>,
    /// The most probable gap is one of these.
    pub gap: Option<Vec<Gap>>,
    /// The most probable act of the user is one of these.
    pub user_act: Option<Vec<UserAct>>,
    /// Fewer than this many questions were asked in the conversation, by whomever. For `clarify` 2 unless set.
    pub at_most: Option<usize>,
    /// Not where the last assistant message already asked something. For `clarify` true unless set.
    pub never_consecutive: Option<bool>,
}

impl RulePolicy {
    /// Parses `rules = [ … ]`; every key of a rule is a field of [`Rule`] in kebab-case.
    ///
    /// ```
    /// use groundwire::policy::RulePolicy;
    ///
    /// RulePolicy::from_toml(r#"rules = [{ act = "clarify", ambiguity = 0.5, at-most = 2, never-consecutive = true }]"#)?;
    /// # Ok::<(), groundwire::Error>(())
    /// ```
    ///
    /// # Errors
    /// If it is not TOML, or has an unknown key or a wrong value; the place is named.
    #[cfg(feature = "toml")]
    pub fn from_toml(text: &str) -> Result<Self> {
        let policy: Self = toml::from_str(text).map_err(|e| Error::config("the rules cannot be read").with(e))?;
        Ok(Self { name: "custom".to_owned(), ..policy })
    }
}

fn steer() -> Delivery {
    Delivery::Steer
}

/// Acts of the user after which a question would be out of place whatever the scores say: they leave nothing to ask.
const SETTLED: [UserAct; 3] = [UserAct::RefusesQuestion, UserAct::Acknowledgment, UserAct::Hedge];

impl Rule {
    /// A rule without conditions, which always matches.
    pub fn plain(act: GroundingAct) -> Self {
        Self {
            act,
            delivery: Delivery::Steer,
            force: false,
            reply_anyway: false,
            ambiguity: None,
            underspecified: None,
            gap: None,
            user_act: None,
            at_most: None,
            never_consecutive: None,
        }
    }

    /// Whether all conditions hold; if so, the numbers by which they do.
    fn test(&self, situation: &Situation<'_>, note: &mut Noting<'_>) -> Option<String> {
        let judgement = situation.judgement;
        let mut why = String::new();
        for (condition, value, least) in [
            ("ambiguity", judgement.ambiguity(), self.ambiguity),
            ("underspecified", judgement.underspecified(), self.underspecified),
        ] {
            let Some(least) = least else { continue };
            let (left, right) = (Operand::Number(value), Operand::Number(least));
            if !note.that(condition, left.clone(), Op::AtLeast, right.clone(), value >= least) {
                return None;
            }
            why.push_str(if why.is_empty() { "" } else { ", " });
            why.push_str(&format!("{condition} {left} >= {right}"));
        }
        if let Some(gaps) = &self.gap {
            let top = judgement.gap.top();
            note.that("gap", name(top), Op::In, names(gaps), gaps.contains(&top)).then_some(())?;
        }
        let act = judgement.user_act.top();
        if let Some(acts) = &self.user_act {
            note.that("user-act", name(act), Op::In, names(acts), acts.contains(&act)).then_some(())?;
        } else if SETTLED.contains(&act) {
            note.that("user-act", name(act), Op::In, Operand::Name("what leaves something to ask".into()), false);
            return None;
        }
        let history = situation.history;
        let asks = self.act == GroundingAct::Clarify;
        if let Some(most) = self.at_most.or(asks.then_some(2)) {
            let (left, right) = (Operand::Count(history.questions), Operand::Count(most));
            note.that("at-most", left, Op::Below, right, history.questions < most).then_some(())?;
        }
        if self.never_consecutive.unwrap_or(asks) {
            let left = Operand::Flag(history.after_question);
            note.that("after-question", left, Op::Is, Operand::Flag(false), !history.after_question).then_some(())?;
        }
        if why.is_empty() {
            note.that("always", Operand::Flag(true), Op::Is, Operand::Flag(true), true);
        }
        Some(why)
    }

    fn delivery(&self, situation: &Situation<'_>) -> Delivery {
        let gap = situation.judgement.gap.top();
        let ours = self.act == GroundingAct::Clarify && matches!(gap, Gap::MissingMaterial | Gap::MissingReferent);
        let settles = (situation.tools || situation.unseen) && !self.reply_anyway;
        match self.delivery {
            // The same template twice in a row helps nobody, whatever the rules allow.
            Delivery::Reply if !ours || settles || situation.history.after_question => Delivery::Steer,
            delivery => delivery,
        }
    }
}

/// Notes what a rule tries.
struct Noting<'a> {
    policy: &'a str,
    rule: usize,
    act: GroundingAct,
    trace: &'a mut Trace,
}

impl Noting<'_> {
    fn that(&mut self, condition: &'static str, left: Operand, op: Op, right: Operand, held: bool) -> bool {
        let (policy, rule, act) = (self.policy, Some(self.rule), Some(self.act));
        self.trace.note(|| Step { policy: policy.to_owned(), rule, act, condition, left, op, right, held });
        held
    }
}

fn name<L: Label>(label: L) -> Operand {
    Operand::Name(label.as_str().into())
}

fn names<L: Label>(labels: &[L]) -> Operand {
    Operand::Names(labels.iter().map(|label| label.as_str().into()).collect())
}

impl Policy for RulePolicy {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self.decide_traced(situation, &mut Trace::off())
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        for (i, rule) in self.rules.iter().enumerate() {
            let mut note = Noting { policy: &self.name, rule: i + 1, act: rule.act, trace };
            let Some(why) = rule.test(situation, &mut note) else { continue };
            if rule.act == GroundingAct::None {
                return Decision::none(format!("rule {}: {why}", i + 1));
            }
            return Decision {
                act: rule.act,
                delivery: rule.delivery(situation),
                force: rule.force,
                gap: Some(situation.judgement.gap.top()),
                reason: format!("rule {}: {why}", i + 1).into(),
            };
        }
        Decision::none("no rule matched")
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn definition(&self) -> String {
        format!("{}: {:?}", self.name, self.rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::{Judgement, ModelId};
    use crate::dialogue::Distribution;
    use crate::policy::{History, preset};

    fn judgement(ask: f32, assume: f32, gap: Gap, act: UserAct) -> Judgement {
        let one_hot = |n: usize, at: usize| (0..n).map(|i| f32::from(i == at)).collect::<Vec<_>>();
        Judgement {
            need: Distribution::new(&[1.0 - ask - assume, assume, ask]).unwrap(),
            gap: Distribution::new(&one_hot(Gap::ALL.len(), gap.index())).unwrap(),
            user_act: Distribution::new(&one_hot(UserAct::ALL.len(), act.index())).unwrap(),
            emotion: 0.0,
            tokens: 12,
            model: ModelId::of(&[]),
        }
    }

    /// ask, assume, gap, user act, questions so far, after a question, tools, unseen -> act, delivery
    #[test]
    fn gentle_table() {
        use {Delivery::*, Gap::*, GroundingAct as G, UserAct::*};
        let rows = [
            (0.9, 0.05, MissingParameter, Request, 0, false, false, G::Clarify, Steer),
            (0.5, 0.1, VagueGoal, FollowUp, 1, false, false, G::Clarify, Steer),
            (0.9, 0.05, MissingParameter, Request, 2, false, false, G::Assume, Steer),
            (0.9, 0.05, MissingParameter, Answer, 1, true, false, G::Assume, Steer),
            (0.2, 0.4, MissingParameter, Request, 0, false, false, G::Assume, Steer),
            (0.9, 0.05, MissingParameter, Acknowledgment, 0, false, false, G::None, Observe),
            (0.9, 0.05, MissingParameter, RefusesQuestion, 1, true, false, G::None, Observe),
            (0.1, 0.2, MissingParameter, Request, 0, false, false, G::None, Observe),
        ];
        let policy = preset("gentle").unwrap();
        for (ask, assume, gap, act, questions, after_question, tools, expected, delivery) in rows {
            let judgement = judgement(ask, assume, gap, act);
            let history = History { user_turns: 1, questions, after_question };
            let decision = policy.decide(&Situation::new(&judgement, &history, tools, false));
            assert_eq!(
                (decision.act, decision.delivery),
                (expected, delivery),
                "{judgement:?} {history:?}: {decision:?}"
            );
        }
    }

    #[test]
    fn a_reply_is_ours_only_where_nothing_else_may_settle_it() {
        let mut rules = preset("gentle").unwrap();
        rules.rules[0].delivery = Delivery::Reply;
        let rows = [
            (Gap::MissingMaterial, false, false, false, Delivery::Reply),
            (Gap::MissingReferent, false, false, false, Delivery::Reply),
            (Gap::VagueGoal, false, false, false, Delivery::Steer),
            (Gap::MissingMaterial, true, false, false, Delivery::Steer),
            (Gap::MissingMaterial, false, true, false, Delivery::Steer),
            (Gap::MissingMaterial, true, true, true, Delivery::Reply),
            (Gap::VagueGoal, false, false, true, Delivery::Steer),
        ];
        for (gap, tools, unseen, anyway, expected) in rows {
            rules.rules[0].reply_anyway = anyway;
            let judgement = judgement(0.9, 0.05, gap, UserAct::Request);
            let decision = rules.decide(&Situation::new(&judgement, &History::default(), tools, unseen));
            assert_eq!(decision.delivery, expected, "{gap} tools {tools} unseen {unseen} anyway {anyway}");
        }
    }

    #[test]
    fn no_question_follows_a_question_unless_the_rule_says_so() {
        let judgement = judgement(0.9, 0.05, Gap::MissingMaterial, UserAct::Request);
        let after = History { user_turns: 1, questions: 1, after_question: true };
        let situation = Situation::new(&judgement, &after, false, false);
        let decide = |rule: &str| {
            let policy: RulePolicy = serde_json::from_str(&format!(r#"{{"rules":[{rule}]}}"#)).unwrap();
            let decision = policy.decide(&situation);
            (decision.act, decision.delivery)
        };
        assert_eq!(decide(r#"{"act":"clarify","delivery":"reply"}"#), (GroundingAct::None, Delivery::Observe));
        let allowed = r#"{"act":"clarify","delivery":"reply","never-consecutive":false}"#;
        assert_eq!(decide(allowed), (GroundingAct::Clarify, Delivery::Steer), "but never the same template again");
        assert_eq!(decide(r#"{"act":"assume"}"#), (GroundingAct::Assume, Delivery::Steer));
    }

    #[test]
    fn the_reason_names_rule_and_numbers() {
        let judgement = judgement(0.2, 0.4, Gap::VagueGoal, UserAct::Request);
        let decision = preset("gentle").unwrap().decide(&Situation::new(&judgement, &History::default(), false, false));
        assert_eq!(decision.reason, "rule 2: underspecified 0.60 >= 0.50");
    }

    #[test]
    fn the_trace_shows_what_was_tried() {
        let judgement = judgement(0.2, 0.4, Gap::VagueGoal, UserAct::Request);
        let (history, policy, mut trace) = (History::default(), preset("gentle").unwrap(), Trace::new());
        let situation = Situation::new(&judgement, &history, false, false);
        let decision = policy.decide_traced(&situation, &mut trace);
        assert_eq!(decision, policy.decide(&situation));
        let shown: Vec<_> =
            trace.steps().iter().map(|step| format!("{:?} {step}: {}", step.rule.unwrap(), step.held)).collect();
        assert_eq!(shown, ["1 ambiguity 0.20 >= 0.50: false", "2 underspecified 0.60 >= 0.50: true"]);
    }

    #[test]
    fn unknown_keys_are_errors() {
        let error = serde_json::from_str::<RulePolicy>(r#"{"rules":[{"act":"clarify","ambiguty":0.5}]}"#).unwrap_err();
        assert!(error.to_string().contains("ambiguty"), "{error}");
    }
}
