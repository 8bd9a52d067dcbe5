//! The policies that ship.

use super::{Rule, Rules};
use crate::dialogue::{Delivery, GroundingAct};

/// A policy that ships, by name: `gentle` or `off`.
///
/// `gentle` asks where a question is more likely needed than not, at most twice in a conversation and never twice in a
/// row; where a stated assumption is enough, it has the model state it. `off` does nothing and records everything.
pub fn preset(name: &str) -> Option<Rules> {
    let rules = match name {
        "gentle" => vec![
            Rule { ambiguity: Some(0.5), at_most: Some(2), never_consecutive: true, ..plain(GroundingAct::Clarify) },
            Rule { underspecified: Some(0.5), ..plain(GroundingAct::Assume) },
        ],
        "off" => Vec::new(),
        _ => return None,
    };
    Some(Rules { name: name.to_owned(), rules })
}

fn plain(act: GroundingAct) -> Rule {
    Rule {
        act,
        delivery: Delivery::Steer,
        force: false,
        reply_anyway: false,
        ambiguity: None,
        underspecified: None,
        gap: None,
        user_act: None,
        at_most: None,
        never_consecutive: false,
    }
}
