//! What holds in every conversation, over ten thousand that are generated turn by turn: what the policy decides shapes what
//! comes next.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use groundwire::dialogue::{Gap, Label, UserAct};
use groundwire::policy::{History, Policy, PolicyTable, Reply, Situation, policy_of};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::judged::{conversation, judgement, only};

/// Conversations that are generated.
const CONVERSATIONS: u32 = 10_000;

/// What a user might say when a turn is not about the assistant's question.
const REQUESTS: [&str; 8] = [
    "Book a table.",
    "Summarise the text below.",
    "Translate it into Spanish.",
    "Write to my landlord about the heating.",
    "And the other one?",
    "Make it shorter.",
    "What is the capital of Peru?",
    "Plan three days in Lisbon.",
];
const ANSWERS: [&str; 4] = ["At eight.", "The red one, please.", "For two people.", "It is for my daughter."];
const REFUSALS: [&str; 3] = ["I don't know.", "No idea.", "I'd rather not say."];
const JUST_ANSWER: [&str; 6] = [
    "Just answer.",
    "Stop asking me questions.",
    "No more questions, please.",
    "Just pick one.",
    "your call",
    "Ohne Rückfragen bitte.",
];
const CORRECTIONS: [&str; 3] = ["No, I said eight.", "That's wrong.", "Are you sure?"];
/// What an assistant might ask of its own accord.
const ASKED: [&str; 3] =
    ["Which day do you mean?", "For how many people?\n- two\n- four\n- something else", "Formal or casual?"];
const ANSWERED: [&str; 3] = ["Done.", "Here it is:\n\nDear Sir", "Lima. See https://example.com/?q=lima for more."];

/// One user turn: what is said, how the classifier judges it, and whether a model that is not told to ask does so.
#[derive(Clone, Debug)]
struct Beat {
    kind: usize,
    which: usize,
    ask: f32,
    assume: f32,
    emotion: f32,
    gap: Gap,
    asks_anyway: bool,
    tools: bool,
    unseen: bool,
}

fn beats() -> impl Strategy<Value = Vec<Beat>> {
    let beat = (
        0..100_usize,
        0..64_usize,
        0.0..1.0_f32,
        0.0..1.0_f32,
        0.0..1.0_f32,
        0..6_usize,
        0..8_usize,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(kind, which, ask, assume, emotion, gap, asks, tools, unseen)| Beat {
            kind,
            which,
            ask,
            assume: assume * (1.0 - ask),
            emotion,
            gap: Gap::ALL[gap],
            asks_anyway: asks == 0,
            tools,
            unseen,
        });
    prop::collection::vec(beat, 1..12)
}

