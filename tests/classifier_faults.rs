//! What a classifier can do wrong, through the real threads: each fault is its own `Bypass`, no turn waits beyond its
//! deadline, and the pool works again within a second.
//!
//! Nothing here sleeps and hopes: judges hang on a gate that the test holds, and states are awaited.
#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use groundwire::classify::{AssistantJudgement, ReplyAnswer, ReplyTurn, ThreadedClassifier, Window};
use groundwire::classify::{Classifier, Judge, Judgement, Judging, ModelId, OnnxClassifier, PoolOptions};
use groundwire::dialogue::{Bypass, Conversation, Distribution, Id, Identity, IdentityKey, Role, Turn};
use groundwire::{Error, Result};

/// A door that hanging judges wait at; opens for good, at the latest when the test ends.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn wait(&self) {
        let (open, opened) = &*self.0;
        let guard = opened.wait_while(open.lock().unwrap(), |open| !*open).unwrap();
        drop(guard);
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

struct OpenOnDrop(Gate);

impl Drop for OpenOnDrop {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// Does what the turn says, and counts.
struct Scripted {
    gate: Gate,
    runs: Arc<AtomicUsize>,
}

impl Judge for Scripted {
    fn judge(&mut self, window: &Window) -> Result<Judgement> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        match window.turn.head.split(' ').next() {
            Some("hang") => self.gate.wait(),
            Some("panic") => panic!("as the test wants"),
            Some("fail") => return Err(failure()),
            _ => {}
        }
        Ok(judgement())
    }

    fn reads_replies(&self) -> bool {
        true
    }

    fn judge_reply(&mut self, window: &Window) -> Result<Option<AssistantJudgement>> {
        self.judge(window)?;
        Ok(Some(AssistantJudgement { acts: Distribution::new(&[0.0; 9]).unwrap(), tokens: 4 }))
    }
}

/// Hands in a reply; what its reader tells, or that it was not read.
fn read(classifier: &impl Classifier, text: &str) -> std::sync::mpsc::Receiver<Option<AssistantJudgement>> {
    let (told, answer) = std::sync::mpsc::channel();
    let turns = vec![Turn::new(Role::User, "hello there"), Turn::new(Role::Assistant, text)];
    let window = Window::of(&Conversation { turns, tools: false }, 1).unwrap();
    let answer_with = ReplyAnswer::new(move |judgement| drop(told.send(judgement)));
    classifier.read_reply(ReplyTurn { window, answer: answer_with });
    answer
}

fn judgement() -> Judgement {
    Judgement {
        need: Distribution::new(&[0.9, 0.06, 0.04]).unwrap(),
        gap: Distribution::new(&[0.5, 0.1, 0.1, 0.1, 0.1, 0.1]).unwrap(),
        user_act: Distribution::new(&[0.0; 11]).unwrap(),
        emotion: 0.0,
        crisis: None,
        tokens: 4,
        model: ModelId::of(&[b"scripted"]),
    }
}

/// An error as a judge of somebody else's would have it.
fn failure() -> Error {
    groundwire::classify::ModelFiles::read(std::path::Path::new("/nowhere")).unwrap_err()
}

struct Bench {
    classifier: ThreadedClassifier,
    gate: Gate,
    runs: Arc<AtomicUsize>,
    _open: OpenOnDrop,
}

fn bench(options: PoolOptions) -> Bench {
    let (gate, runs) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (judge_gate, judge_runs) = (gate.clone(), Arc::clone(&runs));
    let classifier = ThreadedClassifier::start(options, None, move || {
        Ok(Box::new(Scripted { gate: judge_gate.clone(), runs: Arc::clone(&judge_runs) }) as Box<dyn Judge>)
    })
    .unwrap();
    Bench { classifier, runs, _open: OpenOnDrop(gate.clone()), gate }
}

/// A deadline that a machine under load keeps for work that is done at once.
fn patient() -> PoolOptions {
    PoolOptions::default().deadline(Duration::from_secs(20)).stall_after(Duration::from_secs(20))
}

fn ask(classifier: &impl Classifier, text: &str) -> Judging {
    let conversation = Conversation { turns: vec![Turn::new(Role::User, text)], tools: false };
    classifier.judge(turn(&conversation), &conversation, 0)
}

fn turn(conversation: &Conversation<'_>) -> Id {
    Identity::of(&IdentityKey::derive(b"test"), conversation, b"", None).unwrap().turn
}

/// The answer, with a bound that only a broken pool reaches.
fn answer(judging: Judging) -> Result<f32, Bypass> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let judged = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), judging).await });
    judged.expect("no answer at all").map(|judgement| judgement.ambiguity())
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::yield_now();
    }
}

