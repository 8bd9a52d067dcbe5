//! Several servers on one PostgreSQL, which comes and goes.

use std::collections::{HashMap, HashSet};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::database::{Database, PASSWORD};
use crate::life::server;
use crate::support::willing::Willing;
use crate::turns::{exported, metric, say, store_says};

#[tokio::test]
async fn two_servers_lose_and_double_nothing_though_one_is_killed() {
    let (upstream, database) = (Willing::start().await, Database::start());
    let url = database.fresh();
    let store = format!("[store]\nurl = \"{url}\"\nflush = \"30ms\"\n");
    let first = server(TempDir::new().unwrap(), &upstream, &store).await;
    let second = server(TempDir::new().unwrap(), &upstream, &store).await;
    let (mut a, mut b) = (first.connect().await, second.connect().await);
    let mut talks: HashMap<usize, Vec<String>> = HashMap::new();
    for number in 0..200 {
        // Every conversation goes over both.
        let talk = talks.entry(number % 13).or_default();
        talk.push(format!("turn {number}"));
        let history: Vec<&str> = talk.iter().map(String::as_str).collect();
        let peer = if number % 2 == 0 { &mut a } else { &mut b };
        assert_eq!(say(peer, &format!("u{}", number % 13), &format!("c{}", number % 13), &history).await, 200);
        talk.push("Fine.".to_owned());
    }
    metric(&first, "groundwire_store_written_total", |written| written == 100).await;
    for number in 0..20 {
        say(&mut a, "late", &format!("late {number}"), &["hello"]).await;
    }
    first.signal(Signal::KILL);
    first.ended().await;
    for number in 0..50 {
        assert_eq!(say(&mut b, &format!("u{}", number % 13), &format!("d{number}"), &["hello"]).await, 200);
    }
    let log = second.log().await;
    assert!(!log.contains(PASSWORD) && !log.contains(&PASSWORD.replace("%40", "@")), "{log}");
    let turns = exported(&url);
    let late = turns.iter().filter(|turn| turn["turn"].is_string()).count() - 250;
    assert!(late <= 20, "{late}");
    let mut arms: HashMap<String, HashSet<String>> = HashMap::new();
    for turn in &turns {
        arms.entry(turn["unit"].to_string()).or_default().insert(turn["arm"].to_string());
    }
    assert!(arms.len() >= 13 && arms.values().all(|arms| arms.len() == 1), "{arms:?}");
    // Histories that went over both are joined.
    let known: HashSet<String> = turns.iter().map(|turn| turn["turn"].to_string()).collect();
    assert!(
        turns.iter().filter(|turn| !turn["parent"].is_null()).all(|turn| known.contains(&turn["parent"].to_string()))
    );
    let units = store_says(&url, &["export", "--units"], "");
    assert_eq!(units.lines().count(), arms.len() + 1);
    assert!(!units.contains("\"mixed\":true"));
}

#[tokio::test]
async fn a_server_that_stops_and_comes_back_costs_no_turn() {
    let (upstream, mut database) = (Willing::start().await, Database::start());
    let url = database.fresh();
    database.stop();
    // It is not there when serving begins.
    let store = format!("[store]\nurl = \"{url}\"\nflush = \"30ms\"\n");
    let server = server(TempDir::new().unwrap(), &upstream, &store).await;
    let mut peer = server.connect().await;
    for number in 0..40 {
        assert_eq!(say(&mut peer, "u", &format!("c{number}"), &["hello"]).await, 200);
    }
    let (_, ready) = server.ask("/readyz").await;
    assert!(ready.contains("degraded: the store cannot be written") && !ready.contains(PASSWORD), "{ready}");
    database.resume();
    metric(&server, "groundwire_store_written_total", |written| written == 40).await;
    // It goes while there is a connection.
    database.stop();
    for number in 0..40 {
        assert_eq!(say(&mut peer, "u", &format!("d{number}"), &["hello"]).await, 200);
    }
    database.resume();
    metric(&server, "groundwire_store_written_total", |written| written == 80).await;
    server.log().await;
    assert_eq!(exported(&url).len(), 80);
}

#[tokio::test]
async fn a_server_that_does_not_answer_holds_up_neither_requests_nor_the_end() {
    let upstream = Willing::start().await;
    // It takes connections and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://u:hunter2@{}/d", silent.local_addr().unwrap());
    let store = format!("[store]\nurl = \"{url}\"\nflush = \"30ms\"\nqueue = 20\nbatch = 1\n");
    let server = server(TempDir::new().unwrap(), &upstream, &store).await;
    let mut peer = server.connect().await;
    for number in 0..100 {
        assert_eq!(say(&mut peer, "u", &format!("c{number}"), &["hello"]).await, 200);
    }
    metric(&server, "groundwire_store_dropped_total", |dropped| dropped >= 78).await;
    let log = server.log().await;
    assert!(log.contains("is lost") || log.contains("are lost"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}
