//! Turns for tests: synthetic records, and requests through the real server.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::Peer;
use crate::support::served::Served;

/// When synthetic experiments began.
pub(crate) const BEGAN: u64 = 1_780_000_000_000;

/// A small generator of numbers that are the same everywhere (Knuth, TAOCP volume 2, section 3.3.4: MMIX).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

fn id(kind: u64, number: u64) -> String {
    format!("{kind:016x}{number:016x}")
}

/// Lines of records of `units` units in two versions of an experiment, of what the application told of them, and of the
/// experiment: with retries, regenerates, edits, tool calls, several conversations a unit, a unit in two arms.
pub(crate) fn records(units: u64, seed: u64) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let mut lines: Vec<String> = (1..3)
        .map(|version| {
            json!({"design": {"experiment": "ask", "version": version, "arms": {"careful": 50, "control": 50},
                "window-millis": 3_600_000 * version}})
            .to_string()
        })
        .collect();
    for unit in 0..units {
        let arm = if dice.one_in(2) { "control" } else { "careful" };
        let version = 1 + unit % 2;
        for talk in 0..=dice.below(3) {
            let conversation = unit * 16 + talk;
            let mut time = BEGAN + unit * 60_000 + talk * 700_000;
            let mut parent = Value::Null;
            for step in 0..=dice.below(6) {
                let turn = id(1, conversation * 64 + step);
                for attempt in 0..=u64::from(dice.one_in(5)) {
                    time += 1000 + dice.below(90_000);
                    let arm = if dice.one_in(500) { "careful" } else { arm };
                    let line = record(&mut dice, time, &turn, &parent, conversation, unit, arm, version);
                    lines.push(line);
                    if attempt == 0 && dice.one_in(12) {
                        let told =
                            json!({"outcome": "order kept", "turn": turn, "value": dice.one_in(2), "at": time + 5000});
                        lines.push(told.to_string());
                    }
                }
                // One that is sent instead of another goes on from the same turn.
                if !dice.one_in(10) {
                    parent = turn.into();
                }
            }
        }
    }
    lines
}

#[allow(clippy::too_many_arguments)]
fn record(
    dice: &mut Dice,
    time: u64,
    turn: &str,
    parent: &Value,
    conversation: u64,
    unit: u64,
    arm: &str,
    version: u64,
) -> String {
    const ACTS: [&str; 8] = [
        "request",
        "follow_up",
        "answer",
        "repair",
        "reformulation",
        "acknowledgment",
        "refuses_question",
        "challenge",
    ];
    let triggered = dice.one_in(3);
    let acts = triggered && arm == "careful";
    let judgement = json!({"need": {"proceed": 0.6, "assume": 0.15, "ask": 0.25}, "gap": "vague_goal",
        "user_act": ACTS[dice.below(8) as usize], "emotion": 0.125, "tokens": 20 + dice.below(100), "model": "00112233aabbccdd"});
    json!({
        "schema": 1, "attempt": id(time << 16, dice.below(u64::MAX)), "time": time, "turn": turn, "parent": parent,
        "conversation": id(2, conversation), "conversation_source": if conversation.is_multiple_of(3) { "content" } else { "header" },
        "conversation_given": if conversation.is_multiple_of(3) { Value::Null } else { id(3, conversation).into() },
        "unit": id(4, unit), "unit_source": "header:x-groundwire-user", "experiment": "ask", "experiment_version": version,
        "arm": arm, "propensity": if triggered { json!(0.95) } else { Value::Null }, "dialect": "openai-chat",
        "model": "a \u{0} name", "stream": dice.one_in(2), "judgement": judgement, "triggered": triggered,
        "policy": "gentle", "config": "0123456789abcdef", "act": if acts { "clarify" } else { "none" },
        "delivery": if acts { "steer" } else { "observe" }, "gap": Value::Null, "reason": "ambiguity 0.25 < 0.50",
        "bypass": Value::Null, "held_back": Value::Null, "request_id": Value::Null, "traceparent": Value::Null,
        "request_bytes": 200, "added_bytes": 0, "read_micros": 10, "own_micros": 900, "judge_micros": 800,
        "total_micros": 500_000 + dice.below(1_000_000), "status": if dice.one_in(20) { 500 } else { 200 },
        "ending": if dice.one_in(25) { "client_left" } else { "complete" },
        "finish_reason": if dice.one_in(15) { "tool_calls" } else { "stop" },
        "usage": {"prompt_tokens": 100 + dice.below(400), "completion_tokens": dice.below(300),
            "cached_tokens": if dice.one_in(2) { Value::Null } else { 64.into() }},
        "first_token_micros": 100_000 + dice.below(3_000_000), "response_bytes": 900,
        "assistant_acts": if dice.one_in(4) { json!(["clarification"]) } else { json!(["answer"]) },
        "complied": Value::Null, "leaked": dice.one_in(50),
    })
    .to_string()
}

/// Runs `groundwire store …` on a store, with `input`.
pub(crate) fn store(url: &str, what: &[&str], input: &str) -> Output {
    use std::io::Write;
    let mut command = Command::new(env!("CARGO_BIN_EXE_groundwire"));
    command.arg("store").arg(what[0]).args(["--url", url]).args(&what[1..]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    output
}

/// The same, of which standard output is wanted.
pub(crate) fn store_says(url: &str, what: &[&str], input: &str) -> String {
    let output = store(url, what, input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The turns of a store.
pub(crate) fn exported(url: &str) -> Vec<Value> {
    let lines = store_says(url, &["export"], "");
    let all = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let turns: Vec<Value> = all.filter(|line| line["dialect"].is_string()).collect();
    let attempts: std::collections::HashSet<_> = turns.iter().map(|turn| turn["attempt"].to_string()).collect();
    assert_eq!(attempts.len(), turns.len(), "an attempt is there twice");
    turns
}

/// The URL of a file in a folder.
pub(crate) fn sqlite(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// Sends one turn of a user's in a conversation, and returns the answer's status.
pub(crate) async fn say(peer: &mut Peer, user: &str, conversation: &str, history: &[&str]) -> u16 {
    let mut messages = String::new();
    for (i, text) in history.iter().enumerate() {
        let role = if i % 2 == 0 { "user" } else { "assistant" };
        write!(messages, "{}{}", if i == 0 { "" } else { "," }, json!({"role": role, "content": text})).unwrap();
    }
    let body = format!("{{\"model\":\"m\",\"messages\":[{messages}]}}");
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-groundwire-user: {user}\r\n\
         x-groundwire-conversation: {conversation}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    peer.send(request).await;
    peer.message().await.status()
}

/// The value of a metric, once it is as it is wanted.
pub(crate) async fn metric(server: &Served, name: &str, wanted: impl Fn(u64) -> bool) -> u64 {
    let value = |text: &str| -> Option<u64> {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    };
    let text = server.says("/metrics", |text| value(text).is_some_and(&wanted)).await;
    value(&text).unwrap()
}