/// Asks until a judge hangs in `text`; on a busy machine the deadline can pass before a thread has begun.
fn hang(bench: &Bench, text: &str) {
    until("it hangs", || {
        let bypass = answer(ask(&bench.classifier, text)).unwrap_err();
        assert!(matches!(bypass, Bypass::Deadline | Bypass::Stalled), "{bypass}");
        bench.runs.load(Ordering::SeqCst) == 1
    });
}

#[test]
fn a_missing_model_or_one_that_does_not_fit_is_an_error_at_the_start() {
    let missing = OnnxClassifier::builder().model_folder("/nowhere").build().unwrap_err();
    assert!(missing.is_model() && missing.to_string().contains("/nowhere/model.onnx"), "{missing}");
    let folder = tempfile::tempdir().unwrap();
    for name in ["model.onnx", "tokenizer.json", "labels.json"] {
        std::fs::write(folder.path().join(name), "{}").unwrap();
    }
    assert!(OnnxClassifier::builder().model_folder(folder.path()).build().unwrap_err().is_model());
    let refused = ThreadedClassifier::start(patient().threads(3), None, || Err(failure())).unwrap_err();
    assert!(refused.is_model());
    let panicked = ThreadedClassifier::start(patient(), None, || panic!("while it is loaded")).unwrap_err();
    assert!(panicked.is_model());
    let out_of_range = ThreadedClassifier::start(patient().threads(0), None, || Err(failure())).unwrap_err();
    assert!(out_of_range.is_config());
}

#[test]
fn a_slow_judge_is_a_deadline_and_its_judgement_is_kept() {
    let bench = bench(PoolOptions::default().stall_after(Duration::from_secs(60)));
    hang(&bench, "hang a while");
    // The one thread is busy beyond the deadline: no use in waiting for it.
    until("no thread is able", || !bench.classifier.is_able());
    assert_eq!(answer(ask(&bench.classifier, "hello")), Err(Bypass::Stalled));
    bench.gate.open();
    until("the late judgement is kept", || bench.classifier.remembered() == 1);
    assert!(answer(ask(&bench.classifier, "hang a while")).is_ok());
    assert_eq!(bench.runs.load(Ordering::SeqCst), 1, "the second answer is from memory");
    assert!(bench.classifier.stats().counts.deadline > 0);
    assert_eq!(bench.classifier.stats().counts.replaced, 0);
}

#[test]
fn a_judge_that_never_returns_is_replaced_within_a_second() {
    let bench = bench(PoolOptions::default());
    hang(&bench, "hang for good");
    // After half a second by default; the roster's own test, in made-up time, holds it to that exactly.
    until("it is written off", || bench.classifier.stats().written_off == 1);
    until("another thread is there", || bench.classifier.is_able());
    assert_eq!(bench.classifier.stats().counts.replaced, 1);
    until("turns are judged again", || answer(ask(&bench.classifier, "hello")).is_ok());
    bench.gate.open();
    until("the lost thread ends itself", || bench.classifier.stats().written_off == 0);
    assert_eq!(bench.classifier.stats().threads, 1);
}

#[test]
fn a_queued_turn_behind_one_that_hangs_is_answered_by_its_deadline() {
    let bench = bench(PoolOptions::default().deadline(Duration::from_secs(1)).stall_after(Duration::from_secs(60)));
    let (first, second) = (ask(&bench.classifier, "hang"), ask(&bench.classifier, "hello"));
    assert_eq!((answer(first), answer(second)), (Err(Bypass::Deadline), Err(Bypass::Deadline)));
}

#[test]
fn a_panic_is_its_own_bypass_and_costs_one_turn() {
    let bench = bench(patient());
    for round in 1..=3 {
        assert_eq!(answer(ask(&bench.classifier, &format!("panic {round}"))), Err(Bypass::Panicked));
        until("another thread is there", || bench.classifier.is_able());
        assert!(answer(ask(&bench.classifier, &format!("hello {round}"))).is_ok());
        assert_eq!(bench.classifier.stats().counts.panicked, round);
    }
    assert_eq!(bench.classifier.stats().counts.replaced, 3);
}

#[test]
fn an_error_is_its_own_bypass_and_costs_no_thread() {
    let bench = bench(patient());
    assert_eq!(answer(ask(&bench.classifier, "fail")), Err(Bypass::ClassifierFailed));
    assert!(answer(ask(&bench.classifier, "hello")).is_ok());
    assert_eq!(bench.classifier.stats().counts.replaced, 0);
    assert_eq!(bench.classifier.remembered(), 1, "an error is not remembered");
}

