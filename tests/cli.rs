//! The command as people and process supervisors use it: exit codes, messages, signals, files.

#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::process::Output;

use support::served::{groundwire, serve};
use support::wire::{ok, post};
use support::{Peer, Upstream, within};
use tempfile::TempDir;

async fn output(arguments: &[&str]) -> Output {
    within(groundwire(arguments).output()).await.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn usage_is_exit_code_2_and_help_0() {
    for arguments in [&["serve"][..], &["frobnicate"], &["check"], &["serve", "--upstream", "ftp://h"], &[]] {
        let output = output(arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty());
    }
    for command in ["serve", "check"] {
        let output = output(&[command, "--help"]).await;
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("Example"), "{command}");
    }
    let output = output(&["--help"]).await;
    assert!(!text(&output.stdout).contains("windows"), "a command for training is of no use to others");
}

#[tokio::test]
async fn check_says_what_a_configuration_comes_to() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("groundwire.toml");
    let name = path.to_str().unwrap();
    std::fs::write(&path, "upstream = \"https://api.openai.com\"\n[limits]\nhead-bytes = \"1MiB\"\n").unwrap();
    let good = output(&["check", name]).await;
    assert_eq!(good.status.code(), Some(0));
    let shown = text(&good.stdout).strip_prefix("ok\n").unwrap().to_owned();
    for line in ["head-bytes = \"1MiB\"", "policy = \"gentle\"", "replies = true"] {
        assert!(shown.contains(line), "{shown}");
    }
    std::fs::write(&path, &shown).unwrap();
    let again = output(&["check", name]).await;
    let values =
        |said: &str| said.lines().filter_map(|line| Some(line.split_once(" # ")?.0.to_owned())).collect::<Vec<_>>();
    assert_eq!(values(text(&again.stdout)), values(&format!("ok\n{shown}")), "what is shown is a configuration itself");
    std::fs::write(&path, "upstream = \"https://api.openai.com\"\nlisen = \"127.0.0.1:1\"\n").unwrap();
    let bad = output(&["check", name]).await;
    assert_eq!(bad.status.code(), Some(1));
    let message = text(&bad.stderr);
    assert!(message.contains(&format!("{name}:2:1: unknown key `lisen`")) && message.contains("`listen`"), "{message}");
    let none = output(&["check", "no-such-file.toml"]).await;
    assert_eq!(none.status.code(), Some(1));
    assert!(text(&none.stderr).contains("because: "), "{}", text(&none.stderr));
}

const SECRET: &str = "sk-a-secret-of-the-client";
const WORDS: &str = "words that nobody else may read";

#[tokio::test]
async fn serve_serves_drains_and_writes_its_records() {
    let upstream = Upstream::start().await;
    let served = serve(&upstream.url(), &["--records", "turns.jsonl"]).await;
    let mut client = Peer::connect(served.listen).await;
    let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{WORDS}"}}]}}"#);
    client
        .send(
            post(&format!("/v1/chat/completions?key={SECRET}"), &body)
                .replace("\r\n\r\n", &format!("\r\nauthorization: Bearer {SECRET}\r\n\r\n")),
        )
        .await;
    let mut there = upstream.accept().await;
    let request = there.message().await;
    assert_eq!(request.body, body.as_bytes());
    assert_eq!(request.header("authorization"), Some(&*format!("Bearer {SECRET}")));
    let mut probe = Peer::connect(served.admin).await;
    probe.send("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(probe.message().await.status(), 200);
    probe.send("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let metrics = probe.message().await.body;
    for state in ["groundwire_ready_state{state=\"ready\"} 1", "groundwire_ready_state{state=\"degraded\"} 0"] {
        assert!(text(&metrics).contains(state), "{state}: {}", text(&metrics));
    }

    served.signal(rustix::process::Signal::TERM);
    there.send(ok(r#"{"choices":[]}"#)).await;
    assert_eq!(client.message().await.status(), 200, "what is under way is finished");
    let (output, folder) = served.ended().await;
    assert_eq!(output.status.code(), Some(0));

    let records = std::fs::read_to_string(folder.path().join("turns.jsonl")).unwrap();
    let record: serde_json::Value = serde_json::from_str(records.trim()).unwrap();
    assert_eq!((&record["status"], &record["bypass"]), (&200.into(), &"no_model".into()));
    let log = text(&output.stderr);
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line)
            .unwrap_or_else(|_| panic!("off a terminal the log is JSON: {line}"));
    }
    for stage in ["starting", "ready", "listening", "draining", "stopped"] {
        assert!(log.contains(stage), "{stage}: {log}");
    }
    for private in [SECRET, WORDS] {
        assert!(!log.contains(private) && !records.contains(private), "{private}");
    }
}

#[tokio::test]
async fn a_debug_log_has_requests_and_no_secrets() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("groundwire.toml");
    std::fs::write(&file, "[log]\nlevel = \"trace\"\nformat = \"pretty\"\n").unwrap();
    let served = serve(&upstream.url(), &["--config", file.to_str().unwrap()]).await;
    let mut client = Peer::connect(served.listen).await;
    client
        .send(
            post(
                &format!("/v1/chat/completions?key={SECRET}"),
                &format!(r#"{{"messages":[{{"role":"user","content":"{WORDS}"}}]}}"#),
            )
            .replace("\r\n\r\n", &format!("\r\nx-api-key: {SECRET}\r\n\r\n")),
        )
        .await;
    let mut there = upstream.accept().await;
    there.message().await;
    there.send(ok(&format!(r#"{{"choices":[{{"message":{{"content":"{WORDS}"}}}}]}}"#))).await;
    client.message().await;
    // A broken upstream has the most to say.
    client.send(post(&format!("/v1/chat/completions?key={SECRET}"), WORDS)).await;
    there.message().await;
    drop(there);
    drop(upstream);
    assert_eq!(client.message().await.status(), 502);
    drop(client);
    served.signal(rustix::process::Signal::INT);
    let (output, _folder) = served.ended().await;
    assert_eq!(output.status.code(), Some(0));
    let log = text(&output.stderr);
    assert!(log.contains("/v1/chat/completions") && log.contains("status=502"), "{log}");
    for private in [SECRET, WORDS] {
        assert!(!log.contains(private), "{private}: {log}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let upstream = Upstream::start().await;
    let served = serve(&upstream.url(), &[]).await;
    let mut client = Peer::connect(served.listen).await;
    client.send(post("/v1/chat/completions", "{}")).await;
    let mut there = upstream.accept().await;
    there.message().await;
    served.signal(rustix::process::Signal::TERM);
    // The first one has arrived when it is not ready any more.
    within(async {
        loop {
            let mut probe = Peer::connect(served.admin).await;
            probe.send("GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await;
            if probe.message().await.status() == 503 {
                break;
            }
        }
    })
    .await;
    served.signal(rustix::process::Signal::TERM);
    let (output, _folder) = served.ended().await;
    assert_eq!(output.status.code(), Some(0));
    client.closed().await;
    there.closed().await;
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_said_with_the_fix() {
    let taken = Upstream::start().await;
    let address = taken.address().to_string();
    let output =
        output(&["serve", "--upstream", "http://h", "--model", "off", "--admin", "off", "--listen", &address]).await;
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(message.contains(&format!("error: cannot listen on {address}; set `listen`")), "{message}");
    assert!(message.contains("because: "), "{message}");
}
