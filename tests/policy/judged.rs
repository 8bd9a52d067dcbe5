//! Conversations and judgements as tests write them.

use groundwire::classify::{Judgement, ModelId};
use groundwire::dialogue::{Conversation, Distribution, Gap, Label, Role, Turn, UserAct};

/// A conversation of lines that begin with "u " (the user) or "a " (the assistant).
pub(crate) fn conversation(said: &[String]) -> Conversation<'_> {
    Conversation { turns: said.iter().map(|line| turn(line)).collect(), tools: false }
}

fn turn(line: &str) -> Turn<'_> {
    match line.split_at(2) {
        ("u ", text) => Turn::new(Role::User, text),
        ("a ", text) => Turn::new(Role::Assistant, text),
        _ => panic!("{line:?} begins with neither \"u \" nor \"a \""),
    }
}

/// What a classifier might say of a turn.
pub(crate) fn judgement(ask: f32, assume: f32, gap: &[f32], act: &[f32], emotion: f32) -> Judgement {
    Judgement {
        need: Distribution::new(&[1.0 - ask - assume, assume, ask]).unwrap(),
        gap: Distribution::new(gap).unwrap(),
        user_act: Distribution::new(act).unwrap(),
        emotion,
        crisis: None,
        tokens: 12,
        model: ModelId::of(&[]),
    }
}

/// All on one label.
pub(crate) fn only<L: Label>(label: L) -> Vec<f32> {
    L::ALL.iter().map(|&each| if each == label { 1.0 } else { 0.0 }).collect()
}

/// A turn that does this, with nothing open and nothing felt.
pub(crate) fn doing(act: UserAct) -> Judgement {
    judgement(0.0, 0.0, &only(Gap::VagueGoal), &only(act), 0.0)
}
