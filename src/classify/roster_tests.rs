//! Interleavings of the roster, played through in made-up time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::super::{AssistantJudgement, Excerpt, Judgement, Judging, ModelId};
use super::*;
use crate::dialogue::{Distribution, Role};

const LIMITS: Limits = Limits {
    threads: 2,
    queue: 3,
    deadline: Duration::from_millis(25),
    stall_after: Duration::from_millis(100),
    patience: Duration::from_millis(250),
    reply_share: 100,
};

fn judgement() -> Judgement {
    Judgement {
        need: Distribution::new(&[1.0, 0.0, 0.0]).unwrap(),
        gap: Distribution::new(&[0.5; 6]).unwrap(),
        user_act: Distribution::new(&[0.0; 11]).unwrap(),
        emotion: 0.0,
        crisis: None,
        tokens: 4,
        model: ModelId::of(&[]),
    }
}

fn window(role: Role) -> Window {
    let turn = Excerpt { role, head: "hi".to_owned(), tail: None };
    Window { turn, context: Vec::new(), system: None, marks: Vec::new() }
}

/// A turn somebody waits for.
struct Asked {
    judging: Judging,
    due: Instant,
}

impl Asked {
    fn poll(&mut self) -> Option<Result<(), Bypass>> {
        match Pin::new(&mut self.judging).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Some(result.map(drop)),
            Poll::Pending => None,
        }
    }
}

/// A thread, as far as the roster knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Doing {
    Starting,
    Idle,
    Running(Instant),
    Reading(Instant),
}

struct Play {
    roster: Roster,
    now: Instant,
    threads: Vec<(Badge, Doing)>,
    asked: Vec<Asked>,
    answers: Vec<Result<(), Bypass>>,
    /// Replies of which somebody was told, with acts or without.
    told: Arc<AtomicUsize>,
}

impl Play {
    fn new(limits: Limits) -> Self {
        let now = Instant::now();
        let (roster, badges) = Roster::new(limits, now);
        let threads = badges.into_iter().map(|badge| (badge, Doing::Starting)).collect();
        Self { roster, now, threads, asked: Vec::new(), answers: Vec::new(), told: Arc::default() }
    }

    /// With every thread ready.
    fn ready(limits: Limits) -> Self {
        let mut play = Self::new(limits);
        (0..limits.threads).for_each(|i| play.step(i, Outcome::Fine));
        play
    }

    /// Hands in a reply, and says whether there was room.
    fn reply(&mut self) -> bool {
        let told = Arc::clone(&self.told);
        let answer = ReplyAnswer::new(move |_| {
            told.fetch_add(1, Ordering::SeqCst);
        });
        let reply = ReplyTurn { window: window(Role::Assistant), answer };
        match self.roster.admit_reply(reply, self.now) {
            Ok(until) => {
                assert_eq!(until, self.now + LIMITS.patience);
                true
            }
            Err(_) => false,
        }
    }

    /// Gives what a thread owes after a run that went well or not.
    fn give(&mut self, owed: Option<Owed>, otherwise: Result<(), Bypass>) {
        match owed {
            Some(Owed::Turn(answer)) => answer.send(otherwise.map(|()| judgement().into())),
            Some(Owed::Reply(answer)) => {
                assert!(!self.roster.has_told_all());
                if otherwise.is_ok() {
                    answer.send(AssistantJudgement { acts: Distribution::new(&[0.0; 9]).unwrap(), tokens: 4 });
                }
                self.roster.told(1);
            }
            None => {}
        }
    }

    fn ask(&mut self) -> Option<Bypass> {
        let (judging, answer) = Judging::pending();
        let window = window(Role::User);
        match self.roster.admit(Job { window, answer, memo: None }, self.now) {
            Ok(due) => {
                self.asked.push(Asked { judging, due });
                None
            }
            Err((_, bypass)) => Some(bypass),
        }
    }

