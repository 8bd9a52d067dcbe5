//! What a user's turn does, as far as its words tell. The classifier knows better, and is asked about the turns that matter;
//! this is for all the others, at a microsecond each.

use super::cues;
use super::phrase::Starts;
use super::turns::TurnFacts;
use super::words::{ASK, Words};
use crate::dialogue::{Turn, UserAct};

/// From this share of words on, a turn says again what the one before it said.
const SAME: f64 = 0.7;
/// A turn that leaves the choice to the assistant though nothing was asked says no more than this many words.
const SHORT: usize = 8;
/// Thanks with more words than this come with something else.
const BARE: usize = 6;

/// Reads the user turns of a conversation, in order.
#[derive(Default)]
pub(super) struct Reader {
    before: Option<Words>,
}

impl Reader {
    /// What the last turn that was read said, as a number.
    pub(super) fn said(&self) -> Option<u64> {
        self.before.as_ref().map(|words| words.whole)
    }

    /// What the turn at `at` does.
    pub(super) fn read(&mut self, turn: &Turn<'_>, at: usize, after_question: bool) -> TurnFacts {
        let words = Words::of(turn);
        let said = Said::of(&words);
        let opening = self.before.is_none();
        let delegates = after_question || !opening && words.count <= SHORT;
        let just_answer = said.means(&cues::STOP_ASKING)
            || said.means(&cues::ELSEWHERE) && (delegates || words.count <= 2 * SHORT)
            || delegates && said.means(&cues::DELEGATES)
            || after_question && said.means(&cues::DELEGATES_WHEN_ASKED);
        let unsure = !just_answer && after_question && said.any(&cues::REFUSES);
        let act = match &self.before {
            None => UserAct::Request,
            Some(_) if after_question && (just_answer || unsure) => UserAct::RefusesQuestion,
            Some(before) => said.act(before, after_question),
        };
        let asks = words.of.last() == Some(&ASK);
        self.before = Some(words);
        TurnFacts { at, act, judged: false, after_question, just_answer, asks, discloses: false, unsure }
    }
}

/// The words of a turn, and where its clauses begin.
struct Said<'a> {
    words: &'a Words,
    starts: Starts,
}

impl<'a> Said<'a> {
    fn of(words: &'a Words) -> Self {
        Self { words, starts: Starts::of(&words.of) }
    }

    fn means(&self, phrases: &super::phrase::Phrases) -> bool {
        phrases.are_meant_in(self.words, &self.starts)
    }

    fn any(&self, phrases: &super::phrase::Phrases) -> bool {
        phrases.are_in(self.words, &self.starts)
    }

    /// The order is that of the labels' definition: what the assistant must deal with first.
    fn act(&self, before: &Words, after_question: bool) -> UserAct {
        let asks = self.words.of.contains(&ASK);
        if !after_question && self.any(&cues::REPAIR) {
            UserAct::Repair
        } else if !after_question && self.any(&cues::CHALLENGE) {
            UserAct::Challenge
        } else if asks && self.any(&cues::CLARIFICATION) {
            UserAct::Clarification
        } else if after_question && !asks {
            UserAct::Answer
        } else if self.any(&cues::REFORMULATES) || self.words.shared_with(before) >= SAME {
            UserAct::Reformulation
        } else if self.words.count <= BARE && !asks && self.any(&cues::ACKNOWLEDGES) {
            UserAct::Acknowledgment
        } else if self.words.count <= SHORT && !asks && self.any(&cues::HEDGES) {
            UserAct::Hedge
        } else if self.any(&cues::SWITCHES) {
            UserAct::TopicSwitch
        } else {
            UserAct::FollowUp
        }
    }
}