#[test]
fn a_full_queue_turns_away_at_once() {
    let bench = bench(patient().queue(2).cache(0));
    let hanging = ask(&bench.classifier, "hang");
    until("it runs", || bench.classifier.stats().running == 1);
    let waiting: Vec<_> = (0..2).map(|i| ask(&bench.classifier, &format!("hello {i}"))).collect();
    assert_eq!(answer(ask(&bench.classifier, "one more")), Err(Bypass::Saturated));
    let foreign = "Wie wird das Wetter morgen, und soll ich einen Regenschirm mitnehmen?";
    assert_eq!(answer(ask(&bench.classifier, foreign)), Err(Bypass::Saturated), "nothing is looked at in vain");
    bench.gate.open();
    assert!(answer(hanging).is_ok());
    assert!(waiting.into_iter().all(|judging| answer(judging).is_ok()));
    assert_eq!(bench.classifier.remembered(), 0);
}

#[test]
fn a_turn_nobody_waits_for_is_not_judged() {
    let bench = bench(patient());
    let hanging = ask(&bench.classifier, "hang");
    until("it runs", || bench.classifier.stats().running == 1);
    drop(ask(&bench.classifier, "hello, and gone"));
    bench.gate.open();
    assert!(answer(hanging).is_ok());
    assert!(answer(ask(&bench.classifier, "hello")).is_ok());
    assert_eq!(bench.runs.load(Ordering::SeqCst), 2);
    assert_eq!(bench.classifier.stats().counts.abandoned, 1);
}

#[test]
fn a_thread_that_cannot_load_its_model_again_is_tried_until_it_can() {
    let loads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&loads);
    let classifier = ThreadedClassifier::start(patient(), None, move || match counted.fetch_add(1, Ordering::SeqCst) {
        1 => Err(failure()),
        2 => panic!("while it is loaded"),
        _ => Ok(Box::new(Scripted { gate: Gate::default(), runs: Arc::default() }) as Box<dyn Judge>),
    })
    .unwrap();
    assert_eq!(answer(ask(&classifier, "panic")), Err(Bypass::Panicked));
    until("the fourth load works", || classifier.is_able());
    assert!(answer(ask(&classifier, "hello")).is_ok());
    assert_eq!(loads.load(Ordering::SeqCst), 4);
    assert_eq!(classifier.stats().counts.start_failed, 2);
}

#[test]
fn threads_that_hang_are_bounded_in_number() {
    let brisk = Duration::from_millis(5);
    let bench = bench(PoolOptions::default().deadline(brisk).stall_after(brisk));
    let mut hung = 0;
    until("no more are started", || {
        if bench.classifier.is_able() {
            hung += 1;
            let bypass = answer(ask(&bench.classifier, &format!("hang {hung}"))).unwrap_err();
            assert!(matches!(bypass, Bypass::Deadline | Bypass::Stalled), "{bypass}");
        }
        let stats = bench.classifier.stats();
        stats.written_off == 8 && stats.running == 1 && !stats.able
    });
    assert_eq!(answer(ask(&bench.classifier, "hello")), Err(Bypass::Stalled));
    bench.gate.open();
    until("it works again", || answer(ask(&bench.classifier, "hello")).is_ok());
    until("the lost threads end", || bench.classifier.stats().written_off == 0);
}

#[test]
fn letting_go_waits_for_what_is_queued_and_not_for_what_hangs() {
    let bench1 = bench(patient());
    let judgings: Vec<_> = (0..20).map(|i| ask(&bench1.classifier, &format!("hello {i}"))).collect();
    drop(bench1.classifier);
    assert!(judgings.into_iter().all(|judging| answer(judging).is_ok()));

    let bench2 = bench(PoolOptions::default());
    let hanging = ask(&bench2.classifier, "hang");
    // Returns although the judge does not; the test would hang here otherwise.
    drop(bench2.classifier);
    assert_eq!(answer(hanging), Err(Bypass::Deadline));
}

