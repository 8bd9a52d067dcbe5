//! The model that ships, in its real session on the real threads: what it may do wrong, and what it leaves behind.
#![cfg(feature = "bundled")]
#![allow(clippy::unwrap_used)]

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use groundwire::classify::{Classifier, Judge, Judgement, Judging, Model, ModelFiles, OnnxClassifier, PoolOptions};
use groundwire::classify::{ThreadedClassifier, Window};
use groundwire::dialogue::{Bypass, Conversation, Identity, IdentityKey, Role, Turn};
use groundwire::{Error, Result};

/// The real model, which may be told to misbehave before it runs.
struct Unruly {
    model: Model,
    door: Arc<Mutex<Receiver<()>>>,
    hangs: Arc<AtomicUsize>,
}

impl Judge for Unruly {
    fn judge(&mut self, window: &Window) -> Result<Judgement> {
        match window.turn.head.as_str() {
            "hang" => {
                self.hangs.fetch_add(1, Ordering::SeqCst);
                drop(self.door.lock().unwrap().recv());
            }
            "panic" => panic!("as the test wants"),
            "fail" => return Err(broken()),
            _ => {}
        }
        self.model.judge_user(window)
    }
}

fn broken() -> Error {
    ModelFiles::read(std::path::Path::new("/nowhere")).unwrap_err()
}

/// Time enough for a debug build on a machine under load.
fn patient() -> PoolOptions {
    PoolOptions::default().deadline(Duration::from_secs(20)).stall_after(Duration::from_secs(20))
}

fn ask(classifier: &impl Classifier, text: &str) -> Judging {
    let conversation = Conversation { turns: vec![Turn::new(Role::User, text)], tools: false };
    let identity = Identity::of(&IdentityKey::derive(b"test"), &conversation, b"", None).unwrap();
    classifier.judge(identity.turn, &conversation, 0)
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits without any async runtime, which the classifier does not need.
fn answer(mut judging: Judging) -> std::result::Result<Arc<Judgement>, Bypass> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Poll::Ready(judged) = Pin::new(&mut judging).poll(&mut Context::from_waker(&waker)) {
            return judged;
        }
        let left = until.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "no answer at all");
        std::thread::park_timeout(left);
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn faults_in_the_real_session_cost_their_own_turn_only() {
    let (open, door) = channel::<()>();
    let door = Arc::new(Mutex::new(door));
    let hangs = Arc::new(AtomicUsize::new(0));
    let start = |options| {
        let (door, hangs) = (Arc::clone(&door), Arc::clone(&hangs));
        let judges = move || {
            let (door, hangs) = (Arc::clone(&door), Arc::clone(&hangs));
            Ok(Box::new(Unruly { model: Model::builtin()?, door, hangs }) as Box<dyn Judge>)
        };
        ThreadedClassifier::start(options, None, judges).unwrap()
    };
    let classifier = start(patient());
    let before = answer(ask(&classifier, "Summarize the article below.")).unwrap();
    assert_eq!(answer(ask(&classifier, "fail")).unwrap_err(), Bypass::ClassifierFailed);
    assert_eq!(answer(ask(&classifier, "panic")).unwrap_err(), Bypass::Panicked);
    until("a new session is there", || classifier.is_able());
    // Another turn, so that it is judged and not remembered; by a session that was loaded after the panic.
    assert!(answer(ask(&classifier, "Summarize the article above.")).is_ok());
    assert_eq!(classifier.stats().counts.replaced, 1);

    let classifier = start(PoolOptions::default().deadline(Duration::from_millis(200)));
    // On a busy machine the deadline can pass before the thread has begun.
    until("it hangs", || {
        let bypass = answer(ask(&classifier, "hang")).unwrap_err();
        assert!(matches!(bypass, Bypass::Deadline | Bypass::Stalled), "{bypass}");
        hangs.load(Ordering::SeqCst) == 1
    });
    until("it is written off", || classifier.stats().written_off == 1);
    until("a new session judges", || match answer(ask(&classifier, "Summarize the article below.")) {
        Ok(again) => again.ambiguity() == before.ambiguity(),
        Err(bypass) => {
            assert!(matches!(bypass, Bypass::Stalled | Bypass::Deadline), "{bypass}");
            false
        }
    });
    assert_eq!(classifier.stats().written_off, 1);
    drop(open);
    until("the lost thread ends itself", || classifier.stats().written_off == 0);
}

#[test]
fn several_threads_judge_alike() {
    let classifier = OnnxClassifier::builder().pool(patient().threads(3).cache(0)).build().unwrap();
    let texts = ["Fix it.", "What is the capital of France?", "Thanks!"];
    let judged: Vec<_> = (0..30).map(|i| ask(&classifier, texts[i % 3])).collect();
    let scores: Vec<f32> = judged.into_iter().map(|judging| answer(judging).unwrap().ambiguity()).collect();
    assert!((3..30).all(|i| scores[i].to_bits() == scores[i - 3].to_bits()), "{scores:?}");
    assert_eq!(classifier.model(), Some(ModelFiles::builtin().id()));
    assert_eq!(classifier.stats().counts.judged, 30);
}

#[test]
fn a_base_rate_out_of_range_is_refused() {
    assert!(OnnxClassifier::builder().base_rate(0.5).build().unwrap_err().is_config());
}

/// ONNX Runtime opens no connection and writes no file: private conversations stay where they are.
#[test]
#[cfg(target_os = "linux")]
fn judging_leaves_nothing_behind() {
    if std::env::var_os("GROUNDWIRE_TEST_CHILD").is_some() {
        return judge_and_look_for_sockets();
    }
    // Once more in a process of its own, whose every folder for files is empty and watched.
    let home = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "judging_leaves_nothing_behind", "--nocapture"]).env("GROUNDWIRE_TEST_CHILD", "1");
    for name in ["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
        child.env(name, home.path());
    }
    let output = child.current_dir(home.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "the child did not run");
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[cfg(target_os = "linux")]
fn judge_and_look_for_sockets() {
    let classifier = OnnxClassifier::builder().pool(patient()).build().unwrap();
    for text in ["Fix it.", "What is the capital of France?"] {
        assert!(answer(ask(&classifier, text)).is_ok());
    }
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let targets: Vec<_> = open.filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok()).collect();
    assert!(!targets.is_empty());
    // Standard streams may be sockets of whoever runs the tests; the child's are pipes.
    assert!(!targets.iter().any(|target| target.to_string_lossy().starts_with("socket:")), "{targets:?}");
}
