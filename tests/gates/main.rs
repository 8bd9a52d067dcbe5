//! The gates before the model: what becomes of requests that real SDKs and agent harnesses sent.
//!
//! `tests/data/wire/<dialect>/recorded/` holds the requests (`tests/sdk/record.py` says how they were recorded), and
//! `tests/data/wire/<dialect>/recorded.tsv` a row for each: its name, what is done with it by a policy that always asks, and
//! what the classifier is shown as the turn. `BLESS=1` writes the tables anew; look at the difference before committing it.
#![cfg(feature = "toml")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/told.rs"]
mod told;

mod exchange;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use groundwire::wire::Dialect;

use exchange::{Request, identity, outcome};

fn folder(dialect: Dialect) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wire").join(dialect.as_str())
}

/// The recorded requests of a dialect, by name.
fn recorded(dialect: Dialect) -> Vec<(String, Request)> {
    let folder = folder(dialect).join("recorded");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut requests: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "http"))
        .map(|path| {
            (path.file_stem().unwrap().to_string_lossy().into_owned(), Request::parse(&fs::read(&path).unwrap()))
        })
        .collect();
    requests.sort_by(|one, other| one.0.cmp(&other.0));
    requests
}

#[test]
fn every_recorded_request_is_told_for_what_it_is() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = String::new();
    for &dialect in Dialect::ALL {
        let requests = recorded(dialect);
        assert!(requests.len() >= 20, "{dialect} has {} recorded requests", requests.len());
        let table = requests.iter().fold(String::new(), |mut table, (name, request)| {
            writeln!(table, "{name}\t{}", outcome(request)).unwrap();
            table
        });
        let path = folder(dialect).join("recorded.tsv");
        if bless {
            fs::write(&path, &table).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        for row in table.lines().filter(|row| !expected.lines().any(|known| known == *row)) {
            writeln!(wrong, "{dialect}: {row}").unwrap();
        }
        assert_eq!(table.lines().count(), expected.lines().count(), "{dialect}: rows and requests");
    }
    assert!(wrong.is_empty(), "these are told for something else:\n{wrong}");
}

/// A gate that no recorded request goes into is one that nobody has seen.
#[test]
fn each_gate_has_a_request_that_goes_into_it() {
    let rows: String =
        Dialect::ALL.iter().map(|&dialect| fs::read_to_string(folder(dialect).join("recorded.tsv")).unwrap()).collect();
    let seen: BTreeSet<&str> = rows.lines().filter_map(|row| row.split('\t').nth(1)?.split(' ').next()).collect();
    for gate in [
        "not_a_call",
        "machine",
        "structured_output",
        "forced_tools",
        "tool_result",
        "internal_call",
        "attachments_only",
        "history_elsewhere",
        "observe",
        "steer",
        "reply",
    ] {
        assert!(seen.contains(gate), "no recorded request is {gate}: {seen:?}");
    }
}

/// What a head says counts before the body, whatever the dialect.
#[test]
fn heads_open_and_close_gates() {
    for &dialect in Dialect::ALL {
        let requests = recorded(dialect);
        let (name, plain) = requests.iter().find(|(name, _)| name.ends_with("vague")).expect("a vague turn of an SDK");
        assert!(matches!(outcome(plain).split('\t').next(), Some("steer" | "reply")), "{dialect} {name}");
        for (header, value, told) in [
            ("x-groundwire-mode", "off", "opted_out"),
            ("x-groundwire-mode", "observe", "observe mode"),
            ("authorization", "AWS4-HMAC-SHA256 Credential=x", "signed"),
            ("content-digest", "sha-256=:x:", "signed"),
            ("content-encoding", "compress", "encoded"),
            ("content-type", "multipart/form-data; boundary=x", "not_a_call"),
        ] {
            let mut request = plain.clone();
            request.head.headers.insert(header, value.parse().unwrap());
            assert_eq!(outcome(&request).split('\t').next(), Some(told), "{dialect} {name} {header}: {value}");
        }
    }
}

/// A recorded turn that a harness wraps is no human's once the human's words are taken out of it.
#[test]
fn a_turn_that_is_only_wrapped_is_nobodys() {
    let mut seen = 0;
    for &dialect in Dialect::ALL {
        for (name, mut request) in recorded(dialect) {
            let body = String::from_utf8(request.body.to_vec()).unwrap();
            let is_wrapped = ["<system-reminder>", "<environment_context>", "<session_context>"]
                .iter()
                .any(|tag| body.contains(tag));
            let typed = "Summarize the article below.";
            if !is_wrapped || body.matches(typed).count() != 1 || body.contains("\"assistant\"") {
                continue;
            }
            request.body = body.replacen(typed, "", 1).into();
            let told = outcome(&request);
            let gates = ["wrapper_only", "not_human_text", "structured_output"];
            assert!(gates.iter().any(|gate| told.starts_with(gate)), "{dialect} {name}: {told}");
            seen += usize::from(told.starts_with("wrapper_only"));
        }
    }
    assert!(seen >= 2, "{seen}");
}