    /// Lets thread `i` do its next thing, with this outcome.
    fn step(&mut self, i: usize, outcome: Outcome) {
        let (badge, doing) = self.threads[i];
        let now = self.now;
        let stays = match (doing, outcome) {
            (Doing::Starting, Outcome::Panic | Outcome::Fail) => {
                assert!(self.roster.vacate(badge, now).is_none(), "a thread that starts owes nothing");
                None
            }
            (Doing::Starting, Outcome::Fine) => self.roster.ready(badge).then_some(Doing::Idle),
            (Doing::Idle, _) => {
                let (next, late) = self.roster.next(badge, now);
                late.into_iter().for_each(|(answer, bypass)| answer.send(Err(bypass)));
                match next {
                    Next::Run(..) => Some(Doing::Running(now)),
                    Next::Read(..) => Some(Doing::Reading(now)),
                    Next::Wait | Next::Rest(_) => Some(Doing::Idle),
                    Next::Leave => {
                        self.roster.leave(badge);
                        None
                    }
                }
            }
            (Doing::Running(_) | Doing::Reading(_), Outcome::Panic) => {
                let owed = self.roster.vacate(badge, now);
                self.give(owed, Err(Bypass::Panicked));
                None
            }
            (_, outcome) => {
                let fine = outcome == Outcome::Fine;
                let run = match (doing, fine) {
                    (Doing::Reading(_), true) => Run::Read,
                    (Doing::Reading(_), false) => Run::ReadFailed,
                    (_, true) => Run::Judged,
                    (_, false) => Run::Failed,
                };
                let (owed, stays) = self.roster.finish(badge, now, run);
                self.give(owed, if fine { Ok(()) } else { Err(Bypass::ClassifierFailed) });
                stays.then_some(Doing::Idle)
            }
        };
        match stays {
            Some(doing) => self.threads[i].1 = doing,
            None => drop(self.threads.remove(i)),
        }
        self.collect();
    }

    /// Lets time pass, with a keeper that wakes exactly when it said it would.
    fn pass(&mut self, millis: u64) {
        let until = self.now + Duration::from_millis(millis);
        self.sweep();
        while let Some(at) = self.roster.wake_at().filter(|at| *at <= until) {
            assert!(at > self.now, "the keeper would spin");
            self.now = at;
            self.sweep();
        }
        self.now = until;
    }

    fn sweep(&mut self) {
        let sweep = self.roster.sweep(self.now);
        sweep.due.into_iter().for_each(|(answer, bypass)| answer.send(Err(bypass)));
        self.drop_unread(sweep.unread);
        self.threads.extend(sweep.start.into_iter().map(|badge| (badge, Doing::Starting)));
        self.collect();
        assert!(self.asked.iter().all(|asked| asked.due > self.now), "an answer is overdue");
    }

    fn drop_unread(&mut self, unread: Vec<ReplyAnswer>) {
        self.roster.told(unread.len());
        drop(unread);
    }

    fn told(&self) -> usize {
        self.told.load(Ordering::SeqCst)
    }

    fn collect(&mut self) {
        let answers = &mut self.answers;
        self.asked.retain_mut(|asked| match asked.poll() {
            Some(answer) => {
                answers.push(answer);
                false
            }
            None => true,
        });
    }

