//! What the classifier remembers of replies, and the time that it gives them, through the real threads.
#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use groundwire::classify::{
    AssistantJudgement, Classifier, Judge, Judgement, PoolOptions, ReplyAnswer, ReplyTurn, ThreadedClassifier, Window,
};
use groundwire::dialogue::{AssistantAct, Conversation, Distribution, Role, Turn};
use groundwire::{Error, Result};

/// Reads replies, each with another score, so that a remembered one can be told from one that was read again.
struct Counting(Arc<AtomicUsize>);

impl Judge for Counting {
    fn judge(&mut self, _: &Window) -> Result<Judgement> {
        Err(broken())
    }

    fn judge_reply(&mut self, window: &Window) -> Result<Option<AssistantJudgement>> {
        let runs = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        if window.turn.head.starts_with("fail") {
            return Err(broken());
        }
        Ok(Some(AssistantJudgement { acts: Distribution::new(&[1.0 / runs as f32; 9]).unwrap(), tokens: runs }))
    }
}

fn broken() -> Error {
    groundwire::classify::ModelFiles::read(std::path::Path::new("/nowhere")).unwrap_err()
}

fn start(options: PoolOptions) -> (ThreadedClassifier, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&runs);
    let options = options.deadline(Duration::from_secs(20)).stall_after(Duration::from_secs(60));
    let judges = move || Ok(Box::new(Counting(Arc::clone(&theirs))) as Box<dyn Judge>);
    (ThreadedClassifier::start(options, None, judges).unwrap(), runs)
}

/// The run in which the reply was read, and its first score; `None` if it was not.
fn read(classifier: &ThreadedClassifier, asked: &str, reply: &str) -> Option<(usize, f32)> {
    let turns = vec![Turn::new(Role::User, asked), Turn::new(Role::Assistant, reply)];
    let window = Window::of(&Conversation { turns, tools: false }, 1).unwrap();
    let (told, answer) = channel();
    classifier.read_reply(ReplyTurn { window, answer: ReplyAnswer::new(move |acts| drop(told.send(acts))) });
    let acts = answer.recv_timeout(Duration::from_secs(60)).expect("nobody was told");
    assert!(answer.recv().is_err(), "told twice");
    acts.map(|acts| (acts.tokens, acts.acts.get(AssistantAct::Clarification)))
}

#[test]
fn the_same_reply_to_the_same_messages_is_read_once() {
    let (classifier, runs) = start(PoolOptions::default());
    let first = read(&classifier, "Which one?", "The red one.");
    assert_eq!(first, Some((1, 1.0)));
    assert_eq!(read(&classifier, "Which one?", "The red one."), first);
    assert_eq!(read(&classifier, "Which one?", "The blue one."), Some((2, 0.5)));
    assert_eq!(read(&classifier, "Which one then?", "The red one.").unwrap().0, 3, "other messages before it");
    assert_eq!(read(&classifier, "Which one?", "The red one."), first);
    let counts = classifier.stats().counts;
    assert_eq!((counts.replies_read, counts.replies_recalled, runs.load(Ordering::SeqCst)), (3, 2, 3));
}

#[test]
fn a_reply_that_could_not_be_read_is_tried_again() {
    let (classifier, runs) = start(PoolOptions::default());
    assert_eq!(read(&classifier, "Which one?", "fail"), None);
    assert_eq!(read(&classifier, "Which one?", "fail"), None);
    let counts = classifier.stats().counts;
    assert_eq!((counts.replies_failed, counts.replies_recalled, runs.load(Ordering::SeqCst)), (2, 0, 2));
}

#[test]
fn without_a_cache_nothing_is_remembered() {
    let (classifier, runs) = start(PoolOptions::default().cache(0));
    assert_eq!(read(&classifier, "Which one?", "The red one.").unwrap().0, 1);
    assert_eq!(read(&classifier, "Which one?", "The red one.").unwrap().0, 2);
    assert_eq!((classifier.stats().counts.replies_recalled, runs.load(Ordering::SeqCst)), (0, 2));
}

#[test]
fn a_share_of_the_time_is_one_to_a_hundred_per_cent() {
    for share in [0, 101] {
        let judges = || Ok(Box::new(Counting(Arc::default())) as Box<dyn Judge>);
        let error = ThreadedClassifier::start(PoolOptions::default().reply_share(share), None, judges).unwrap_err();
        assert!(error.to_string().contains("reply-share"), "{error}");
    }
    // All of it: no rest between replies, however many.
    let (classifier, _) = start(PoolOptions::default().reply_share(100).cache(0));
    (0..100).for_each(|i| assert!(read(&classifier, "Which one?", &format!("Number {i}.")).is_some()));
}
