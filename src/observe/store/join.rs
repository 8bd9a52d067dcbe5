//! From attempts to exchanges: which attempts are one turn, what a turn continues, and which it takes the place of.
//!
//! A pure function of a unit's records: it does not matter which replica wrote them, in which order, or how often it is
//! asked. The rules are on the manual's page on outcomes.

use std::collections::{HashMap, HashSet};

use crate::dialogue::{Id, UserAct};

/// How long after the last sign of life the same opening begins another conversation, where only what was said tells
/// conversations apart: somebody else, or somebody anew, says "hi".
pub(super) const RESTART_AFTER: u64 = 30 * 60_000;

/// What joining needs of a record, and what a rollup counts. Times are in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attempt {
    pub(super) attempt: Id,
    pub(super) time: u64,
    /// When the exchange was over.
    pub(super) ended: u64,
    /// `None` where the messages were not read.
    pub(super) thread: Option<Thread>,
    pub(super) arm: String,
    pub(super) triggered: bool,
    /// Whether the whole of a 2xx answer was relayed.
    pub(super) complete: bool,
    /// Made by a machine, such as a call with a tool's result: no turn of a user.
    pub(super) machine: bool,
    /// Whether the answer called tools, whose results come with the same user turn.
    pub(super) called_tools: bool,
    pub(super) bypassed: bool,
    pub(super) held_back: bool,
    /// Whether an act was performed.
    pub(super) acted: bool,
    /// Whether that act was to ask.
    pub(super) asked: bool,
    /// Whether the answer was seen to ask something, whoever had it asked.
    pub(super) question: bool,
    pub(super) user_act: Option<UserAct>,
    pub(super) usage: Option<Usage>,
    pub(super) first_token_micros: Option<u64>,
    pub(super) complied: Option<bool>,
    pub(super) leaked: Option<bool>,
}

/// Where a record belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) turn: Id,
    pub(super) parent: Option<Id>,
    pub(super) conversation: Id,
    /// Whether the application says which conversation it is.
    pub(super) explicit: bool,
}

/// Tokens of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) prompt: u64,
    pub(super) completion: u64,
    pub(super) cached: Option<u64>,
}

/// A turn of the user's and what was answered, however many attempts it took.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exchange {
    /// Its attempts as places in the list, oldest first, calls of machines in between left out.
    pub(super) attempts: Vec<usize>,
    /// Calls that a tool's result was sent with, for the same user turn.
    pub(super) steps: Vec<usize>,
    /// The exchange that this one continues, as a place in the list of exchanges.
    pub(super) before: Option<usize>,
    /// Whether it takes the place of another: the same history with another last turn.
    pub(super) is_edit: bool,
    /// When the user asked for another answer after a complete one.
    pub(super) regenerated: Vec<u64>,
    /// Attempts after one that failed, was cut, or was still under way.
    pub(super) retries: u64,
    /// Which conversation, counted from 0 over the unit.
    pub(super) conversation: usize,
}

/// A unit's attempts in order, and the exchanges that they make.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) attempts: Vec<Attempt>,
    /// Oldest first.
    pub(super) exchanges: Vec<Exchange>,
    /// By which identity each conversation is known.
    pub(super) conversations: Vec<Id>,
    /// For each exchange, the one that comes after it in its conversation, whatever it continues.
    pub(super) following: Vec<Option<usize>>,
    /// For each exchange, the first that continues it.
    pub(super) next: Vec<Option<usize>>,
}

/// Joins what belongs together. Attempts may come in any order.
pub(super) fn join(mut attempts: Vec<Attempt>) -> Joined {
    attempts.sort_by_key(|attempt| (attempt.time, attempt.attempt));
    let (mut exchanges, mut conversations) = (Vec::new(), Vec::new());
    let mut open: HashMap<Id, Open> = HashMap::new();
    for (at, attempt) in attempts.iter().enumerate() {
        let Some(thread) = attempt.thread else { continue };
        let restarts = |known: &Open| {
            let quiet = attempt.time > known.last_sign.saturating_add(RESTART_AFTER);
            quiet && !thread.explicit && thread.parent.is_none() && !attempt.machine
        };
        if open.get(&thread.conversation).is_none_or(restarts) {
            open.insert(thread.conversation, Open { number: conversations.len(), ..Open::default() });
            conversations.push(thread.conversation);
        }
        if let Some(conversation) = open.get_mut(&thread.conversation) {
            conversation.last_sign = conversation.last_sign.max(attempt.time);
            conversation.take(at, &attempts, thread, &mut exchanges);
        }
    }
    let (following, next) = order(&exchanges, conversations.len());
    Joined { attempts, exchanges, conversations, following, next }
}

/// What comes after each exchange in its conversation, and what continues it.
fn order(exchanges: &[Exchange], conversations: usize) -> (Vec<Option<usize>>, Vec<Option<usize>>) {
    let (mut following, mut next) = (vec![None; exchanges.len()], vec![None; exchanges.len()]);
    let mut later = vec![None; conversations];
    for (at, exchange) in exchanges.iter().enumerate().rev() {
        following[at] = later[exchange.conversation].replace(at);
        if let Some(before) = exchange.before {
            // Going backwards, the first is the last to be written.
            next[before] = Some(at);
        }
    }
    (following, next)
}

/// A conversation while it is being read.
#[derive(Default)]
struct Open {
    number: usize,
    by_turn: HashMap<Id, usize>,
    parents: HashSet<Id>,
    last: Option<usize>,
    last_sign: u64,
}

impl Open {
    fn take(&mut self, at: usize, attempts: &[Attempt], thread: Thread, exchanges: &mut Vec<Exchange>) {
        let attempt = &attempts[at];
        if let Some(known) = self.by_turn.get(&thread.turn).map(|known| &mut exchanges[*known]) {
            let last = known.attempts.last().map(|last| &attempts[*last]);
            let step = attempt.machine || last.is_some_and(|last| last.called_tools && last.complete);
            if step {
                known.steps.push(at);
                return;
            }
            match last {
                Some(last) if last.complete && attempt.time >= last.ended => known.regenerated.push(attempt.time),
                _ => known.retries += 1,
            }
            known.attempts.push(at);
            return;
        }
        if attempt.machine {
            // No user took this turn, or none yet.
            return;
        }
        let is_edit = thread.parent.is_some_and(|parent| !self.parents.insert(parent));
        let parent = thread.parent.and_then(|parent| self.by_turn.get(&parent).copied());
        let before = parent.or(self.last.filter(|_| thread.explicit && !is_edit));
        self.by_turn.insert(thread.turn, exchanges.len());
        self.last = Some(exchanges.len());
        exchanges.push(Exchange {
            attempts: vec![at],
            steps: Vec::new(),
            before,
            is_edit,
            regenerated: Vec::new(),
            retries: 0,
            conversation: self.number,
        });
    }
}
