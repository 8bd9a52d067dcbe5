//! The policies that ship. What each is for, what it costs and how often it acts on real turns is in the manual's page on
//! policies.

use super::{Rule, RulePolicy};
use crate::dialogue::{Delivery, GroundingAct, UserAct};

/// The names of the policies that ship.
pub const PRESETS: [&str; 6] = ["gentle", "careful", "clinical", "candid", "agent", "off"];

/// Whether a policy of this name ships.
pub fn is_shipped(name: &str) -> bool {
    PRESETS.contains(&name)
}

/// A policy that ships, by name.
///
/// * `gentle`, the default: asks where a question is more likely needed than not, has an assumption stated where that is
///   enough, and has what holds restated after an answered question and every few requirements.
/// * `careful`, for what is costly to get wrong (health, law, money): asks sooner, and puts its understanding up for a yes.
/// * `clinical`, for who listens first: acknowledges distress before any advice, else gentle.
/// * `candid`, for who is corrected and doubted: takes corrections up, answers doubt with evidence, else gentle.
/// * `agent`, for programs at work: decides as `gentle` does and changes nothing.
/// * `off`: does nothing and records everything.
pub fn preset(name: &str) -> Option<RulePolicy> {
    let rules = match name {
        "gentle" => gentle(),
        "careful" => careful(),
        "clinical" => [vec![reflect()], gentle()].concat(),
        "candid" => [candid(), gentle()].concat(),
        "agent" => gentle().into_iter().map(|rule| Rule { delivery: Delivery::Observe, ..rule }).collect(),
        "off" => Vec::new(),
        _ => return None,
    };
    Some(RulePolicy { name: name.to_owned(), rules })
}

fn gentle() -> Vec<Rule> {
    vec![
        // No question and no assumption in reply to distress.
        Rule { emotion: Some(0.8), ..Rule::plain(GroundingAct::None) },
        Rule { ambiguity: Some(0.5), ..Rule::plain(GroundingAct::Clarify) },
        Rule { answers_question: Some(true), ..Rule::plain(GroundingAct::Recap) },
        Rule { underspecified: Some(0.5), ..Rule::plain(GroundingAct::Assume) },
        Rule { requirements: Some(4), every: Some(2), ..Rule::plain(GroundingAct::Recap) },
    ]
}

fn careful() -> Vec<Rule> {
    vec![
        Rule { ambiguity: Some(0.3), at_most: Some(3), ..Rule::plain(GroundingAct::Clarify) },
        Rule { underspecified: Some(0.5), at_most: Some(3), ..Rule::plain(GroundingAct::Check) },
        Rule { answers_question: Some(true), ..Rule::plain(GroundingAct::Recap) },
        Rule { underspecified: Some(0.3), ..Rule::plain(GroundingAct::Assume) },
        Rule { requirements: Some(3), every: Some(2), ..Rule::plain(GroundingAct::Recap) },
    ]
}

/// Once: on the turn after, advice is welcome.
fn reflect() -> Rule {
    Rule { emotion: Some(0.8), disclosed_before: Some(false), ..Rule::plain(GroundingAct::Reflect) }
}

fn candid() -> Vec<Rule> {
    let on = |act: UserAct, ours: GroundingAct| Rule {
        user_act: Some(vec![act]),
        user_act_probability: Some(0.6),
        ..Rule::plain(ours)
    };
    vec![on(UserAct::Repair, GroundingAct::Repair), on(UserAct::Challenge, GroundingAct::Substantiate)]
}
