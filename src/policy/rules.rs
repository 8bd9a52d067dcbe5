//! Rules: the first that matches decides; if none does, nothing is done.

use serde::{Deserialize, Serialize};

use super::conditions::with_conditions;
use super::testing::Tester;
use super::{Decision, Looks, Op, Operand, Policy, Situation, Trace};
use crate::dialogue::{Delivery, Gap, GroundingAct, UserAct};
#[cfg(feature = "toml")]
use crate::error::{Error, Result};

/// Questions of the assistant after which an asking rule keeps still, unless it says otherwise.
const MOST_QUESTIONS: usize = 2;
/// User turns for which an asking rule keeps still once the user declined a question, unless it says otherwise.
const COOLDOWN: usize = 3;

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

with_conditions! {
    /// One rule: an act, and the conditions that must all hold.
    ///
    /// Thresholds are probabilities at the configured base rate: 0.5 means "more likely needed than not".
    ///
    /// A rule that asks (`clarify`, `check`) keeps still, unless it says otherwise, after two questions, right after one, and
    /// for three turns after the user declined one; and whatever it says, once the user wants answers and no questions, and where
    /// the same words were answered with a question before.
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
        /// Fewer than this many questions were asked in the conversation, by whomever. For an asking act 2 unless set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub at_most: Option<usize>,
        /// Not where the last assistant message already asked something. For an asking act true unless set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub never_consecutive: Option<bool>,
        /// Not in this many user turns after one that declined a question. For an asking act 3 unless set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cooldown: Option<usize>,
    }
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

/// Acts of the user after which an act about what is missing would be out of place whatever the scores say: they leave
/// nothing to ask.
const SETTLED: [UserAct; 3] = [UserAct::RefusesQuestion, UserAct::Acknowledgment, UserAct::Hedge];

impl Rule {
    /// A rule without conditions, which always matches.
    pub fn plain(act: GroundingAct) -> Self {
        Self {
            act,
            delivery: Delivery::Steer,
            force: false,
            reply_anyway: false,
            at_most: None,
            never_consecutive: None,
            cooldown: None,
            ambiguity: None,
            underspecified: None,
            need: None,
            gap: None,
            gap_probability: None,
            emotion: None,
            disclosed_before: None,
            user_act: None,
            user_act_probability: None,
            user_turns: None,
            until_turn: None,
            every: None,
            requirements: None,
            questions: None,
            repairs: None,
            failures: None,
            refusals: None,
            after_question: None,
            answers_question: None,
            just_answer: None,
            tools: None,
            unseen: None,
            domain: None,
            route: None,
            header: None,
            dialect: None,
        }
    }

    /// Whether the act asks the user something.
    fn asks(&self) -> bool {
        self.act.asks()
    }

    /// Whether all conditions hold, those included that nobody has to write.
    fn matches(&self, situation: &Situation<'_>, tester: &mut Tester<'_>) -> bool {
        self.when().hold(situation, tester) && self.is_fit(situation, tester) && self.is_allowed(situation, tester)
    }

    /// Whether the turn is one that such an act may follow.
    fn is_fit(&self, situation: &Situation<'_>, tester: &mut Tester<'_>) -> bool {
        if self.user_act.is_some() || !self.act.is_about_gap() {
            return true;
        }
        let act = situation.act();
        let settled = SETTLED.contains(&act);
        if !settled {
            return true;
        }
        tester.note("user-act", false, || {
            (Operand::Name(act.as_str().into()), Op::Is, Operand::Name("an act that leaves something to ask".into()))
        })
    }

    /// Whether a question may be asked at all.
    fn is_allowed(&self, situation: &Situation<'_>, tester: &mut Tester<'_>) -> bool {
        let (history, asks) = (situation.history, self.asks());
        let most = self.at_most.or(asks.then_some(MOST_QUESTIONS));
        let cooldown = self.cooldown.or(asks.then_some(COOLDOWN));
        most.is_none_or(|most| tester.below("at-most", history.questions, most))
            && (!self.never_consecutive.unwrap_or(asks) || tester.is_not("never-consecutive", history.after_question))
            && (!asks || tester.is_not("just-answer", situation.just_answer()))
            && (!asks || tester.is_not("asked-before", history.asked_before))
            && cooldown.is_none_or(|turns| match situation.since_refusal() {
                None => true,
                Some(since) => {
                    tester.note("cooldown", since > turns, || (Operand::Count(since), Op::Above, Operand::Count(turns)))
                }
            })
    }

    fn delivery(&self, situation: &Situation<'_>) -> Delivery {
        let gap = situation.judgement.gap.top();
        let ours = self.act == GroundingAct::Clarify && matches!(gap, Gap::MissingMaterial | Gap::MissingReferent);
        let settles = (situation.tools || situation.unseen) && !self.reply_anyway;
        match self.delivery {
            // The same template twice helps nobody, whatever the rules allow: a second question is worded by the model.
            Delivery::Reply if !ours || settles || situation.history.questions > 0 => Delivery::Steer,
            delivery => delivery,
        }
    }
}

impl Policy for RulePolicy {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        self.decide_traced(situation, &mut Trace::off())
    }

    fn decide_traced(&self, situation: &Situation<'_>, trace: &mut Trace) -> Decision {
        for (i, rule) in self.rules.iter().enumerate() {
            let mut tester = Tester::new(&self.name, Some(i + 1), Some(rule.act), trace);
            if !rule.matches(situation, &mut tester) {
                continue;
            }
            let reason = match tester.why() {
                why if why.is_empty() => format!("rule {}", i + 1),
                why => format!("rule {}: {why}", i + 1),
            };
            if rule.act == GroundingAct::None {
                return Decision::none(reason);
            }
            return Decision {
                act: rule.act,
                delivery: rule.delivery(situation),
                force: rule.force,
                gap: rule.act.is_about_gap().then(|| situation.judgement.gap.top()),
                reason: reason.into(),
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

    fn looks(&self) -> Looks {
        let looks = self.rules.iter().map(|rule| {
            // Whether the last question was declined decides whether another may be asked.
            let asking = Looks { back: usize::from(rule.asks()), ..Looks::default() };
            rule.when().looks().and(asking)
        });
        looks.fold(Looks::default(), Looks::and)
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;
