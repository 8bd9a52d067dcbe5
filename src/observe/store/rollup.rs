//! From a unit's exchanges to what came of it. A pure function; the definitions are on the manual's page on outcomes.

use std::collections::BTreeMap;

use super::feedback::Told;
use super::join::{Attempt, Exchange, Joined, join};
use crate::dialogue::UserAct;
use crate::stats::bucket;

/// What turns a unit's turns into outcomes; fixed with the version of the experiment. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spec {
    /// From the first trigger until the outcome is frozen.
    pub(super) window: u64,
    /// A question that is asked later than this before the window's end says nothing about silence.
    pub(super) silence: u64,
    /// User turns after the first trigger within which nothing may show that the answer missed.
    pub(super) within_turns: u64,
}

/// Least silence that is one.
const SILENCE: u64 = 30 * 60_000;
/// Turns of [`Spec::within_turns`] where the experiment does not say.
pub(super) const WITHIN_TURNS: u64 = 3;

impl Spec {
    /// Of a window of this length: half an hour's silence, or half the window's where that is shorter.
    pub(super) fn of(window: u64, within_turns: u64) -> Self {
        Self { window, silence: SILENCE.min(window / 2), within_turns: within_turns.max(1) }
    }
}

/// What came of one unit. Where nothing else is said, a number counts what happened from the first trigger until the
/// window's end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rolled {
    pub(super) arm: String,
    /// Whether it was seen in more than one arm.
    pub(super) mixed: bool,
    pub(super) conversations: u64,
    pub(super) turns: u64,
    pub(super) first_at: u64,
    pub(super) last_at: u64,
    pub(super) before_turns: u64,
    pub(super) before_negative: u64,
    pub(super) triggered_at: Option<u64>,
    pub(super) window_ends: Option<u64>,
    pub(super) resolved: Option<bool>,
    pub(super) counts: Counts,
    /// First-token times by bucket.
    pub(super) first_token: BTreeMap<u16, u32>,
    /// The application's own outcomes, by name: a number, and whether it is a flag.
    pub(super) own: BTreeMap<String, (f64, bool)>,
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// What is counted in the window.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(super) struct Counts { $($(#[$doc])* pub(super) $name: u64,)+ }

        impl Counts {
            /// The names of the columns, in the order of [`values`](Self::values).
            pub(super) const NAMES: &[&str] = &[$(stringify!($name)),+];

            pub(super) fn values(&self) -> impl Iterator<Item = u64> {
                [$(self.$name),+].into_iter()
            }

            pub(super) fn read<E>(mut next: impl FnMut() -> Result<u64, E>) -> Result<Self, E> {
                Ok(Self { $($name: next()?),+ })
            }
        }
    };
}

counts! {
    /// User turns.
    in_turns,
    /// Conversations with such a turn.
    in_conversations,
    /// Turns that triggered.
    triggers,
    /// Turns with an act of ours.
    acted,
    /// Turns with an act of ours that asks.
    asked,
    /// Turns whose answer asked, whoever had it asked.
    questions,
    /// Questions of ours that were answered.
    answered,
    /// Questions of ours that the user refused to answer.
    refused,
    /// Questions of ours after which there was silence.
    abandoned,
    /// Answers without a question after which there was silence.
    left_after_answer,
    repair,
    challenge,
    reformulation,
    clarification,
    hedge,
    acknowledgment,
    topic_switch,
    /// Turns in the place of another.
    edit,
    /// Answers asked for again after a complete one.
    regenerate,
    /// Attempts after one that failed.
    retry,
    /// Turns without a complete 2xx answer.
    failed,
    /// Turns left alone for any reason.
    bypassed,
    /// Turns whose act was only observed.
    held_back,
    /// Steered answers of which it is known whether they did what they were steered to.
    steered,
    /// Of these, those that did.
    complied,
    /// Answers of which it is known whether they quote our instruction.
    watched,
    /// Of these, those that do.
    leaked,
    /// Turns with a report of tokens.
    metered,
    prompt_tokens,
    completion_tokens,
    /// Prompt tokens of answers that say how many came from the cache.
    cacheable_tokens,
    cached_tokens,
}