/// What is said, and what the classifier takes it for.
fn said(beat: &Beat, first: bool, after_question: bool) -> (&'static str, UserAct) {
    let pick = |from: &[&'static str]| from[beat.which % from.len()];
    match beat.kind {
        _ if first && beat.kind < 95 => (pick(&REQUESTS), UserAct::Request),
        0..=4 => (pick(&JUST_ANSWER), UserAct::RefusesQuestion),
        5..=12 if after_question => (pick(&REFUSALS), UserAct::RefusesQuestion),
        13..=54 if after_question => (pick(&ANSWERS), UserAct::Answer),
        55..=64 => (pick(&CORRECTIONS), UserAct::Repair),
        65..=68 => ("Thanks!", UserAct::Acknowledgment),
        _ => (pick(&REQUESTS), if first { UserAct::Request } else { UserAct::FollowUp }),
    }
}

/// The policies, each with how many questions may come before one of its own.
fn policies() -> Vec<(Arc<dyn Policy>, usize)> {
    let tables: BTreeMap<String, PolicyTable> = toml::from_str(
        r#"
        eager = { rules = [{ act = "clarify" }], at-most = 2 }
        worth = { utility = { turn-cost = 0.0, abandonment = 0.0, history-cost = 0.0 } }
        both = { any-of = ["candid", "eager", "careful"], budget = { questions = 3 } }
        checks = { rules = [{ act = "check", at-most = 5 }] }
        "#,
    )
    .unwrap();
    let most = [
        ("gentle", 2),
        ("careful", 3),
        ("clinical", 2),
        ("candid", 2),
        ("agent", 2),
        ("eager", 2),
        ("worth", 2),
        ("both", 3),
        ("checks", 5),
    ];
    most.into_iter().map(|(name, most)| (policy_of(name, &tables).unwrap(), most)).collect()
}

/// Plays a conversation: where the policy asks, the assistant does.
fn play(beats: &[Beat], policy: &Arc<dyn Policy>, most: usize) -> Result<usize, TestCaseError> {
    let mut lines: Vec<String> = Vec::new();
    let (mut after_question, mut wants_answers, mut questions, mut ours) = (false, false, 0, 0);
    let (mut declined, mut asked_about) = (None::<usize>, HashSet::new());
    for (i, beat) in beats.iter().enumerate() {
        let (text, act) = said(beat, i == 0, after_question);
        lines.push(format!("u {text}"));
        // "Just pick one" and "your call" are about a question; where none was asked, they may be about anything.
        let outright = JUST_ANSWER[..3].contains(&text) || text == JUST_ANSWER[5];
        wants_answers |= JUST_ANSWER.contains(&text) && (after_question || outright);
        if REFUSALS.contains(&text) {
            declined = Some(i);
        }
        let conversation = conversation(&lines);
        let history = History::before(&conversation, lines.len() - 1);
        let judgement = judgement(beat.ask, beat.assume, &only(beat.gap), &only(act), beat.emotion);
        let situation = Situation::new(&judgement, &history, beat.tools, beat.unseen);
        let decision = policy.decide(&situation);
        let again = policy.decide(&Situation::new(
            &judgement,
            &History::before(&conversation, lines.len() - 1),
            beat.tools,
            beat.unseen,
        ));
        prop_assert_eq!(&decision, &again, "the same request is decided alike");
        prop_assert_eq!(history.questions, questions);
        prop_assert_eq!(
            history.replies(Reply::Answered) + history.replies(Reply::Refused) + history.replies(Reply::Ignored)
                <= questions,
            true
        );
        if decision.act.asks() {
            let told = format!("{}: {lines:#?}\n{decision:?}", policy.name());
            prop_assert!(!after_question, "a question right after one. {}", told);
            prop_assert!(!wants_answers, "a question after \"just answer\". {}", told);
            prop_assert!(questions < most, "{} questions before. {}", questions, told);
            prop_assert!(declined.is_none_or(|at| i > at + 3), "a question soon after a refusal. {}", told);
            prop_assert!(asked_about.insert(text), "a question about what was asked about before. {}", told);
            ours += 1;
        } else if beat.asks_anyway {
            asked_about.insert(text);
        }
        after_question = decision.act.asks() || beat.asks_anyway;
        questions += usize::from(after_question);
        let reply =
            if after_question { ASKED[beat.which % ASKED.len()] } else { ANSWERED[beat.which % ANSWERED.len()] };
        lines.push(format!("a {reply}"));
    }
    Ok(ours)
}

#[test]
fn no_question_is_out_of_place_in_ten_thousand_conversations() {
    let policies = policies();
    let asked = std::cell::Cell::new(0_usize);
    let config = Config { cases: CONVERSATIONS, failure_persistence: None, ..Config::default() };
    let played = TestRunner::new(config).run(&(beats(), 0..policies.len()), |(beats, which)| {
        let (policy, most) = &policies[which];
        asked.set(asked.get() + play(&beats, policy, *most)?);
        Ok(())
    });
    played.unwrap_or_else(|wrong| panic!("{wrong}"));
    // Silence would pass, too.
    assert!(asked.get() > 5_000, "only {} questions were asked", asked.get());
}