/// What a client sends next continues what it sent before, whatever it has wrapped around or moved.
#[test]
fn the_next_turn_of_a_client_names_the_one_before() {
    let mut joined = BTreeSet::new();
    for &dialect in Dialect::ALL {
        let requests = recorded(dialect);
        for (name, request) in &requests {
            let (client, case) = name.split_once("--").unwrap();
            let firsts: &[&str] = match case {
                "continued" => &["session", "session-2"],
                "carried-over-2" => &["carried-over"],
                "chat-2" => &["chat"],
                _ => continue,
            };
            let (_, parent) = identity(request).0;
            assert!(parent.is_some(), "{dialect} {name} is no opening");
            let first = |case: &&str| requests.iter().find(|(name, _)| *name == format!("{client}--{case}"));
            let turns = firsts.iter().filter_map(first).map(|(_, request)| identity(request).0.0);
            assert!(turns.into_iter().any(|turn| turn == parent), "{dialect} {name} continues none of {firsts:?}");
            joined.insert(format!("{dialect} {client}"));
        }
    }
    assert!(joined.len() >= 8, "{joined:?}");
}

/// Where the operator has requests steered that offer tools, an agent's turn gains one span as well, where it was typed.
#[test]
fn an_agents_turn_is_steered_like_any_other() {
    for (dialect, name) in [
        (Dialect::AnthropicMessages, "claude-code--session"),
        (Dialect::AnthropicMessages, "claude-code--interactive-2"),
        (Dialect::OpenAiResponses, "codex--session"),
        (Dialect::OpenAiChat, "opencode--session-2"),
    ] {
        let requests = recorded(dialect);
        let (_, request) = requests.iter().find(|(known, _)| known == name).unwrap();
        let edited = identity(request).1.unwrap_or_else(|| panic!("{name} is not steered"));
        let edited = std::str::from_utf8(&edited).unwrap();
        let (before, after) = edited.split_once("<grounding-note>").unwrap();
        let end = &before[before.len() - 120..];
        assert!(end.contains("Summarize the article below."), "{name}: {end}");
        assert!(!after.contains("Summarize the article below."), "{name}");
    }
}

/// One conversation, as each API would carry it.
#[test]
fn a_turn_is_the_same_in_every_dialect() {
    let identities = [
        (
            "/v1/chat/completions",
            r#"{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Weather?"},
            {"role":"assistant","content":"In Paris?"},{"role":"user","content":[{"type":"text","text":"Fix \"it\""}]}]}"#,
        ),
        (
            "/v1/responses",
            r#"{"instructions":"Be brief.","input":[{"role":"user","content":"Weather?"},{"type":"reasoning","summary":[]},
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"In Paris?","annotations":[]}]},
            {"type":"message","role":"user","content":[{"type":"input_text","text":"Fix \"it\""}]}]}"#,
        ),
        (
            "/v1/messages",
            r#"{"system":[{"type":"text","text":"Be brief."}],"messages":[{"role":"user","content":[{"type":"text","text":"Weather?",
            "cache_control":{"type":"ephemeral"}}]},{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"y"},
            {"type":"text","text":"In Paris?"}]},{"role":"user","content":"Fix \"it\""}]}"#,
        ),
        (
            "/v1beta/models/m:generateContent",
            r#"{"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[{"role":"user","parts":[{"text":"Weather?"}]},
            {"role":"model","parts":[{"text":"In Paris?"}]},{"role":"user","parts":[{"text":"Fix \"it\""}]}]}"#,
        ),
        (
            "/api/chat",
            r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Weather?"},
            {"role":"assistant","content":"In Paris?"},{"role":"user","content":"Fix \"it\""}]}"#,
        ),
    ]
    .map(|(path, body)| {
        let head = format!("POST {path}\ncontent-type: application/json\n\n{body}");
        (path, identity(&Request::parse(head.as_bytes())).0)
    });
    let (_, first) = identities[0];
    assert!(first.0.is_some() && first.1.is_some() && first.0 != first.1);
    for (path, other) in identities {
        assert_eq!(other, first, "{path}");
    }
}
