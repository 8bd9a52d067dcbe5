//! The policies that are compared. Each is a closure, as an embedder may write one.

use std::sync::Arc;

use groundwire::dialogue::{Delivery, GroundingAct};
use groundwire::policy::{Decision, Policy, Situation};

/// Above this probability a question is asked, as the policy `gentle` does.
const ASK: f32 = 0.5;
/// A question in a conversation is worth it once or twice.
const QUESTIONS: usize = 2;
/// From this many user turns before the present one on, what holds is scattered enough to be restated.
const SCATTERED: usize = 2;

/// Every policy with its name.
pub(crate) fn all() -> Vec<(&'static str, Arc<dyn Policy>)> {
    let control = |_: &Situation<'_>| Decision::none("control");
    let ask_only = |s: &Situation<'_>| ask(s).unwrap_or_else(|| Decision::none("nothing to ask"));
    vec![
        ("control", Arc::new(control) as Arc<dyn Policy>),
        ("ask-only", Arc::new(ask_only)),
        ("ask+recap", Arc::new(|s: &Situation<'_>| ask(s).unwrap_or_else(|| restate(s, GroundingAct::Recap)))),
        (
            "ask+consolidate",
            Arc::new(|s: &Situation<'_>| ask(s).unwrap_or_else(|| restate(s, GroundingAct::Consolidate))),
        ),
        ("recap", Arc::new(|s: &Situation<'_>| restate(s, GroundingAct::Recap))),
    ]
}

fn ask(situation: &Situation<'_>) -> Option<Decision> {
    let history = situation.history;
    let due = situation.judgement.ambiguity() >= ASK && history.questions < QUESTIONS && !history.after_question;
    due.then(|| decide(GroundingAct::Clarify, situation, "more likely needed than not"))
}

/// After an answered question, whoever asked it, and after turns that each add something.
fn restate(situation: &Situation<'_>, act: GroundingAct) -> Decision {
    let history = situation.history;
    match history.user_turns > 0 && (history.after_question || history.user_turns >= SCATTERED) {
        true => decide(act, situation, "what holds is scattered"),
        false => Decision::none("there is nothing to restate"),
    }
}

fn decide(act: GroundingAct, situation: &Situation<'_>, reason: &'static str) -> Decision {
    let mut decision = Decision::none(reason);
    decision.act = act;
    decision.delivery = Delivery::Steer;
    decision.gap = Some(situation.judgement.gap.top());
    decision
}
