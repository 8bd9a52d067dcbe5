//! The policies that ship.

use super::{Rule, RulePolicy};
use crate::dialogue::GroundingAct;

/// A policy that ships, by name: `gentle` or `off`.
///
/// `gentle` asks where a question is more likely needed than not, at most twice in a conversation and never twice in a
/// row; where a stated assumption is enough, it has the model state it. `off` does nothing and records everything.
pub fn preset(name: &str) -> Option<RulePolicy> {
    let rules = match name {
        "gentle" => vec![
            Rule { ambiguity: Some(0.5), ..Rule::plain(GroundingAct::Clarify) },
            Rule { underspecified: Some(0.5), ..Rule::plain(GroundingAct::Assume) },
        ],
        "off" => Vec::new(),
        _ => return None,
    };
    Some(RulePolicy { name: name.to_owned(), rules })
}
