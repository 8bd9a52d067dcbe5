//! Another configuration while serving, through the real binary: no request is lost or served by halves of two, and whatever
//! is wrong with the new one, the old one serves on.

#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use support::served::{Served, configured, start};
use support::willing::Willing;
use support::wire::post;
use support::{Peer, within};
use tempfile::TempDir;

const CHAT: &str = "/v1/chat/completions";
const SHORT: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;

fn text(upstream: &str, more: &str) -> String {
    format!(
        "upstream = \"{upstream}\"\nrecords = {{ to = \"turns.jsonl\", queue = 100000 }}\nclassifier = {{ model = \"off\" }}\n{more}"
    )
}

/// Replaces a file as careful editors do: by one that is whole.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, path).unwrap();
}

/// The hashes that `/readyz` tells: of what decides, and of everything.
async fn hashes(served: &Served) -> (String, String) {
    let said = served.says("/readyz", |said| said.contains("config: ")).await;
    let (_, hashes) = said.split_once("config: ").unwrap();
    let (config, whole) = hashes.trim_end().split_once(", whole: ").unwrap();
    (config.to_owned(), whole.to_owned())
}

/// How many reloads came to this.
async fn reloads(served: &Served, outcome: &str) -> u64 {
    let (_, metrics) = served.ask("/metrics").await;
    let name = format!("groundwire_reloads_total{{outcome=\"{outcome}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
}

async fn until_reloads(served: &Served, outcome: &str, count: u64) {
    within(async {
        while reloads(served, outcome).await < count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// The configurations that the records name, and how many records there are.
fn recorded(folder: &Path) -> (BTreeSet<String>, usize) {
    let text = std::fs::read_to_string(folder.join("turns.jsonl")).unwrap();
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let configs = records.iter().map(|record| record["config"].as_str().unwrap().to_owned());
    (configs.collect(), records.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_no_request_is_lost_and_each_is_served_by_one_configuration() {
    let upstream = Willing::start().await;
    // Under the second, small bodies pass and have headers for debugging, and large ones are refused. Under the first, both
    // pass, and have none.
    let plain = text(&upstream.url, "");
    let strict = format!(
        "debug-headers = true\n{}\n[limits]\nmax-body = \"100B\"\nidle-timeout = \"1m\"",
        text(&upstream.url, "")
    );
    let served = Arc::new(configured(&plain).await);
    let first = hashes(&served).await;
    let over = Arc::new(AtomicBool::new(false));
    let long = format!(r#"{{"messages":[{{"role":"user","content":"{}"}}]}}"#, "long ".repeat(40));
    let clients: Vec<_> = (0..8)
        .map(|i| {
            let (served, over) = (Arc::clone(&served), Arc::clone(&over));
            let body = if i % 2 == 0 { SHORT.to_owned() } else { long.clone() };
            tokio::spawn(async move {
                let (mut client, mut seen) = (served.connect().await, [0_usize; 2]);
                while !over.load(Ordering::Relaxed) {
                    client.send(post(CHAT, &body)).await;
                    let response = client.message().await;
                    let (status, debugs) = (response.status(), response.header("x-groundwire-micros").is_some());
                    let served_by = match (body.len() > 100, status, debugs) {
                        (_, 200, false) => 0,
                        (false, 200, true) | (true, 413, false) => 1,
                        other => panic!("served by halves of two configurations: {other:?}"),
                    };
                    seen[served_by] += 1;
                    if response.header("connection") == Some("close") || status == 413 {
                        client = served.connect().await;
                    }
                }
                seen
            })
        })
        .collect();
    let mut known = BTreeSet::from([first.0.clone()]);
    for round in 1..=6 {
        replace(&served.file("groundwire.toml"), if round % 2 == 1 { &strict } else { &plain });
        served.hang_up();
        until_reloads(&served, "applied", round).await;
        let now = hashes(&served).await;
        known.insert(now.0.clone());
        assert_eq!(now == first, round % 2 == 0, "the same configuration has the same hash");
        // Some requests under each of them, before the next comes.
        let before = upstream.answered();
        within(async {
            while upstream.answered() < before + 50 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    over.store(true, Ordering::Relaxed);
    let mut seen = [0; 2];
    for client in clients {
        let counts = within(client).await.unwrap();
        seen = [seen[0] + counts[0], seen[1] + counts[1]];
    }
    assert!(seen.iter().all(|&count| count > 0), "{seen:?}");
    let served = Arc::into_inner(served).unwrap();
    served.signal(rustix::process::Signal::TERM);
    let (output, folder) = served.ended().await;
    assert!(output.status.success());
    assert_eq!(recorded(folder.path()), (known, seen[0] + seen[1]), "each request has its record, of one of the two");
}

#[tokio::test]
async fn a_request_keeps_the_configuration_that_it_began_under() {
    let upstream = support::Upstream::start().await;
    let served = configured(&text(&upstream.url(), "")).await;
    let mut client = served.connect().await;
    client.send(post(CHAT, SHORT)).await;
    let mut there = None;
    upstream.request(&mut there).await;
    let old = hashes(&served).await;
    replace(&served.file("groundwire.toml"), &format!("debug-headers = true\n{}", text(&upstream.url(), "")));
    served.hang_up();
    until_reloads(&served, "applied", 1).await;
    there.as_mut().unwrap().send(support::wire::ok("{}")).await;
    assert_eq!(client.message().await.header("x-groundwire-micros"), None, "it began before");
    // The same connection, another request.
    client.send(post(CHAT, SHORT)).await;
    upstream.request(&mut there).await;
    there.as_mut().unwrap().send(support::wire::ok("{}")).await;
    assert!(client.message().await.header("x-groundwire-micros").is_some());
    let new = hashes(&served).await;
    served.signal(rustix::process::Signal::TERM);
    let (_, folder) = served.ended().await;
    assert_eq!(recorded(folder.path()), (BTreeSet::from([old.0, new.0]), 2));
}

#[tokio::test]
async fn what_is_wrong_leaves_the_old_one_in_force_and_is_told_once() {
    let upstream = Willing::start().await;
    let plain = text(&upstream.url, "");
    let served = configured(&plain).await;
    let before = hashes(&served).await;
    let wrongs = [
        (format!("{plain}\n[limits]\nmax-boddy = \"1B\""), "unknown key `max-boddy`"),
        (plain.replace("model = \"off\"", "model = \"no-such-folder\""), "no-such-folder/model.onnx"),
        (plain.replace("turns.jsonl", "no-such-folder/turns.jsonl"), "no-such-folder/turns.jsonl"),
        (format!("log = {{ format = \"pretty\" }}\n{plain}"), "`log.format` cannot change while serving"),
        (format!("identity-key = \"file:no-such-key\"\n{plain}"), "no-such-key"),
        (String::new(), "no upstream is named"),
    ];
    for (count, (wrong, error)) in (1..).zip(&wrongs) {
        // With a limit that would refuse every body, were any of it in force.
        let limit = if wrong.is_empty() || wrong.contains("[limits]") { "" } else { "\n[limits]\nmax-body = \"1B\"" };
        replace(&served.file("groundwire.toml"), &format!("{wrong}{limit}"));
        // Told by signal and by file: the change that the signal has seen is no change any more.
        served.hang_up();
        until_reloads(&served, "refused", count).await;
        let page = served.ask("/").await.1;
        assert!(page.contains("WARNING") && page.contains(error), "{error}: {page}");
        let (_, metrics) = served.ask("/metrics").await;
        assert!(metrics.contains("groundwire_config_last_reload_successful 0"), "{metrics}");
        assert_eq!(hashes(&served).await, before);
        let mut client = served.connect().await;
        client.send(post(CHAT, SHORT)).await;
        assert_eq!(client.message().await.status(), 200);
    }
    // The old file again: nothing has changed since it was read, and nothing is wrong any more.
    replace(&served.file("groundwire.toml"), &plain);
    until_reloads(&served, "unchanged", 1).await;
    assert!(!served.ask("/").await.1.contains("WARNING"));
    assert_eq!(reloads(&served, "refused").await, wrongs.len() as u64);
    let log = served.log().await;
    for (_, error) in &wrongs {
        assert_eq!(log.lines().filter(|line| line.contains(error)).count(), 1, "{error}: {log}");
    }
}

#[tokio::test]
async fn a_change_of_the_file_is_seen_without_a_signal_and_through_links() {
    use std::os::unix::fs::symlink;

    let upstream = Willing::start().await;
    // As the kubelet lays out a config map.
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (moment, more) in [("..1", ""), ("..2", "tools = \"bypass\"\n")] {
        std::fs::create_dir(at(moment)).unwrap();
        std::fs::write(at(moment).join("groundwire.toml"), format!("{more}{}", text(&upstream.url, ""))).unwrap();
    }
    symlink("..1", at("..data")).unwrap();
    symlink("..data/groundwire.toml", at("groundwire.toml")).unwrap();
    let (data, new) = (at("..data"), at("..data_tmp"));
    let served = start(folder, &["--config", "groundwire.toml"], &[]).await;
    let before = hashes(&served).await;
    symlink("..2", &new).unwrap();
    std::fs::rename(&new, &data).unwrap();
    until_reloads(&served, "applied", 1).await;
    let after = hashes(&served).await;
    assert!(before.0 != after.0 && before.1 != after.1);
    let log = served.log().await;
    assert!(log.contains("\"changed\":\"tools\""), "{log}");
}

#[tokio::test]
async fn a_secret_in_a_file_and_two_reloads_at_once_come_into_force() {
    let upstream = Willing::start().await;
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("key"), "0123456789abcdef").unwrap();
    let keyed = format!("identity-key = \"file:key\"\n{}", text(&upstream.url, ""));
    std::fs::write(folder.path().join("groundwire.toml"), &keyed).unwrap();
    let served = start(folder, &["--config", "groundwire.toml"], &[]).await;
    let turn = async |client: &mut Peer| {
        client.send(post(CHAT, SHORT)).await;
        client.message().await.header("x-groundwire-turn").unwrap().to_owned()
    };
    let mut client = served.connect().await;
    let (first, again) = (turn(&mut client).await, turn(&mut client).await);
    assert_eq!(first, again);
    replace(&served.file("key"), "fedcba9876543210");
    until_reloads(&served, "applied", 1).await;
    assert_ne!(turn(&mut client).await, first, "another key, another identity");
    // The last word counts, however fast they come.
    for more in ["policy = \"off\"\n", "policy = \"gentle\"\n", "policy = \"off\"\ndebug-headers = true\n"] {
        replace(&served.file("groundwire.toml"), &format!("{more}{keyed}"));
        served.hang_up();
    }
    within(async {
        loop {
            client.send(post(CHAT, SHORT)).await;
            if client.message().await.header("x-groundwire-micros").is_some() {
                break;
            }
        }
    })
    .await;
    let page: Value = serde_json::from_str(&served.ask_for("/", "application/json").await.1).unwrap();
    assert_eq!(page["config"]["policy"], "off");
    let log = served.log().await;
    assert!(!log.contains("fedcba9876543210") && !log.contains("0123456789abcdef"), "{log}");
}

#[tokio::test]
async fn limits_and_the_level_of_the_log_change_for_what_comes_after() {
    let upstream = support::Upstream::start().await;
    let served = configured(&text(&upstream.url(), "[limits]\nin-flight = 1\nconnections = 1")).await;
    let mut first = served.connect().await;
    first.send(post(CHAT, SHORT)).await;
    let mut there = upstream.accept().await;
    there.message().await;
    let refused = async || {
        let mut client = served.connect().await;
        client.send(post(CHAT, SHORT)).await;
        let response = client.message().await;
        (response.status(), response.json()["error"]["message"].as_str().unwrap().to_owned())
    };
    let (status, why) = refused().await;
    assert!(status == 503 && why.contains("connections"), "{why}");
    let more = "[limits]\nin-flight = 1\nconnections = 100\n[log]\nlevel = \"debug\"";
    replace(&served.file("groundwire.toml"), &text(&upstream.url(), more));
    served.hang_up();
    until_reloads(&served, "applied", 1).await;
    let (status, why) = refused().await;
    assert!(status == 503 && why.contains("in flight"), "{why}");
    there.send(support::wire::ok("{}")).await;
    assert_eq!(first.message().await.status(), 200);
    drop((first, there));
    let log = served.log().await;
    let debug = log.lines().filter(|line| line.contains("\"level\":\"DEBUG\"")).count();
    assert!(debug > 0 && log.contains("a request was refused"), "{log}");
}
