//! The third step: decide, and turn the decision into bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::{Grounder, JudgedTurn, Pending, ToolsOffered};
use crate::act::{Intervention, Words, words};
use crate::classify::Judgement;
use crate::dialogue::{Bypass, Delivery, GroundingAct};
use crate::observe::Judged;
use crate::policy::Situation;
use crate::wire::{ReplyTo, validate};

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
    pub fn conclude(&self, turn: JudgedTurn, verdict: Result<Arc<Judgement>, Bypass>, body: &Bytes) -> Outcome {
        let JudgedTurn { mut pending, dialect, tail, history, tools, unseen, observe_only, include_usage, asked } = turn;
        pending.record.judge_micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
        let judgement = match verdict {
            Ok(judgement) => judgement,
            Err(bypass) => {
                pending.record.bypass = Some(bypass);
                return Outcome { intervention: Intervention::Pass, pending: Box::new(pending) };
            }
        };
        let record = &mut pending.record;
        record.judgement = Some(Judged::from(&*judgement));
        let mut decision = self.0.policy.decide(&Situation::new(&judgement, history, tools, unseen));
        record.triggered = !decision.is_none();
        if observe_only || (tools && self.settings().tools == ToolsOffered::Observe) {
            decision.delivery = Delivery::Observe;
        }
        record.act = decision.act;
        record.delivery = decision.delivery;
        record.gap = decision.gap.filter(|_| !decision.is_none());
        let intervention = match words(&decision) {
            None => Intervention::Pass,
            Some(Words::Steer(instruction)) => {
                // The body was only skimmed so far. What is edited must be what it seems to be, to the last byte.
                if validate(body).is_err() {
                    leave_alone(record, Bypass::Malformed)
                } else {
                    match dialect.steer(&tail, body, &instruction) {
                        Some(splice) => {
                            record.added_bytes = splice.with.len() as u64;
                            Intervention::Edit(vec![splice])
                        }
                        None => leave_alone(record, Bypass::Malformed),
                    }
                }
            }
            Some(Words::Ask(question)) if validate(body).is_ok() => {
                let stream = record.stream.unwrap_or(false);
                let to = ReplyTo {
                    model: record.model.as_deref().unwrap_or_default(),
                    stream,
                    include_usage,
                    id_seed: unique(),
                    created: unix_seconds(),
                    prompt_bytes: body.len(),
                };
                Intervention::Reply(dialect.reply(&to, question))
            }
            Some(Words::Ask(_)) => leave_alone(record, Bypass::Malformed),
        };
        record.reason = Some(decision.reason.into_owned());
        Outcome { intervention, pending: Box::new(pending) }
    }
}

/// The decision stands in the record; what was done is nothing.
fn leave_alone(record: &mut crate::observe::Record, bypass: Bypass) -> Intervention {
    record.bypass = Some(bypass);
    record.act = GroundingAct::None;
    record.delivery = Delivery::Observe;
    Intervention::Pass
}

/// Bytes that no other reply of this or another process has.
fn unique() -> [u8; 16] {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    hasher.update(&std::process::id().to_le_bytes());
    hasher.update(format!("{:?} {:?}", SystemTime::now(), Instant::now()).as_bytes());
    let mut seed = [0; 16];
    seed.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    seed
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or(0)
}