#[test]
fn other_languages_and_wordless_turns_are_not_judged() {
    let bench = bench(patient());
    let german = "Kannst du mir bitte erklären, wie man einen Kuchen ohne Eier backt?";
    assert_eq!(answer(ask(&bench.classifier, german)), Err(Bypass::Language));
    let conversation = Conversation { turns: vec![Turn { role: Role::User, parts: Vec::new() }], tools: false };
    let (id, other) = (turn(&Conversation { turns: vec![Turn::new(Role::User, "x")], tools: false }), "tools matter");
    assert_eq!(answer(bench.classifier.judge(id, &conversation, 0)), Err(Bypass::NotHumanText));
    for tools in [false, true, true] {
        let conversation = Conversation { turns: vec![Turn::new(Role::User, other)], tools };
        assert!(answer(bench.classifier.judge(id, &conversation, 0)).is_ok());
    }
    assert_eq!(bench.runs.load(Ordering::SeqCst), 2, "one turn, with tools and without");
}

#[test]
fn a_thousand_turns_at_once_of_every_kind_are_each_answered() {
    let bench = bench(PoolOptions::default().threads(3).queue(200).cache(0));
    let kinds = ["hello", "hello", "hello", "hello", "hello", "fail", "hello", "hello", "panic", "hello"];
    let seen = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..4)
            .map(|thread| {
                let classifier = &bench.classifier;
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                    runtime.block_on(async {
                        let mut answered = 0;
                        for i in 0..250 {
                            // Three of the thousand never return.
                            let hangs = thread < 3 && i == 60;
                            let kind = if hangs { "hang" } else { kinds[(i * 7 + thread) % kinds.len()] };
                            let judging = ask(classifier, &format!("{kind} {thread} {i}"));
                            if i % 17 == 3 {
                                continue;
                            }
                            let judged = tokio::time::timeout(Duration::from_secs(60), judging).await.unwrap();
                            let own = match kind {
                                "hello" => judged.is_ok(),
                                "fail" => matches!(judged, Err(Bypass::ClassifierFailed)),
                                "panic" => matches!(judged, Err(Bypass::Panicked)),
                                _ => false,
                            };
                            let load = matches!(judged, Err(Bypass::Deadline | Bypass::Saturated | Bypass::Stalled));
                            assert!(own || load, "{kind}: {judged:?}");
                            answered += 1;
                        }
                        answered
                    })
                })
            })
            .collect();
        asking.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    assert_eq!(seen, 4 * (250 - 15));
    bench.gate.open();
    until("all threads are back", || {
        let stats = bench.classifier.stats();
        stats.idle == 3 && stats.written_off == 0 && stats.queued == 0
    });
}

#[test]
fn a_reply_is_told_of_once_whatever_its_reader_does() {
    let bench = bench(patient());
    for (text, read_it) in [("fine words here", true), ("fail on this reply", false), ("panic on this reply", false)] {
        let answer = read(&bench.classifier, text);
        let told = answer.recv_timeout(Duration::from_secs(60)).expect("nobody was told");
        assert_eq!(told.is_some(), read_it, "{text}");
        assert!(answer.recv().is_err(), "told twice: {text}");
        until("the pool works again", || bench.classifier.is_able());
    }
    let counts = bench.classifier.stats().counts;
    let counts = (counts.replies_read, counts.replies_failed, counts.replies_dropped, counts.panicked);
    assert_eq!(counts, (1, 2, 0, 1));
}

#[test]
fn a_reply_whose_reader_hangs_is_told_of_and_turns_are_judged_meanwhile() {
    let deadline = Duration::from_millis(50);
    let bench = bench(PoolOptions::default().deadline(deadline).stall_after(Duration::from_millis(200)));
    let waiting = read(&bench.classifier, "hang on this reply");
    assert!(waiting.recv_timeout(Duration::from_secs(60)).expect("nobody was told").is_none());
    until("the thread is replaced", || bench.classifier.is_able());
    let (since, mut verdict) = (Instant::now(), Err(Bypass::Stalled));
    while verdict.is_err() && since.elapsed() < Duration::from_secs(60) {
        verdict = answer(ask(&bench.classifier, "plain words"));
    }
    assert!(verdict.is_ok(), "{verdict:?}");
}

#[test]
fn replies_that_wait_when_the_pool_closes_are_told_of() {
    let bench = bench(PoolOptions::default().deadline(Duration::from_secs(5)).stall_after(Duration::from_secs(20)));
    let _held = ask(&bench.classifier, "hang here please");
    until("the thread is busy", || bench.runs.load(Ordering::SeqCst) == 1);
    let waiting = read(&bench.classifier, "fine words here");
    let gate = bench.gate.clone();
    let closing = std::thread::spawn(move || drop(bench));
    // Told although the thread still hangs; only then is it let go.
    assert!(waiting.recv_timeout(Duration::from_secs(60)).expect("nobody was told").is_none());
    gate.open();
    closing.join().unwrap();
}

