//! Replies that pass through the command are read for their acts: the real proxy, the real model, and `score` to compare.

#![cfg(all(feature = "cli", feature = "bundled", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use support::served::{Served, groundwire, serve};
use support::wire::{ok, post};
use support::{Peer, Upstream, within};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

/// Time enough for a debug build on a machine under load.
const PATIENT: &str = "[classifier]\ndeadline = \"60s\"\n";

/// Starts a server with the model that ships.
async fn serve_with(upstream: &Upstream, settings: &str) -> Served {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("groundwire.toml");
    std::fs::write(&file, settings).unwrap();
    let more = ["--config", file.to_str().unwrap(), "--records", "turns.jsonl", "--model", "builtin"];
    serve(&upstream.url(), &more).await
}

fn whole(message: &Value, finish_reason: Option<&str>) -> String {
    ok(&json!({"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}]}).to_string())
}

/// A stream of a few bytes an event.
fn stream(text: &str, finish_reason: Option<&str>) -> String {
    let (mut events, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let piece;
        (piece, rest) = rest.split_at(rest.ceil_char_boundary(11.min(rest.len())));
        events += &format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"content": piece}}]}));
    }
    if finish_reason.is_some() {
        events += &format!(
            "data: {}\n\ndata: [DONE]\n\n",
            json!({"choices": [{"index": 0, "delta": {}, "finish_reason": finish_reason}]})
        );
    }
    let length = events.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n{events}")
}

/// What a test sends and is answered, and what of it `score` is to judge, if anything.
struct Exchange {
    request: Value,
    response: String,
    scored: Option<Value>,
}

impl Exchange {
    /// A reply that is read.
    fn read(messages: &Value, reply: &str, streamed: bool) -> Self {
        let message = json!({"role": "assistant", "content": reply});
        let mut scored = messages.clone();
        scored.as_array_mut().unwrap().push(message.clone());
        let response = if streamed { stream(reply, Some("stop")) } else { whole(&message, Some("stop")) };
        Self { request: json!({"messages": messages}), response, scored: Some(json!({"messages": scored})) }
    }

    /// A reply that is not.
    fn unread(request: Value, response: String) -> Self {
        Self { request, response, scored: None }
    }
}

fn opening(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

fn exchanges() -> Vec<Exchange> {
    let where_to = opening("Where should I go in Portugal?");
    let asked = opening("What is the capital of France, and why?");
    let mut talk = vec![json!({"role": "system", "content": "You are a patient guide. ".repeat(30)})];
    for i in 0..5 {
        talk.push(
            json!({"role": "user", "content": format!("And then, {i}? {}", "I would like to know. ".repeat(i * 8))}),
        );
        talk.push(
            json!({"role": "assistant", "content": format!("Then \"{i}\".\n\n{}", "Step by step:\n".repeat(40))}),
        );
    }
    talk.push(json!({"role": "user", "content": "No, that is not what I meant."}));
    let talk = Value::from(talk);
    let code = "Sure! Here's a café's plan:\n\n```\nlet x = \"é😀\\n\";\n```\n\nShall I go on with the next one?";
    let long = format!("You're right, I apologise for that. {} Shall I go on?", "It has three parts. ".repeat(100));
    // Shorter than what is kept, and longer than that with its escapes.
    let lines = format!("Do you mean this?\n{}", "\"a\"\tline\n".repeat(125));
    let german = "Das Kochen dauert etwa zwanzig Minuten, und danach muss die Suppe noch ein wenig ziehen.";
    let say = |text: &str| json!({"role": "assistant", "content": text});
    let call = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function",
        "function": {"name": "f", "arguments": "{\"q\":\"Which city should I look at?\"}"}}]});
    let mut machine = json!({"messages": asked, "response_format": {"type": "json_object"}});
    machine["max_tokens"] = 9.into();
    let failed = json!({"error": {"message": "Which city should I look at?"}}).to_string();
    vec![
        Exchange::read(&where_to, "Which city should I look at?", false),
        // The same turn again: its judgement is remembered, and its reply another.
        Exchange::read(&where_to, "Lisbon is lovely in May.", true),
        Exchange::read(&asked, "The capital of France is Paris.", false),
        Exchange::read(&asked, code, true),
        Exchange::read(&asked, &long, true),
        Exchange::read(&asked, &long, false),
        Exchange::read(&asked, &lines, true),
        Exchange::read(&asked, &lines, false),
        Exchange::read(&talk, "I see, sorry. Do you mean the other one?", true),
        Exchange::read(&talk, &long, false),
        Exchange::unread(json!({"messages": asked}), whole(&say(german), Some("stop"))),
        Exchange::unread(json!({"messages": asked}), whole(&call, Some("tool_calls"))),
        Exchange::unread(json!({"messages": asked}), stream("Which city should I look at? I", None)),
        Exchange::unread(json!({"messages": asked}), ok(&failed).replace("200 OK", "500 Oh")),
        Exchange::unread(machine, whole(&say("Which city should I look at?"), Some("stop"))),
    ]
}