/// Rolls up one unit's records and what the application told of it.
pub(super) fn roll_up(attempts: Vec<Attempt>, told: &[Told], spec: &Spec) -> Rolled {
    let joined = join(attempts);
    let mut rolled = Rolled {
        arm: joined.attempts.first().map(|first| first.arm.clone()).unwrap_or_default(),
        conversations: joined.conversations.len() as u64,
        turns: joined.exchanges.len() as u64,
        first_at: joined.attempts.first().map_or(0, |first| first.time),
        last_at: joined.attempts.last().map_or(0, |last| last.time),
        ..Rolled::default()
    };
    rolled.mixed = joined.attempts.iter().any(|attempt| attempt.arm != rolled.arm);
    let first = joined.attempts.iter().find(|attempt| attempt.triggered && !attempt.machine);
    let began = first.map(|first| first.time);
    for exchange in &joined.exchanges {
        if began.is_none_or(|began| joined.time(exchange) < began) {
            rolled.before_turns += 1;
            rolled.before_negative += u64::from(joined.is_negative(exchange));
        }
    }
    let (Some(first), Some(began)) = (first, began) else { return rolled };
    let window = Window { from: began, to: began.saturating_add(spec.window), silence: spec.silence };
    rolled.triggered_at = Some(window.from);
    rolled.window_ends = Some(window.to);
    count(&joined, &window, &mut rolled);
    let origin = first.thread.and_then(|thread| joined.exchange_of(thread.turn, first.time));
    rolled.resolved = Some(origin.is_some_and(|at| resolved(&joined, at, &window, spec.within_turns)));
    let home = origin.map(|at| joined.conversations[joined.exchanges[at].conversation]);
    rolled.own = super::feedback::fold(told, first.thread.map(|thread| thread.turn), home, window.from, window.to);
    rolled
}

/// The time that counts; its end does not belong to it.
struct Window {
    from: u64,
    to: u64,
    silence: u64,
}

impl Window {
    fn holds(&self, time: u64) -> bool {
        (self.from..self.to).contains(&time)
    }
}

impl Joined {
    fn time(&self, exchange: &Exchange) -> u64 {
        exchange.attempts.first().map_or(0, |first| self.attempts[*first].time)
    }

    fn of<'j>(&'j self, exchange: &'j Exchange) -> impl DoubleEndedIterator<Item = &'j Attempt> {
        exchange.attempts.iter().map(|at| &self.attempts[*at])
    }

    /// The attempt whose answer the user saw last: the last complete one, else the last.
    fn shown<'j>(&'j self, exchange: &'j Exchange) -> Option<&'j Attempt> {
        self.of(exchange).rev().find(|attempt| attempt.complete).or_else(|| self.of(exchange).next_back())
    }

    /// Whether the answer asked something of the user.
    fn is_question(&self, exchange: &Exchange) -> bool {
        self.shown(exchange).is_some_and(|shown| shown.question)
    }

    /// What the user's turn does. An answer to a question is never a reformulation.
    fn user_act(&self, exchange: &Exchange) -> Option<UserAct> {
        let act = self.of(exchange).find_map(|attempt| attempt.user_act)?;
        let answers = || exchange.before.is_some_and(|before| self.is_question(&self.exchanges[before]));
        Some(if act == UserAct::Reformulation && answers() { UserAct::Answer } else { act })
    }

    /// Whether the turn shows that the answer before it missed.
    fn is_negative(&self, exchange: &Exchange) -> bool {
        use UserAct::{Challenge, Reformulation, Repair};
        exchange.is_edit || matches!(self.user_act(exchange), Some(Repair | Challenge | Reformulation))
    }

    /// The exchange of this turn that an attempt at this time belongs to.
    fn exchange_of(&self, turn: crate::dialogue::Id, time: u64) -> Option<usize> {
        self.exchanges.iter().position(|exchange| {
            self.of(exchange).any(|a| a.time == time && a.thread.is_some_and(|thread| thread.turn == turn))
        })
    }

    /// Whether nothing came after the exchange, in its conversation and before `end`.
    fn is_last(&self, at: usize, end: u64) -> bool {
        self.following[at].is_none_or(|later| self.time(&self.exchanges[later]) >= end)
    }
}

