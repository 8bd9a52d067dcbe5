//! "Just answer" in all the ways that people say it, and what only sounds like it.

use groundwire::dialogue::Role;
use groundwire::policy::{History, Situation};
use serde::Deserialize;

use crate::judged::{conversation, doing};

#[derive(Deserialize)]
struct Said {
    means: Vec<String>,
    means_as_opening: Vec<String>,
    does_not: Vec<String>,
    does_not_when_asked: Vec<String>,
}

fn said() -> Said {
    toml::from_str(include_str!("../data/policy/just_answer.toml")).unwrap()
}

/// Whether the user wants no questions, two turns after `text` was said.
fn holds(before: &[&str], text: &str) -> bool {
    let mut lines: Vec<String> = before.iter().map(|line| (*line).to_owned()).collect();
    lines.push(format!("u {text}"));
    lines.extend(["a Here it is.", "u and now the other one", "a Here.", "u and a third"].map(str::to_owned));
    let conversation = conversation(&lines);
    let at = conversation.turns.iter().rposition(|turn| turn.role == Role::User).unwrap();
    let history = History::before(&conversation, at);
    let judgement = doing(groundwire::dialogue::UserAct::FollowUp);
    Situation::new(&judgement, &history, false, false).just_answer()
}

const ASKED: [&str; 2] = ["u Write an invitation.", "a Sure. What is the occasion?"];
const ANSWERED: [&str; 2] = ["u Write an invitation.", "a Here it is."];

fn missed<'a>(texts: &'a [String], before: &[&str], wanted: bool) -> Vec<&'a str> {
    texts.iter().map(String::as_str).filter(|text| holds(before, text) != wanted).collect()
}

#[test]
fn it_holds_for_the_rest_of_the_conversation_however_it_is_said() {
    let said = said();
    assert!(said.means.len() > 150, "{}", said.means.len());
    let missed = missed(&said.means, &ASKED, true);
    // By the words alone; what the classifier takes for a refusal counts, too.
    assert!(missed.len() * 50 <= said.means.len(), "{missed:#?}");
}

#[test]
fn it_may_be_said_before_anything_was_asked() {
    let said = said();
    assert!(said.means_as_opening.len() > 40, "{}", said.means_as_opening.len());
    for before in [&ANSWERED[..], &[]] {
        let missed = missed(&said.means_as_opening, before, true);
        assert!(missed.is_empty(), "{before:?}: {missed:#?}");
    }
}

#[test]
fn what_only_sounds_like_it_does_not_count() {
    let said = said();
    assert!(said.does_not.len() > 35 && said.does_not_when_asked.len() > 20);
    for before in [&ANSWERED[..], &[]] {
        let taken = missed(&said.does_not, before, false);
        assert!(taken.is_empty(), "{before:?}: {taken:#?}");
    }
    let taken = missed(&said.does_not_when_asked, &ASKED, false);
    assert!(taken.is_empty(), "{taken:#?}");
}