/// Plays the exchanges one after the other, each under a model's name of its own, by which its record is found again.
async fn play(exchanges: &[Exchange], upstream: &Upstream, served: &Served) {
    let mut client = Peer::connect(served.listen).await;
    let mut there = None;
    for (i, exchange) in exchanges.iter().enumerate() {
        let mut request = exchange.request.clone();
        request["model"] = i.to_string().into();
        client.send(post("/v1/chat/completions", &request.to_string())).await;
        upstream.request(&mut there).await;
        there.as_mut().unwrap().send(&exchange.response).await;
        let got = client.message().await;
        assert!(exchange.response.ends_with(std::str::from_utf8(&got.body).unwrap()), "{i}: relayed as it came");
    }
}

/// A counter of `/metrics`.
async fn counted(served: &Served, name: &str) -> u64 {
    let mut peer = Peer::connect(served.admin).await;
    peer.send("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let shown = String::from_utf8(peer.message().await.body).unwrap();
    let mut values = shown.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    values.next().unwrap_or_else(|| panic!("no {name} in {shown}")).parse().unwrap()
}

/// What the records say of each reply, by the model's name; ends the server.
async fn recorded(served: Served) -> BTreeMap<usize, Option<Vec<String>>> {
    served.signal(rustix::process::Signal::TERM);
    let (output, folder) = served.ended().await;
    assert_eq!(output.status.code(), Some(0));
    let records = std::fs::read_to_string(folder.path().join("turns.jsonl")).unwrap();
    let mut found = BTreeMap::new();
    for line in records.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let acts = record["assistant_acts"].as_array();
        let acts = acts.map(|acts| acts.iter().map(|act| act.as_str().unwrap().to_owned()).collect());
        let before = found.insert(record["model"].as_str().unwrap().parse().unwrap(), acts);
        assert!(before.is_none(), "told twice: {line}");
    }
    found
}

/// The acts that `score` finds in the last message of each conversation, in the order of the labels.
async fn scored(conversations: impl Iterator<Item = &Value>) -> Vec<Vec<String>> {
    let lines: String = conversations.map(|conversation| format!("{conversation}\n")).collect();
    let mut score = groundwire(&["score"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    score.stdin.take().unwrap().write_all(lines.as_bytes()).await.unwrap();
    let scores = within(score.wait_with_output()).await.unwrap().stdout;
    let seen = |line: &str| {
        let judged: Value = serde_json::from_str(line).unwrap();
        let acts = judged["assistant_act"].as_object().unwrap();
        acts.iter().filter(|(_, p)| p.as_f64() >= Some(0.5)).map(|(act, _)| act.clone()).collect()
    };
    std::str::from_utf8(&scores).unwrap().lines().map(seen).collect()
}

#[tokio::test]
async fn records_tell_the_acts_of_the_reply_as_score_finds_them() {
    let upstream = Upstream::start().await;
    let served = serve_with(&upstream, PATIENT).await;
    let exchanges = exchanges();
    play(&exchanges, &upstream, &served).await;
    let wanted = scored(exchanges.iter().filter_map(|exchange| exchange.scored.as_ref())).await;
    let counts = || async {
        let mut counts = [0; 4];
        for (count, name) in counts.iter_mut().zip(["read", "declined", "failed", "dropped"]) {
            *count = counted(&served, &format!("groundwire_classifier_replies_{name}_total")).await;
        }
        counts
    };
    let read = wanted.len() as u64;
    let all_are_counted = async { while counts().await.iter().sum::<u64>() <= read {} };
    tokio::time::timeout(Duration::from_secs(100), all_are_counted).await.expect("replies are left unread");
    assert_eq!(counts().await, [read, 1, 0, 0], "the German one is declined");
    let found = recorded(served).await;
    assert_eq!(found.len(), exchanges.len(), "each is told");
    let mut wanted = wanted.into_iter();
    for (i, exchange) in exchanges.iter().enumerate() {
        let sorted = |mut acts: Vec<String>| {
            acts.sort();
            acts
        };
        let wanted = exchange.scored.as_ref().map(|_| sorted(wanted.next().unwrap()));
        assert_eq!(found[&i].clone().map(sorted), wanted, "{i}: {}", exchange.response);
    }
    assert!(found[&0].iter().flatten().any(|act| act == "clarification"), "a question is seen as one");
    let distinct: BTreeSet<_> = found.values().collect();
    assert!(distinct.len() > 3, "the replies differ in their acts: {distinct:?}");
}

#[tokio::test]
async fn where_replies_are_not_to_be_read_none_is() {
    let upstream = Upstream::start().await;
    let served = serve_with(&upstream, &format!("{PATIENT}replies = false\n")).await;
    let exchanges = exchanges();
    play(&exchanges[..2], &upstream, &served).await;
    let judged = counted(&served, "groundwire_classifier_judged_total").await;
    assert_eq!(judged, 1, "turns are judged, and the second was remembered");
    for none in ["read", "declined", "failed", "dropped"] {
        assert_eq!(counted(&served, &format!("groundwire_classifier_replies_{none}_total")).await, 0);
    }
    assert_eq!(recorded(served).await, BTreeMap::from([(0, None), (1, None)]));
}
