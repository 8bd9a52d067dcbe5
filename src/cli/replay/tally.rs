//! Counting what policies would have done, by conversation, since turns of one conversation resemble each other.

use std::collections::BTreeMap;

use super::panel::{Decisions, THRESHOLDS};
use super::report::{Asked, Decided, Diff, Different, Move, Point, PolicyReport, Reason, Report};
use crate::dialogue::{Bypass, GroundingAct, HeldBack, Label, Need};
use crate::engine::explain::Explanation;
use crate::observe::Record;
use crate::policy::Decision;
use crate::stats::share_by_cluster;

/// One turn and what became of it.
pub(super) struct Turn {
    pub(super) line: u64,
    pub(super) id: Option<String>,
    /// Which of the conversation's user turns, from 1.
    pub(super) turn: usize,
    pub(super) need: Option<Need>,
    /// `None` where the request is no chat call.
    pub(super) record: Option<Box<Record>>,
    /// `None` where nothing was judged.
    pub(super) decisions: Option<Decisions>,
}

/// All turns so far.
pub(super) struct Tally {
    policies: Vec<String>,
    /// The conversation that each turn belongs to is told by its line.
    turns: Vec<Turn>,
    now: (u64, Option<String>),
    lines: u64,
}

impl Tally {
    pub(super) fn new(policies: Vec<String>) -> Self {
        Self { policies, turns: Vec::new(), now: (0, None), lines: 0 }
    }

    /// The next turns are of this line.
    pub(super) fn begin(&mut self, line: u64, id: Option<String>) {
        self.now = (line, id);
        self.lines += 1;
    }

    pub(super) fn add(
        &mut self,
        turn: usize,
        need: Option<Need>,
        told: Explanation,
        decisions: Option<Decisions>,
    ) -> &Turn {
        let (line, id) = self.now.clone();
        let at = self.turns.len();
        self.turns.push(Turn { line, id, turn, need, record: told.record, decisions });
        &self.turns[at]
    }

    pub(super) fn turns(&self) -> usize {
        self.turns.len()
    }

    /// What comes of it all; with what the first policy does otherwise than the second, if `compared`.
    pub(super) fn report(&self, left_out: u64, compared: bool) -> Report {
        let turns = self.turns.len() as u64;
        let judged = self.turns.iter().filter(|turn| turn.decisions.is_some()).count() as u64;
        let mut reasons: Vec<_> = self.turns.iter().filter_map(Turn::left_alone).collect();
        reasons.sort_unstable();
        reasons.dedup();
        let left_alone = reasons.into_iter().filter_map(|reason| {
            Some(Reason { reason, share: self.share(|_| true, |turn| turn.left_alone() == Some(reason))? })
        });
        let acts = GroundingAct::ALL.iter().copied().filter(|act| *act != GroundingAct::None);
        let policies = self.policies.iter().enumerate().map(|(i, name)| {
            let of = |wanted: &dyn Fn(&Decision) -> bool| {
                self.share(|turn| turn.decisions.is_some(), |turn| turn.decided(i).is_some_and(wanted))
            };
            let marked = |need: Need, wanted: &dyn Fn(&Decision) -> bool| {
                let is = |turn: &Turn| turn.need == Some(need) && turn.decisions.is_some();
                self.share(is, |turn| turn.decided(i).is_some_and(wanted))
            };
            PolicyReport {
                policy: name.clone(),
                questions: of(&asks),
                acted: of(&|decision| !decision.is_none()),
                acts: acts
                    .clone()
                    .filter_map(|act| {
                        let share = of(&|decision| decision.act == act).filter(|share| share.count > 0)?;
                        Some(super::report::Act { act: act.as_str(), share })
                    })
                    .collect(),
                marked: Asked {
                    false_questions: marked(Need::Proceed, &asks),
                    false_acts: marked(Need::Proceed, &|decision| !decision.is_none()),
                    needed_questions: marked(Need::Ask, &asks),
                },
            }
        });
        Report {
            conversations: self.lines,
            left_out,
            turns,
            judged,
            left_alone: left_alone.collect(),
            policies: policies.collect(),
            curve: self.curve(),
            diff: compared.then(|| self.diff()),
        }
    }

    fn curve(&self) -> Vec<Point> {
        let point = |(at, threshold): (usize, &f32)| {
            let asks = |turn: &Turn| turn.decisions.as_ref().is_some_and(|decisions| decisions.asks[at]);
            let marked = |need: Need| self.share(|turn| turn.need == Some(need) && turn.decisions.is_some(), asks);
            Point {
                threshold: (f64::from(*threshold) * 100.0).round() / 100.0,
                questions: self.share(|turn| turn.decisions.is_some(), asks),
                false_questions: marked(Need::Proceed),
                needed_questions: marked(Need::Ask),
            }
        };
        THRESHOLDS.iter().enumerate().map(point).collect()
    }

    fn diff(&self) -> Diff {
        let name = |at: usize| self.policies.get(at).cloned().unwrap_or_default();
        let differs = |turn: &Turn| match (turn.decided(0), turn.decided(1)) {
            (Some(one), Some(other)) => (one.act, one.delivery) != (other.act, other.delivery),
            _ => false,
        };
        let mut moves = BTreeMap::<(GroundingAct, GroundingAct), u64>::new();
        let mut turns = Vec::new();
        for turn in self.turns.iter().filter(|turn| differs(turn)) {
            let (Some(one), Some(other)) = (turn.decided(0), turn.decided(1)) else { continue };
            *moves.entry((other.act, one.act)).or_default() += 1;
            turns.push(Different {
                line: turn.line,
                id: turn.id.clone(),
                turn: turn.turn,
                need: turn.need,
                policy: Decided::from(one),
                against: Decided::from(other),
            });
        }
        Diff {
            policy: name(0),
            against: name(1),
            different: self.share(|turn| turn.decisions.is_some(), differs),
            moves: moves.into_iter().map(|((from, to), turns)| Move { from, to, turns }).collect(),
            turns,
        }
    }

    /// The share of the turns that `of` holds for which `counts` does, with an interval by conversation.
    fn share(&self, of: impl Fn(&Turn) -> bool, counts: impl Fn(&Turn) -> bool) -> Option<crate::stats::Share> {
        let by_line = self.turns.chunk_by(|a, b| a.line == b.line);
        share_by_cluster(by_line.map(|turns| {
            let among: Vec<_> = turns.iter().filter(|turn| of(turn)).collect();
            (among.iter().filter(|turn| counts(turn)).count() as u64, among.len() as u64)
        }))
    }
}

impl Turn {
    fn decided(&self, policy: usize) -> Option<&Decision> {
        self.decisions.as_ref()?.of.get(policy)
    }

    /// Why it was left alone, or would only have been observed.
    pub(super) fn left_alone(&self) -> Option<&'static str> {
        match &self.record {
            None => Some(Bypass::NotACall.as_str()),
            Some(record) => record.bypass.map(Bypass::as_str).or(record.held_back.map(HeldBack::as_str)),
        }
    }
}

/// Whether the user is asked something before there is an answer.
fn asks(decision: &Decision) -> bool {
    matches!(decision.act, GroundingAct::Clarify | GroundingAct::Check)
}