    /// What holds at any moment.
    fn check(&self) {
        let lost = self.threads.iter().filter(|(badge, _)| !self.roster.holds(*badge)).count();
        assert_eq!(lost, self.roster.written_off, "every thread without a seat is accounted for");
        assert!(lost <= MOST_WRITTEN_OFF);
        let working = self.threads.iter().filter(|(badge, _)| self.roster.holds(*badge));
        assert!(working.clone().count() <= LIMITS.threads, "no seat is held twice");
        let able = working.clone().any(|(_, doing)| match doing {
            Doing::Idle => true,
            Doing::Running(since) | Doing::Reading(since) => self.now < *since + LIMITS.deadline,
            Doing::Starting => false,
        });
        assert_eq!(able, self.roster.is_able(self.now));
        if lost < MOST_WRITTEN_OFF {
            let hangs = |doing: &Doing| match doing {
                Doing::Running(since) | Doing::Reading(since) => *since + LIMITS.stall_after < self.now,
                _ => false,
            };
            assert!(!working.clone().any(|(_, doing)| hangs(doing)), "a thread that hangs is still counted on");
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Fine,
    Fail,
    Panic,
}

#[derive(Clone, Debug)]
enum Move {
    Ask,
    Reply,
    /// The one who waits longest goes.
    Abandon,
    Step(usize, Outcome),
    Pass(u64),
}

fn any_move() -> impl Strategy<Value = Move> {
    let outcome = prop_oneof![6 => Just(Outcome::Fine), 1 => Just(Outcome::Fail), 1 => Just(Outcome::Panic)];
    prop_oneof![
        4 => Just(Move::Ask),
        3 => Just(Move::Reply),
        1 => Just(Move::Abandon),
        8 => (0..12_usize, outcome).prop_map(|(i, outcome)| Move::Step(i, outcome)),
        3 => (0..15_u64).prop_map(Move::Pass),
        1 => (20..300_u64).prop_map(Move::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever threads and clients do in whatever order: every turn is answered once and by its deadline, every reply
    /// is told of once, every thread is accounted for, and the pool works again afterwards.
    #[test]
    fn every_interleaving_answers_in_time_and_heals(
        moves in prop::collection::vec(any_move(), 0..150),
        reply_share in prop_oneof![Just(100), Just(20)],
    ) {
        let mut play = Play::new(Limits { reply_share, ..LIMITS });
        let (mut admitted, mut abandoned, mut replies) = (0, 0, 0);
        for step in moves {
            match step {
                Move::Ask => match play.ask() {
                    None => admitted += 1,
                    Some(Bypass::Stalled) => prop_assert!(!play.roster.is_able(play.now)),
                    Some(bypass) => prop_assert_eq!(bypass, Bypass::Saturated),
                },
                Move::Reply => {
                    let room = play.roster.replies.len() < LIMITS.queue && play.roster.is_able(play.now);
                    prop_assert_eq!(play.reply(), room);
                    replies += 1;
                }
                Move::Abandon if play.asked.is_empty() => {}
                Move::Abandon => {
                    play.asked.remove(0);
                    abandoned += 1;
                }
                Move::Step(i, _) if i >= play.threads.len() => {}
                Move::Step(i, outcome) => play.step(i, outcome),
                Move::Pass(millis) => play.pass(millis),
            }
            play.check();
        }
        // Everything comes back, and within a second the pool is as it was.
        for _ in 0..100 {
            (0..play.threads.len()).rev().for_each(|i| play.step(i, Outcome::Fine));
            play.pass(10);
        }
        prop_assert_eq!(play.roster.stats(play.now).idle, LIMITS.threads);
        prop_assert_eq!(play.answers.len() + abandoned, admitted);
        prop_assert!(play.asked.is_empty());
        prop_assert!(play.roster.has_told_all());
        prop_assert_eq!(play.told(), replies);
        let counts = play.roster.counts;
        prop_assert_eq!((counts.replies_read + counts.replies_failed + counts.replies_dropped) as usize, replies);
        play.roster.close();
        (0..play.threads.len()).rev().for_each(|i| play.step(i, Outcome::Fine));
        prop_assert!(play.roster.is_empty() && play.roster.is_settled());
    }
}

#[test]
fn under_load_the_thread_is_not_wasted_on_turns_that_cannot_make_it() {
    let mut play = Play::ready(Limits { threads: 1, queue: 100, ..LIMITS });
    // A turn comes every millisecond and a run takes five. Without skipping, each would be begun just too late.
    for _ in 0..200 {
        play.step(0, Outcome::Fine);
        (0..5).for_each(|_| {
            assert_eq!(play.ask(), None);
            play.pass(1);
        });
        if play.threads[0].1 != Doing::Idle {
            play.step(0, Outcome::Fine);
        }
    }
    let judged = play.answers.iter().filter(|answer| answer.is_ok()).count();
    assert!(judged >= 150, "{judged} of the 200 runs were in time");
    assert!(play.answers.iter().all(|answer| answer.is_ok() || *answer == Err(Bypass::Deadline)));
}

#[test]
fn a_turn_that_comes_alone_is_judged_however_slow_the_last_runs_were() {
    let mut play = Play::ready(Limits { threads: 1, ..LIMITS });
    play.roster.usual = Duration::from_secs(9);
    assert_eq!(play.ask(), None);
    play.pass(20);
    play.step(0, Outcome::Fine);
    play.step(0, Outcome::Fine);
    assert_eq!(play.answers, [Ok(())]);
}

#[test]
fn turns_go_before_replies_and_replies_never_crowd_them_out() {
    let mut play = Play::ready(Limits { threads: 1, ..LIMITS });
    (0..3).for_each(|_| assert!(play.reply()));
    assert!(!play.reply(), "as many replies may wait as turns");
    assert_eq!(play.ask(), None);
    play.step(0, Outcome::Fine);
    play.step(0, Outcome::Fine);
    assert_eq!((play.answers.len(), play.told()), (1, 1), "the turn was judged first");
    (0..3).for_each(|_| assert_eq!(play.ask(), None));
    assert_eq!(play.ask(), Some(Bypass::Saturated), "only turns fill the queue of turns");
    assert_eq!(play.roster.close().len(), 3, "replies are given back when the pool closes");
}

#[test]
fn a_reply_that_hangs_is_told_of_when_its_thread_is_written_off() {
    let mut play = Play::ready(Limits { threads: 1, ..LIMITS });
    assert!(play.reply());
    play.step(0, Outcome::Fine);
    play.pass(99);
    assert_eq!(play.told(), 0);
    assert!(!play.roster.has_told_all());
    play.pass(2);
    assert_eq!((play.told(), play.roster.written_off), (1, 1));
    // It comes back after all: one reply, counted once.
    play.step(0, Outcome::Fine);
    assert_eq!((play.told(), play.roster.counts.replies_read, play.roster.counts.replies_dropped), (1, 0, 1));
}

#[test]
fn a_reply_that_hangs_is_told_of_where_its_thread_is_not_replaced() {
    for close in [false, true] {
        let mut play = Play::ready(Limits { threads: 1, ..LIMITS });
        assert!(play.reply());
        play.step(0, Outcome::Fine);
        if close {
            assert!(play.roster.close().is_empty());
            assert!(!play.roster.is_settled(), "the keeper has to stay for it");
        } else {
            play.roster.written_off = MOST_WRITTEN_OFF;
        }
        play.pass(101);
        assert_eq!(play.told(), 1);
        assert_eq!(play.roster.is_settled(), close);
        assert_eq!(play.roster.wake_at(), None, "there is nothing left to look at");
    }
}

#[test]
fn a_reply_waits_only_so_long_for_a_moment_without_turns() {
    let mut play = Play::ready(Limits { threads: 1, ..LIMITS });
    assert_eq!(play.ask(), None);
    assert!(play.reply());
    play.pass(100);
    assert!(play.reply());
    // The thread is never seen idle.
    play.pass(149);
    assert_eq!(play.told(), 0);
    play.pass(1);
    assert_eq!((play.told(), play.roster.counts.replies_dropped), (1, 1), "the older one");
}

#[test]
fn replies_are_given_up_when_the_time_is_over_and_never_told_twice() {
    let mut play = Play::ready(Limits { threads: 1, ..LIMITS });
    (0..3).for_each(|_| assert!(play.reply()));
    play.step(0, Outcome::Fine);
    let unread = play.roster.give_up_replies();
    assert_eq!(unread.len(), 3, "the one that is being read, too");
    assert!(!play.roster.has_told_all(), "they are not told yet");
    play.drop_unread(unread);
    assert!(play.roster.has_told_all());
    play.step(0, Outcome::Fine);
    assert_eq!((play.told(), play.threads[0].1), (3, Doing::Idle));
    assert_eq!((play.roster.counts.replies_read, play.roster.counts.replies_dropped), (0, 3));
}

#[test]
fn a_reply_counts_as_untold_until_whoever_handed_it_in_knows() {
    let mut play = Play::ready(Limits { threads: 1, ..LIMITS });
    for panics in [false, true] {
        assert!(play.reply());
        play.step(0, Outcome::Fine);
        let badge = play.threads[0].0;
        let owed =
            if panics { play.roster.vacate(badge, play.now) } else { play.roster.finish(badge, play.now, Run::Read).0 };
        assert!(!play.roster.has_told_all(), "the thread is idle, and the answer on its way");
        drop(owed);
        play.roster.told(1);
        assert!(play.roster.has_told_all());
        play.threads[0].1 = Doing::Idle;
    }
    assert_eq!((play.roster.counts.replies_read, play.roster.counts.replies_failed), (1, 1));
}

#[test]
fn a_full_queue_makes_room_by_dropping_the_abandoned() {
    let mut play = Play::ready(LIMITS);
    (0..3).for_each(|_| assert_eq!(play.ask(), None));
    assert_eq!(play.ask(), Some(Bypass::Saturated));
    play.asked.remove(1);
    assert_eq!(play.ask(), None);
    assert_eq!(play.roster.counts.abandoned, 1);
}

#[test]
fn when_too_many_hang_no_more_are_started_until_one_comes_back() {
    let mut play = Play::ready(Limits { threads: 1, ..LIMITS });
    let mut reports = 0;
    for _ in 0..20 {
        if play.ask().is_none() {
            let last = play.threads.len() - 1;
            play.step(last, Outcome::Fine);
        }
        play.pass(99);
        play.now += Duration::from_millis(1);
        let sweep = play.roster.sweep(play.now);
        reports += usize::from(sweep.exhausted);
        play.threads.extend(sweep.start.into_iter().map(|badge| (badge, Doing::Starting)));
        if let Some(i) = play.threads.iter().position(|(_, doing)| *doing == Doing::Starting) {
            play.step(i, Outcome::Fine);
        }
    }
    assert_eq!((play.threads.len(), play.roster.written_off, reports), (MOST_WRITTEN_OFF + 1, MOST_WRITTEN_OFF, 1));
    assert_eq!(play.roster.wake_at(), None, "the keeper sleeps until something changes");
    assert_eq!(play.ask(), Some(Bypass::Stalled));
    play.step(0, Outcome::Fine);
    play.pass(0);
    assert_eq!(play.threads.last().unwrap().1, Doing::Starting, "one came back, so the last is replaced");
}

#[test]
fn a_seat_that_keeps_failing_waits_longer_but_less_than_a_second() {
    assert_eq!(pause(0), Duration::ZERO);
    assert_eq!(pause(1), Duration::from_millis(100));
    assert!((0..1000).all(|n| pause(n) <= pause(n + 1) && pause(n) < Duration::from_secs(1)));
}

#[path = "roster_share_tests.rs"]
mod share;
