//! The conversation bench: its scripts hold what they promise, its measures can fail, and what policies make of it.

#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, unreachable_pub)]

#[path = "../../examples/conversations/endpoint.rs"]
mod endpoint;
#[path = "../../examples/conversations/measure.rs"]
mod measure;
#[path = "../../examples/conversations/play.rs"]
mod play;
#[path = "../../examples/conversations/policies.rs"]
mod policies;
#[path = "../../examples/conversations/script.rs"]
mod script;

use std::path::Path;
use std::time::Duration;

use groundwire::Grounder;
use groundwire::classify::{OnnxClassifier, PoolOptions};
use groundwire::dialogue::GroundingAct;
use groundwire::policy::{Decision, Situation};
use measure::Carried;
use play::{Played, play};
use script::Script;

fn scripts(file: &str) -> Vec<Script> {
    script::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations").join(file)).unwrap()
}

fn all_scripts() -> Vec<Script> {
    [scripts("scripts.toml"), scripts("held_back.toml")].concat()
}

fn grounder() -> Grounder {
    let pool = PoolOptions::default().deadline(Duration::from_secs(30)).stall_after(Duration::from_secs(60));
    let classifier = OnnxClassifier::builder().pool(pool).build().unwrap();
    Grounder::builder(classifier, |_: &Situation<'_>| Decision::none("replaced")).build()
}

async fn played(name: &str, grounder: &Grounder, scripts: &[Script]) -> Vec<Played> {
    let (_, policy) = policies::all().into_iter().find(|(known, _)| *known == name).unwrap();
    let grounder = grounder.rehearsal(Some(policy));
    let mut all = Vec::new();
    for script in scripts {
        all.push(play(script, &grounder, None).await.unwrap());
    }
    all
}

fn carried(all: &[Played], of: impl Fn(&Played) -> Carried) -> Carried {
    let mut sum = Carried::default();
    all.iter().for_each(|played| sum.add(of(played)));
    sum
}

#[test]
fn scripts_hold_what_they_promise() {
    let all = all_scripts();
    let faults: Vec<String> = all.iter().flat_map(Script::faults).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(all.len() >= 60 && scripts("held_back.toml").len() == 20);
    let mut names: Vec<_> = all.iter().map(|script| &script.id).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all.len());
    let mut domains: Vec<_> = all.iter().map(|script| script.domain.as_str()).collect();
    domains.sort_unstable();
    domains.dedup();
    assert_eq!(domains, ["code", "data", "letters", "math", "plans", "recipes", "sql", "travel"]);
    let corrected = all.iter().filter(|script| !script.superseded().is_empty()).count();
    assert!(corrected * 10 >= all.len() * 9, "{corrected} of {} are corrected on the way", all.len());
}

#[test]
fn a_broken_script_has_faults() {
    let mut script = scripts("scripts.toml").swap_remove(0);
    assert!(script.faults().is_empty());
    script.turns[1].short = Some("«Ruby»".to_owned());
    script.turns.push(script::Said { says: "And the name column, too.".to_owned(), asked: None, short: None });
    assert_eq!(script.faults().len(), 2, "{:?}", script.faults());
}

#[tokio::test]
async fn without_us_the_last_turn_carries_what_was_said_last() {
    let scripts = all_scripts();
    let all = played("control", &grounder(), &scripts).await;
    for (script, played) in scripts.iter().zip(&all) {
        let last = script.turns.last().unwrap();
        assert_eq!(played.last, Carried::by(script, &script::unmarked(&last.says)), "{}", script.id);
        assert_eq!(played.last.superseded, 0, "{}", script.id);
        assert_eq!((played.questions, played.prefix.0), (0, played.prefix.1));
        assert!(played.acts.iter().all(|act| *act == GroundingAct::None));
    }
    let (last, history) = (carried(&all, |played| played.last), carried(&all, |played| played.history));
    assert!(last.valid * 2 < last.of_valid, "most is not in the last turn: {last:?}");
    // The conversation has all of it, what holds and what does not.
    assert_eq!(history.superseded, history.of_superseded);
    assert!(last.valid + history.valid >= last.of_valid, "{last:?} {history:?}");
}

#[tokio::test]
async fn questions_are_asked_and_never_twice_in_a_row() {
    let scripts = all_scripts();
    let grounder = grounder();
    for name in ["ask-only", "ask+recap", "ask+consolidate"] {
        let all = played(name, &grounder, &scripts).await;
        let asked: usize = all.iter().map(|played| played.questions).sum();
        assert!(asked * 3 > scripts.len(), "{name} asks {asked} times in {} conversations", scripts.len());
        assert!(all.iter().all(|played| played.in_a_row == 0 && played.questions <= 2), "{name}");
    }
}

/// Whatever restates everything ever said carries what was taken back, too, and the measures tell.
#[tokio::test]
async fn the_measures_can_fail() {
    let scripts = all_scripts();
    let all = played("control", &grounder(), &scripts).await;
    let everything: Vec<Carried> = scripts
        .iter()
        .map(|script| {
            let said: Vec<String> = script.turns.iter().map(|turn| script::unmarked(&turn.says)).collect();
            Carried::by(script, &said.join("\n"))
        })
        .collect();
    let mut sum = Carried::default();
    everything.into_iter().for_each(|carried| sum.add(carried));
    assert_eq!((sum.valid, sum.superseded), (sum.of_valid, sum.of_superseded), "all is said, also what is taken back");
    assert_eq!(carried(&all, |played| played.last).of_valid, sum.of_valid);
    let nothing = Carried::by(&scripts[0], "");
    assert_eq!((nothing.valid, nothing.superseded), (0, 0));
}
