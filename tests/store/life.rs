//! The server and a store in a file: what is lost when, and that no request ever waits for it.

use std::path::Path;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::Peer;
use crate::support::served::{Served, start};
use crate::support::willing::Willing;
use crate::turns::{exported, metric, say, sqlite, store_says};

/// A server with this `[store]` in front of an upstream that answers.
pub(crate) async fn server(folder: TempDir, upstream: &Willing, store: &str) -> Served {
    let text = format!(
        "upstream = \"{}\"\ntrust-headers = [\"mode\", \"conversation\", \"user\"]\nidentity-key = \"env:KEY_OF_TESTS\"\n\
         [classifier]\nmodel = \"off\"\n[experiment]\nname = \"ask\"\nunit = \"header:x-groundwire-user\"\n\
         arms = {{ control = 50, gentle = 50 }}\nwindow = \"1h\"\n{store}",
        upstream.url
    );
    std::fs::write(folder.path().join("groundwire.toml"), text).unwrap();
    let environment =
        [("KEY_OF_TESTS", "0123456789abcdef0123456789abcdef"), ("TOKEN_OF_TESTS", "fedcba9876543210fedcba9876543210")];
    start(folder, &["--config", "groundwire.toml"], &environment).await
}

async fn say_many(server: &Served, from: usize, to: usize) {
    let mut peer = server.connect().await;
    for number in from..to {
        let text = format!("turn {number}");
        assert_eq!(say(&mut peer, &format!("u{}", number % 7), &format!("c{}", number % 11), &[&text]).await, 200);
    }
}

#[tokio::test]
async fn nothing_is_lost_when_it_is_told_to_end() {
    let upstream = Willing::start().await;
    // Nothing is written until the end.
    let server = server(TempDir::new().unwrap(), &upstream, "[store]\nflush = \"1m\"\n").await;
    say_many(&server, 0, 150).await;
    server.signal(Signal::TERM);
    let (output, folder) = server.ended().await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // An experiment without a word about a store has one.
    let url = sqlite(&folder.path().join("groundwire.db"));
    let turns = exported(&url);
    assert_eq!(turns.len(), 150);
    assert!(turns.iter().all(|turn| turn["status"] == 200 && turn["arm"].is_string() && turn["bypass"] == "no_model"));
    let units = store_says(&url, &["export", "--units"], "");
    assert_eq!(units.lines().count(), 8);
    assert!(store_says(&url, &["status"], "").contains("0 turns were dropped; 0 processes were killed"));
    no_word_is_at_rest(folder.path());
}

/// No word of a conversation is in any file, nor what the application called users and conversations.
fn no_word_is_at_rest(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let holds = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
        assert!(!holds(b"turn 14") && !holds(b"Fine."), "{}", path.display());
    }
}

#[tokio::test]
async fn only_what_was_not_flushed_is_lost_when_it_is_killed() {
    let upstream = Willing::start().await;
    let server = server(TempDir::new().unwrap(), &upstream, "[store]\nurl = \"sqlite:s.db\"\nflush = \"50ms\"\n").await;
    say_many(&server, 0, 60).await;
    assert_eq!(metric(&server, "groundwire_store_written_total", |written| written >= 60).await, 60);
    say_many(&server, 60, 80).await;
    server.signal(Signal::KILL);
    let (_, folder) = server.ended().await;
    let url = sqlite(&folder.path().join("s.db"));
    let kept = exported(&url).len();
    assert!((60..=80).contains(&kept), "{kept}");
    // The next one goes on with the same file.
    std::fs::remove_file(folder.path().join("ports")).unwrap();
    let server = self::server(folder, &upstream, "[store]\nurl = \"sqlite:s.db\"\nflush = \"50ms\"\n").await;
    say_many(&server, 80, 90).await;
    server.signal(Signal::TERM);
    let (_, _folder) = server.ended().await;
    assert_eq!(exported(&url).len(), kept + 10);
}

#[tokio::test]
async fn a_store_that_is_not_there_holds_nobody_up_and_is_written_once_it_is() {
    let upstream = Willing::start().await;
    let folder = TempDir::new().unwrap();
    let store = "[store]\nurl = \"sqlite:later/s.db\"\nflush = \"20ms\"\nqueue = 10\nbatch = 5\n";
    let server = server(folder, &upstream, store).await;
    say_many(&server, 0, 100).await;
    let (status, ready) = server.ask("/readyz").await;
    assert!(status == 200 && ready.contains("degraded: the store cannot be written"), "{ready}");
    let dropped = metric(&server, "groundwire_store_dropped_total", |dropped| dropped >= 80).await;
    let (_, page) = server.ask("/").await;
    assert!(page.contains("turns are lost to the store: raise `store.queue`"), "{page}");
    std::fs::create_dir(server.file("later")).unwrap();
    let written = metric(&server, "groundwire_store_written_total", |written| written + dropped >= 100).await;
    assert_eq!(written + dropped, 100);
    server.says("/readyz", |text| !text.contains("the store")).await;
    let url = sqlite(&server.file("later/s.db"));
    assert_eq!(exported(&url).len() as u64, written);
    // What was dropped is a gap that the store tells of.
    let wanted = format!("{dropped} turns were dropped");
    while !store_says(&url, &["status"], "").contains(&wanted) {
        tokio::task::yield_now().await;
    }
    let log = server.log().await;
    assert!(log.contains("the store cannot be written") && log.contains("the store is there again"), "{log}");
}

#[tokio::test]
async fn a_store_that_is_locked_holds_nobody_up() {
    let upstream = Willing::start().await;
    let server = server(TempDir::new().unwrap(), &upstream, "[store]\nurl = \"sqlite:s.db\"\nflush = \"20ms\"\n").await;
    say_many(&server, 0, 1).await;
    metric(&server, "groundwire_store_written_total", |written| written == 1).await;
    let other = rusqlite::Connection::open(server.file("s.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let mut peer: Peer = server.connect().await;
    for number in 0..200 {
        assert_eq!(say(&mut peer, "u", "c", &[&format!("turn {number}")]).await, 200);
    }
    assert_eq!(metric(&server, "groundwire_store_written_total", |_| true).await, 1);
    other.execute_batch("COMMIT").unwrap();
    metric(&server, "groundwire_store_written_total", |written| written == 201).await;
    assert_eq!(metric(&server, "groundwire_store_dropped_total", |_| true).await, 0);
    let url = sqlite(&server.file("s.db"));
    assert_eq!(exported(&url).len(), 201);
}