fn count(joined: &Joined, window: &Window, rolled: &mut Rolled) {
    let counts = &mut rolled.counts;
    let mut conversations = std::collections::HashSet::new();
    for attempt in joined.attempts.iter().filter(|attempt| attempt.thread.is_none() && window.holds(attempt.time)) {
        counts.in_turns += 1;
        counts.bypassed += 1;
        counts.failed += u64::from(!attempt.complete);
    }
    for (at, exchange) in joined.exchanges.iter().enumerate() {
        counts.regenerate += exchange.regenerated.iter().filter(|time| window.holds(**time)).count() as u64;
        if !window.holds(joined.time(exchange)) {
            continue;
        }
        conversations.insert(exchange.conversation);
        let any = |what: fn(&Attempt) -> bool| u64::from(joined.of(exchange).any(what));
        counts.in_turns += 1;
        counts.triggers += any(|attempt| attempt.triggered);
        counts.acted += any(|attempt| attempt.acted);
        counts.asked += any(|attempt| attempt.asked);
        counts.held_back += any(|attempt| attempt.held_back);
        counts.bypassed += u64::from(joined.of(exchange).all(|attempt| attempt.bypassed));
        counts.failed += u64::from(!joined.of(exchange).any(|attempt| attempt.complete));
        counts.retry += exchange.retries;
        counts.edit += u64::from(exchange.is_edit);
        counts.questions += u64::from(joined.is_question(exchange));
        match joined.user_act(exchange) {
            Some(UserAct::Repair) => counts.repair += 1,
            Some(UserAct::Challenge) => counts.challenge += 1,
            Some(UserAct::Reformulation) => counts.reformulation += 1,
            Some(UserAct::Clarification) => counts.clarification += 1,
            Some(UserAct::Hedge) => counts.hedge += 1,
            Some(UserAct::Acknowledgment) => counts.acknowledgment += 1,
            Some(UserAct::TopicSwitch) => counts.topic_switch += 1,
            _ => {}
        }
        let reply = Reply { joined, at, window };
        reply.count(counts);
        for attempt in exchange.attempts.iter().chain(&exchange.steps).map(|at| &joined.attempts[*at]) {
            let Some(usage) = attempt.usage else { continue };
            counts.prompt_tokens += usage.prompt;
            counts.completion_tokens += usage.completion;
            if let Some(cached) = usage.cached {
                counts.cacheable_tokens += usage.prompt;
                counts.cached_tokens += cached;
            }
        }
        counts.metered += any(|attempt| attempt.usage.is_some());
        if let Some(micros) = joined.shown(exchange).and_then(|shown| shown.first_token_micros) {
            *rolled.first_token.entry(bucket(micros)).or_default() += 1;
        }
    }
    counts.in_conversations = conversations.len() as u64;
}

/// An answer and what followed on it.
struct Reply<'j> {
    joined: &'j Joined,
    at: usize,
    window: &'j Window,
}

impl Reply<'_> {
    fn count(&self, counts: &mut Counts) {
        let Self { joined, at, window } = *self;
        let exchange = &joined.exchanges[at];
        let Some(shown) = joined.shown(exchange) else { return };
        if let Some(complied) = shown.complied {
            counts.steered += 1;
            counts.complied += u64::from(complied);
        }
        if let Some(leaked) = shown.leaked {
            counts.watched += 1;
            counts.leaked += u64::from(leaked);
        }
        let next = joined.next[at].map(|next| &joined.exchanges[next]).filter(|next| window.holds(joined.time(next)));
        let silent = joined.is_last(at, window.to) && shown.ended.saturating_add(window.silence) <= window.to;
        if shown.asked && shown.question {
            match next.and_then(|next| joined.user_act(next)) {
                Some(UserAct::Answer) => counts.answered += 1,
                Some(UserAct::RefusesQuestion) => counts.refused += 1,
                _ => counts.abandoned += u64::from(silent),
            }
        } else if shown.complete && !shown.question {
            counts.left_after_answer += u64::from(silent);
        }
    }
}

/// Whether, within `most` user turns of the exchange that triggered, nothing showed that an answer missed: no repair,
/// challenge, reformulation, edit or regenerate.
///
/// A turn that follows on a question does not count among them. A conversation that falls silent on a question, or that
/// never got an answer, is not resolved.
fn resolved(joined: &Joined, origin: usize, window: &Window, most: u64) -> bool {
    let conversation = joined.exchanges[origin].conversation;
    let mut counted = 0;
    let mut last = origin;
    for (at, exchange) in joined.exchanges.iter().enumerate().skip(origin) {
        let time = joined.time(exchange);
        if exchange.conversation != conversation || time >= window.to {
            continue;
        }
        if at != origin {
            if joined.is_negative(exchange) {
                return false;
            }
            let answers = exchange.before.is_some_and(|before| joined.is_question(&joined.exchanges[before]));
            counted += u64::from(!answers);
            last = at;
        }
        // What came after the answer to the last turn that counts is no longer about it.
        if counted >= most {
            return true;
        }
        if exchange.regenerated.iter().any(|time| window.holds(*time)) {
            return false;
        }
    }
    let last = &joined.exchanges[last];
    let answered = joined.of(last).any(|attempt| attempt.complete);
    let silent = joined.shown(last).is_some_and(|shown| shown.question && shown.ended + window.silence <= window.to);
    answered && !silent
}