#[test]
fn whoever_is_told_of_a_reply_may_panic_and_costs_no_thread() {
    let bench = bench(patient());
    for text in ["fine words here", "fail on this reply"] {
        let turns = vec![Turn::new(Role::Assistant, text)];
        let window = Window::of(&Conversation { turns, tools: false }, 0).unwrap();
        let answer = ReplyAnswer::new(|_| panic!("as the test wants"));
        bench.classifier.read_reply(ReplyTurn { window, answer });
        bench.classifier.finish_replies(Duration::from_secs(60));
        assert!(answer_of(&bench, "fine words again"), "after {text:?}");
    }
    let stats = bench.classifier.stats();
    assert_eq!((stats.counts.panicked, stats.counts.replaced, stats.running), (0, 0, 0));
}

fn answer_of(bench: &Bench, text: &str) -> bool {
    read(&bench.classifier, text).recv_timeout(Duration::from_secs(60)).expect("nobody was told").is_some()
}

#[test]
fn replies_in_other_languages_are_declined_without_a_run() {
    let bench = bench(patient());
    let german = "Das Kochen dauert etwa zwanzig Minuten, und danach muss die Suppe noch ein wenig ziehen.";
    assert!(!answer_of(&bench, german));
    assert!(answer_of(&bench, "Cooking takes some twenty minutes, and then the soup has to rest a little."));
    let counts = bench.classifier.stats().counts;
    assert_eq!((counts.replies_declined, counts.replies_read, bench.runs.load(Ordering::SeqCst)), (1, 1, 1));
}

#[test]
fn replies_are_finished_or_given_up_when_the_process_ends() {
    let bench = bench(patient());
    let done: Vec<_> = (0..20).map(|i| read(&bench.classifier, &format!("fine words {i}"))).collect();
    bench.classifier.finish_replies(Duration::from_secs(60));
    // Not one is still on its way: each was told before that returned.
    assert!(done.iter().all(|told| told.try_recv().expect("not told").is_some()));
    let hanging = read(&bench.classifier, "hang on this reply");
    until("it is being read", || bench.runs.load(Ordering::SeqCst) == 21);
    let waiting = read(&bench.classifier, "fine words at last");
    bench.classifier.finish_replies(Duration::ZERO);
    assert!([hanging, waiting].iter().all(|told| told.try_recv().expect("not told").is_none()));
    bench.gate.open();
    assert!(answer_of(&bench, "and it goes on"));
    assert_eq!(bench.classifier.stats().counts.replies_dropped, 2);
}

/// Reads no replies, and says nothing of them.
struct Plain;

impl Judge for Plain {
    fn judge(&mut self, _: &Window) -> Result<Judgement> {
        Ok(judgement())
    }
}

#[test]
fn a_judge_that_reads_no_replies_is_given_none() {
    let plain = ThreadedClassifier::start(patient(), None, || Ok(Box::new(Plain) as Box<dyn Judge>)).unwrap();
    assert!(!plain.reads_replies());
    assert!(bench(patient()).classifier.reads_replies());
}

#[test]
fn whoever_takes_his_time_over_a_reply_delays_no_deadline_and_no_turn() {
    let options = PoolOptions::default().deadline(Duration::from_millis(20)).stall_after(Duration::from_secs(20));
    let bench = bench(options);
    // Told on the keeper's thread, this would be the last thing it does.
    let (entered, told) = std::sync::mpsc::channel();
    let slow = bench.gate.clone();
    let turns = vec![Turn::new(Role::Assistant, "fine words here")];
    let window = Window::of(&Conversation { turns, tools: false }, 0).unwrap();
    let slowly = ReplyAnswer::new(move |_| {
        entered.send(()).unwrap();
        slow.wait();
    });
    bench.classifier.read_reply(ReplyTurn { window, answer: slowly });
    told.recv_timeout(Duration::from_secs(60)).expect("nobody was told");
    until("the thread judges on", || answer(ask(&bench.classifier, "plain words")).is_ok());
    let hanging = ask(&bench.classifier, "hang here please");
    assert_eq!(answer(hanging).unwrap_err(), Bypass::Deadline, "and deadlines are kept");
    // What waits to be told is bounded: past it, replies are not taken.
    let full: Vec<_> = (0..80).map(|i| read(&bench.classifier, &format!("fine words {i}"))).collect();
    assert!(bench.classifier.stats().counts.replies_dropped >= 80 - 64, "no more than there is room for");
    bench.gate.open();
    assert!(full.iter().all(|told| told.recv_timeout(Duration::from_secs(60)).is_ok()), "each is told of in the end");
}
