//! Audits of conversations whose acts are known.

use super::*;
use crate::classify::{AssistantJudgement, Judgement, ModelId};
use crate::dialogue::{Distribution, Gap, Label};

/// Reads the acts out of the text itself, so that the counts and not a model are under test.
fn told(conversation: &Conversation<'_>, at: usize) -> Result<Option<Scores>> {
    let turn = &conversation.turns[at];
    let text = turn.texts().next().and_then(|text| text.ends(1000, 0)).unwrap().0.into_owned();
    if text.contains("foreign") {
        return Ok(None);
    }
    let has = |label: &str| f32::from(u8::from(text.split_whitespace().any(|word| word == label)));
    Ok(Some(match turn.role {
        Role::Assistant => {
            let acts: Vec<f32> = AssistantAct::ALL.iter().map(|act| has(act.as_str())).collect();
            Scores::Assistant(AssistantJudgement { acts: Distribution::new(&acts).unwrap(), tokens: 1 })
        }
        _ => {
            let acts: Vec<f32> = UserAct::ALL.iter().map(|act| has(act.as_str())).collect();
            let ask = has("vague");
            Scores::User(Judgement {
                need: Distribution::new(&[1.0 - ask, 0.0, ask]).unwrap(),
                gap: Distribution::new(&[0.0; Gap::ALL.len()]).unwrap(),
                user_act: Distribution::new(&acts).unwrap(),
                emotion: has("sad"),
                crisis: None,
                tokens: 1,
                model: ModelId::of(&[]),
            })
        }
    }))
}

fn audit(conversations: &[(&[(Role, &str)], Replies)]) -> Report {
    let mut audit = Audit::new();
    for (turns, replies) in conversations {
        let turns = turns.iter().map(|&(role, text)| Turn::new(role, text)).collect();
        audit.add(&Conversation { turns, tools: false }, replies, told).unwrap();
    }
    audit.report()
}

fn replies(reference: &str, model: &str) -> Replies {
    Replies { reference: Some(reference.to_owned()), models: [("m".to_owned(), model.to_owned())].into() }
}

#[test]
fn acts_are_counted_by_speaker() {
    let report = audit(&[
        (
            &[
                (Role::User, "request vague"),
                (Role::Assistant, "clarification"),
                (Role::User, "answer"),
                (Role::Assistant, "acknowledgment answer"),
            ],
            Replies::default(),
        ),
        (&[(Role::User, "request"), (Role::Assistant, "answer"), (Role::User, "foreign")], Replies::default()),
    ]);
    assert_eq!((report.conversations, report.unjudged), (2, 1));
    let [user, assistant] = &report.speakers[..] else { panic!("{report:?}") };
    assert_eq!((user.speaker.as_str(), user.turns, assistant.turns), ("user", 3, 3));
    let count = |speaker: &Speaker, act: &str| speaker.acts.iter().find(|a| a.act == act).unwrap().share.count;
    assert_eq!((count(user, "request"), count(user, "answer"), count(user, "repair")), (2, 1, 0));
    assert_eq!((count(assistant, "answer"), count(assistant, "clarification")), (2, 1));
    assert_eq!(user.ask.unwrap().count, 1);
    assert!(assistant.ask.is_none());
}

#[test]
fn replies_are_set_against_the_reference_at_the_same_turn() {
    let ask: &[(Role, &str)] = &[(Role::User, "request")];
    let report = audit(&[
        (ask, replies("clarification", "clarification")),
        (ask, replies("clarification", "answer")),
        (ask, replies("answer", "answer")),
        (ask, replies("answer", "answer")),
        (ask, replies("answer", "foreign")),
    ]);
    let row = report.agreement.iter().find(|row| row.act == "clarification").unwrap();
    assert_eq!((row.turns, row.reference, row.performs), (4, 0.5, 0.25));
    assert!((row.kappa.unwrap().kappa - 0.5).abs() < 1e-12);
    let never = report.agreement.iter().find(|row| row.act == "concession").unwrap();
    assert!(never.kappa.is_none());
    assert!(report.to_string().contains("against the reference"));
}

#[test]
fn feelings_and_challenges_look_at_the_reply_that_follows() {
    let report = audit(&[(
        &[
            (Role::User, "request sad"),
            (Role::Assistant, "advice"),
            (Role::User, "challenge"),
            (Role::Assistant, "concession answer"),
            (Role::User, "challenge"),
            (Role::Assistant, "answer"),
            (Role::User, "follow_up"),
            (Role::Assistant, "advice concession"),
        ],
        Replies::default(),
    )]);
    let at = &report.at_feeling[0];
    assert_eq!((at.advice.count, at.advice.of, at.advice_only.count, at.reflection.count), (1, 1, 1, 0));
    let after = &report.after_challenge[0];
    assert_eq!((after.concession.count, after.concession.of, after.holding.count), (1, 2, 1));
}

#[test]
fn a_failure_leaves_the_conversation_out() {
    let mut audit = Audit::new();
    let turns = vec![Turn::new(Role::User, "request"), Turn::new(Role::User, "request")];
    let mut calls = 0;
    let failed = audit.add(&Conversation { turns, tools: false }, &Replies::default(), |conversation, at| {
        calls += 1;
        if calls == 2 { Err(crate::Error::model("broken")) } else { told(conversation, at) }
    });
    assert!(failed.is_err());
    assert_eq!(audit.report().conversations, 0);
}

#[test]
fn turns_of_one_conversation_in_several_lines_are_counted_once_and_are_one_cluster() {
    let first: &[(Role, &str)] = &[(Role::User, "request vague")];
    let second: &[(Role, &str)] =
        &[(Role::User, "request vague"), (Role::Assistant, "clarification"), (Role::User, "answer")];
    let report = audit(&[
        (first, replies("clarification", "answer")),
        (second, replies("answer", "answer")),
        (&[(Role::User, "request")], replies("answer", "answer")),
    ]);
    assert_eq!(report.conversations, 2);
    let turns = |name: &str| report.speakers.iter().find(|s| s.speaker == name).unwrap().turns;
    assert_eq!((turns("user"), turns("assistant"), turns("reference"), turns("m")), (3, 1, 3, 3));
    // Two whole conversations that open alike are two.
    let hello: &[(Role, &str)] = &[(Role::User, "acknowledgment")];
    assert_eq!(audit(&[(hello, Replies::default()), (hello, Replies::default())]).conversations, 2);
}

#[test]
fn a_model_cannot_bear_the_name_of_a_speaker() {
    let mut audit = Audit::new();
    let turns = vec![Turn::new(Role::User, "request")];
    let theirs = Replies { reference: None, models: [("assistant".to_owned(), "answer".to_owned())].into() };
    let error = audit.add(&Conversation { turns, tools: false }, &theirs, told).unwrap_err();
    assert!(error.to_string().contains("rename"), "{error}");
}
