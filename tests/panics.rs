//! A panic says where it was and nothing of what was being looked at. Alone in its process: the hook is the process's.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_tells_its_place_and_no_text() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).init();
    groundwire::cli::report_without_text();

    let text = "My diagnosis is ä".to_owned();
    let end = text.len() - 1;
    let sliced = std::thread::Builder::new().name("slicing".to_owned());
    // In the middle of the last character: Rust's message quotes the whole string.
    assert!(sliced.spawn(move || text[..end].len()).unwrap().join().is_err());
    let error = io::Error::other("sk-live-1234");
    assert!(std::thread::spawn(move || panic!("{error:?}")).join().is_err());
    assert!(std::thread::spawn(|| panic!("a constant message")).join().is_err());

    // What this test has to say may be said.
    drop(std::panic::take_hook());
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!log.contains("diagnosis") && !log.contains("sk-live"), "{log}");
    assert_eq!(log.matches("place=\"tests/panics.rs:").count(), 3, "{log}");
    assert_eq!(log.matches("withheld").count(), 2, "{log}");
    assert!(log.contains("thread=\"slicing\"") && log.contains("panicked: a constant message"), "{log}");
}
