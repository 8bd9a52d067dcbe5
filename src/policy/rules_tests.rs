//! Tests of rules.

use super::*;
use crate::classify::{Judgement, ModelId};
use crate::dialogue::{Distribution, Label};
use crate::policy::{History, preset};

fn judgement(ask: f32, assume: f32, gap: Gap, act: UserAct) -> Judgement {
    let one_hot = |n: usize, at: usize| (0..n).map(|i| f32::from(i == at)).collect::<Vec<_>>();
    Judgement {
        need: Distribution::new(&[1.0 - ask - assume, assume, ask]).unwrap(),
        gap: Distribution::new(&one_hot(Gap::ALL.len(), gap.index())).unwrap(),
        user_act: Distribution::new(&one_hot(UserAct::ALL.len(), act.index())).unwrap(),
        emotion: 0.0,
        crisis: None,
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
        (0.9, 0.05, MissingParameter, Answer, 1, true, false, G::Recap, Steer),
        (0.2, 0.4, MissingParameter, Request, 0, false, false, G::Assume, Steer),
        (0.9, 0.05, MissingParameter, Acknowledgment, 0, false, false, G::None, Observe),
        (0.9, 0.05, MissingParameter, RefusesQuestion, 1, true, false, G::None, Observe),
        (0.1, 0.2, MissingParameter, Request, 0, false, false, G::None, Observe),
    ];
    let policy = preset("gentle").unwrap();
    for (ask, assume, gap, act, questions, after_question, tools, expected, delivery) in rows {
        let judgement = judgement(ask, assume, gap, act);
        let history = History { user_turns: 1, questions, after_question, ..History::default() };
        let decision = policy.decide(&Situation::new(&judgement, &history, tools, false));
        assert_eq!((decision.act, decision.delivery), (expected, delivery), "{judgement:?} {history:?}: {decision:?}");
    }
}

#[test]
fn a_reply_is_ours_only_where_nothing_else_may_settle_it() {
    let mut rules = preset("gentle").unwrap();
    rules.rules[1].delivery = Delivery::Reply;
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
        rules.rules[1].reply_anyway = anyway;
        let judgement = judgement(0.9, 0.05, gap, UserAct::Request);
        let decision = rules.decide(&Situation::new(&judgement, &History::default(), tools, unseen));
        assert_eq!(decision.delivery, expected, "{gap} tools {tools} unseen {unseen} anyway {anyway}");
    }
}

#[test]
fn no_question_follows_a_question_unless_the_rule_says_so() {
    let judgement = judgement(0.9, 0.05, Gap::MissingMaterial, UserAct::Request);
    let after = History { user_turns: 1, questions: 1, after_question: true, ..History::default() };
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
    assert_eq!(decision.reason, "rule 4: underspecified 0.60 >= 0.50");
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
    let tried = [
        "1 emotion 0.00 >= 0.80: false",
        "2 ambiguity 0.20 >= 0.50: false",
        "3 answers-question no is yes: false",
        "4 underspecified 0.60 >= 0.50: true",
    ];
    assert_eq!(shown, tried);
}

#[test]
fn unknown_keys_are_errors() {
    let error = serde_json::from_str::<RulePolicy>(r#"{"rules":[{"act":"clarify","ambiguty":0.5}]}"#).unwrap_err();
    assert!(error.to_string().contains("ambiguty"), "{error}");
}
