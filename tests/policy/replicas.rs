//! Any replica decides alike: what a turn comes to depends on the request and on nothing that was seen before, and a
//! conversation that is new to a replica costs three runs of the model at most.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use groundwire::Grounder;
use groundwire::classify::{Classifier, Judgement, Judging, ModelId};
use groundwire::dialogue::{Bypass, Conversation, Gap, GroundingAct, Id, IdentityKey, UserAct};
use groundwire::engine::{Admission, Outcome, Prepared};
use groundwire::policy::{PolicyTable, policy_of};
use http::Request;
use serde_json::json;

use crate::judged::{doing, judgement, only};

/// Judges by a turn's words, on a thread of its own, once for each turn.
#[derive(Clone, Default)]
struct Counting {
    runs: Arc<AtomicUsize>,
    remembered: Arc<Mutex<BTreeMap<[u8; 16], Arc<Judgement>>>>,
    /// Earlier turns are too many for it.
    busy: bool,
}

impl Classifier for Counting {
    fn judge(&self, turn: Id, conversation: &Conversation<'_>, at: usize) -> Judging {
        if let Some(known) = self.remembered.lock().unwrap().get(turn.as_bytes()) {
            return Judging::ready(Ok(Arc::clone(known)));
        }
        if self.busy && conversation.last_user() != Some(at) {
            return Judging::ready(Err(Bypass::Saturated));
        }
        self.runs.fetch_add(1, Ordering::SeqCst);
        let text = conversation.turns[at].texts().next().unwrap().decode().unwrap().into_owned();
        let made = Arc::new(match &*text {
            // What no list of phrases has.
            "Ask the stars." => doing(UserAct::RefusesQuestion),
            "vague" => judgement(0.9, 0.05, &only(Gap::VagueGoal), &only(UserAct::FollowUp), 0.0),
            "wrong" => doing(UserAct::Repair),
            _ => doing(UserAct::FollowUp),
        });
        self.remembered.lock().unwrap().insert(*turn.as_bytes(), Arc::clone(&made));
        let (judging, answer) = Judging::pending();
        std::thread::spawn(move || answer.send(Ok(made)));
        judging
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}

/// Waits for what another thread does.
fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
        assert!(Instant::now() < until, "it never ends");
        std::thread::yield_now();
    }
}

fn grounder(policy: &str, classifier: Counting) -> Grounder {
    let tables: BTreeMap<String, PolicyTable> = toml::from_str(
        r#"counts = { rules = [{ act = "recap", repairs = 2 }, { act = "clarify", ambiguity = 0.5 }] }"#,
    )
    .unwrap();
    let key = IdentityKey::derive(b"one fleet");
    Grounder::builder(classifier, policy_of(policy, &tables).unwrap()).identity_key(key).build()
}

/// What is done about the last of these messages, users' and assistants' in turn, and why it was not judged if so.
fn decided(grounder: &Grounder, messages: &[&str]) -> (GroundingAct, Option<Bypass>) {
    let role = |i: usize| if i.is_multiple_of(2) { "user" } else { "assistant" };
    let messages: Vec<_> =
        messages.iter().enumerate().map(|(i, text)| json!({"role": role(i), "content": text})).collect();
    let body = Bytes::from(json!({"model": "m", "messages": messages}).to_string());
    let request = Request::post("/v1/chat/completions").header("content-type", "application/json");
    let (mut head, ()) = request.body(()).unwrap().into_parts();
    let Admission::Read(admitted) = grounder.admit(&mut head, Instant::now()) else { panic!("not read") };
    let (turn, judging) = match grounder.prepare(*admitted, &body) {
        Prepared::Judge(turn, judging) => (turn, judging),
        Prepared::Pass(pending) => return (pending.record().act, pending.record().bypass),
        _ => panic!("neither judged nor passed"),
    };
    let verdict = wait(judging);
    let Outcome { pending, .. } = grounder.conclude(*turn, verdict, &body);
    (pending.record().act, pending.record().bypass)
}

const ASKED: [&str; 9] = ["a", "Which one?", "Ask the stars.", "Done.", "c", "Done.", "d", "Done.", "vague"];

#[test]
fn a_cold_conversation_costs_three_runs_at_most() {
    let mut messages = Vec::new();
    for turn in 0..10 {
        messages.push(["first", "second", "third"][turn % 3]);
        messages.push(if turn % 2 == 0 { "Which one?" } else { "Done." });
    }
    messages.pop();
    for policy in ["gentle", "careful", "clinical", "candid", "agent", "off", "counts"] {
        let classifier = Counting::default();
        decided(&grounder(policy, classifier.clone()), &messages);
        let runs = classifier.runs.load(Ordering::SeqCst);
        assert!((1..=3).contains(&runs), "{policy}: {runs} runs");
        decided(&grounder(policy, classifier.clone()), &messages);
        assert_eq!(classifier.runs.load(Ordering::SeqCst), runs, "{policy}: what was judged is judged again");
    }
}

#[test]
fn each_turn_is_judged_once_as_a_conversation_grows() {
    let classifier = Counting::default();
    let grounder = grounder("counts", classifier.clone());
    for turns in 1..=5 {
        decided(&grounder, &ASKED[..2 * turns - 1]);
        assert_eq!(classifier.runs.load(Ordering::SeqCst), turns, "after {turns} turns");
    }
}

#[test]
fn a_replica_that_saw_nothing_decides_as_one_that_saw_everything() {
    let grown = [&ASKED[..], &["no", "Done.", "no, I said two", "Done.", "x", "Done.", "wrong"]];
    for policy in ["gentle", "careful", "counts"] {
        for messages in grown {
            let warm = grounder(policy, Counting::default());
            let seen: Vec<_> = (1..=messages.len()).step_by(2).map(|n| decided(&warm, &messages[..n])).collect();
            let cold = decided(&grounder(policy, Counting::default()), messages);
            assert_eq!(seen.last(), Some(&cold), "{policy} {messages:?}");
        }
    }
}

#[test]
fn what_came_of_the_last_question_is_what_the_classifier_says() {
    // By its words "Ask the stars." is an answer. The classifier knows better, and the user is asked no more.
    assert_eq!(decided(&grounder("gentle", Counting::default()), &ASKED), (GroundingAct::Assume, None));
    let mut answered = ASKED;
    answered[2] = "The red one.";
    assert_eq!(decided(&grounder("gentle", Counting::default()), &answered), (GroundingAct::Clarify, None));
}

#[test]
fn half_of_the_facts_decide_nothing() {
    let busy = Counting { busy: true, ..Counting::default() };
    assert_eq!(decided(&grounder("gentle", busy.clone()), &ASKED), (GroundingAct::None, Some(Bypass::Saturated)));
    // Where the words leave no doubt, nobody is asked.
    let mut plain = ASKED;
    plain[2] = "Stop asking.";
    assert_eq!(decided(&grounder("gentle", busy), &plain), (GroundingAct::Assume, None));
}
