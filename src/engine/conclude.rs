//! The third step: decide, and turn the decision into bytes.

use std::sync::Arc;

use bytes::Bytes;

use super::perform::Scene;
use super::{Grounder, JudgedTurn, Pending, ToolsOffered};
use crate::act::{Intervention, OPENING, Words};
use crate::classify::Judgement;
use crate::dialogue::{AssistantAct, Bypass, Delivery, GroundingAct, HeldBack, Role};
use crate::experiment::{Assignment, CONTROL};
use crate::observe::{Judged, Record};
use crate::policy::{Decision, Situation};
use crate::wire::{Dialect, Document, Quotes};

/// What is done with a judged request, and its record.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// What is done.
    pub intervention: Intervention,
    /// The record, to be finished with the response.
    pub pending: Box<Pending>,
}

impl Grounder {
    /// Decides about a judged turn. `body` is what [`Grounder::prepare`] was given.
    ///
    /// An edit is of the body without its content codings; who forwards it says so, by leaving `Content-Encoding` out.
    pub fn conclude(&self, turn: JudgedTurn, verdict: Result<Arc<Judgement>, Bypass>, body: &Bytes) -> Outcome {
        let JudgedTurn { mut pending, dialect, tail, mut history, earlier, request, tools, unseen, .. } = turn;
        let JudgedTurn { observe_only, answerable, cached_tail, reply_to, asked, assignment, decoded, .. } = turn;
        let accept_language = turn.accept_language;
        let body = decoded.as_ref().unwrap_or(body);
        pending.record.judge_micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
        let verdict = verdict.and_then(|judgement| {
            for (place, verdict) in earlier.take() {
                match verdict {
                    Ok(earlier) => history.learn(place, &earlier),
                    Err(bypass) if bypass.is_of_the_moment() => return Err(bypass),
                    // Its words are all there is to go by, here and on every other replica.
                    Err(_) => {}
                }
            }
            Ok(judgement)
        });
        let judgement = match verdict {
            Ok(judgement) => judgement,
            Err(bypass) => {
                pending.record.bypass = Some(bypass);
                // Of a turn that was not judged, the reply is of no use either.
                pending.prelude = None;
                return Outcome { intervention: Intervention::Pass, pending: Box::new(pending) };
            }
        };
        let record = &mut pending.record;
        record.judgement = Some(Judged::from(&*judgement));
        record.held_back = if observe_only {
            Some(HeldBack::Mode)
        } else {
            (tools && self.settings().tools == ToolsOffered::Observe).then_some(HeldBack::Tools)
        };
        let situation = Situation::new(&judgement, &history, tools, unseen).with_request(&request);
        let decision = self.decide(record, assignment, &situation);
        // What was said is read again, but only where something is to be done about it.
        let mut scene = Scene::of(dialect, body, record.triggered || !decision.is_none());
        let acts = |at: usize| history.turns.iter().find(|turn| turn.at == at && turn.judged).map(|turn| turn.act);
        let mut decision = scene.consider(decision, &judgement, &acts);
        // Alike in every arm.
        record.triggered &= !scene.is_crisis(&judgement);
        if decision.delivery == Delivery::Reply && !answerable {
            // The upstream would not know an answer that it did not give.
            decision.delivery = Delivery::Steer;
        }
        if record.held_back.is_some() {
            decision.delivery = Delivery::Observe;
        }
        record.act = decision.act;
        record.delivery = decision.delivery;
        record.gap = decision.gap.filter(|_| !decision.is_none());
        let mut steered = None;
        let language = scene.language(accept_language.as_ref(), &self.0.phrases);
        let intervention = match self.0.phrases.words(&decision, &scene.facts(&language)) {
            None => Intervention::Pass,
            Some(words) => match (Document::validate(body), words, tail) {
                (Ok(document), Words::Steer(instruction), Some(tail)) => {
                    let splice = dialect.steer_at(tail, &instruction);
                    record.added_bytes = splice.with.len() as u64;
                    record.added_at_breakpoint = cached_tail;
                    steered = Some(quotes(dialect, &instruction, body));
                    Intervention::Edit(document.splice(&[splice]))
                }
                (Ok(_), Words::Ask(question), _) => {
                    // Our own words need no reading.
                    record.assistant_acts = Some(vec![AssistantAct::Clarification]);
                    Intervention::Reply(dialect.reply(&reply_to, &question))
                }
                // The body was only skimmed so far. What is edited must be what it seems to be, to the last byte.
                (Err(bypass), ..) => leave_alone(record, bypass),
                (Ok(_), Words::Steer(_), None) => leave_alone(record, Bypass::NotHumanText),
            },
        };
        record.reason = Some(decision.reason.into_owned());
        pending.steered = steered.is_some();
        pending.quotes = steered;
        Outcome { intervention, pending: Box::new(pending) }
    }
}

impl Grounder {
    /// What the policy or, where the unit is enrolled, the arm of an experiment decides.
    fn decide(&self, record: &mut Record, assignment: Option<Assignment>, situation: &Situation<'_>) -> Decision {
        let (Some(Assignment { experiment, arm }), Some(turn)) = (assignment, record.turn) else {
            let decision = self.0.policy.decide(situation);
            record.triggered = !decision.is_none();
            return decision;
        };
        let split = experiment.decide(arm, &turn, situation, record.held_back.is_none());
        record.triggered = split.triggered;
        record.propensity = Some(split.propensity);
        record.policy = experiment.arms()[arm].policy().map_or(CONTROL, |policy| policy.name()).into();
        if split.control {
            record.held_back.get_or_insert(HeldBack::Control);
        }
        split.decision
    }
}

/// How much of what the user said is looked through for words that an instruction repeats, from the end, in bytes. At 4 ns a
/// byte this is a millisecond at most, on a turn that is steered.
const REPEATED: usize = 256 << 10;

/// What in the reply would quote `instruction`, and not the user in `body`, whose words an instruction may repeat.
fn quotes(dialect: Dialect, instruction: &str, body: &[u8]) -> Quotes {
    let mut quotes = Quotes::of(instruction, OPENING.trim().trim_matches(['<', '>']));
    let Ok(call) = dialect.read(body) else { return quotes };
    let turns = call.conversation.turns.iter().rev().filter(|turn| turn.role == Role::User);
    let mut room = REPEATED;
    for text in turns.flat_map(|turn| turn.texts().rev()) {
        let Some(left) = room.checked_sub(text.raw().len()) else { break };
        room = left;
        if let Some(text) = text.decode() {
            quotes.except(&text);
        }
    }
    quotes
}

/// The decision stands in the record; what was done is nothing.
fn leave_alone(record: &mut Record, bypass: Bypass) -> Intervention {
    record.bypass = Some(bypass);
    record.act = GroundingAct::None;
    record.delivery = Delivery::Observe;
    Intervention::Pass
}
