//! Golden cases of every dialect: `tests/data/wire/<dialect>/<case>/request.json` and what comes of it.
//!
//! - `target.txt`: path and query of the request, where they say something.
//! - `turns.txt`: what was read, or the bypass.
//! - `steered.json`: the request with an instruction, where one can be put in.
//! - `reply.json` or `reply.stream`: an answer of ours, where a person may be waiting for one.
//!
//! Beside the cases are `fault.json` and `fault.stream`, errors of ours, which are the same for every request.
//!
//! `BLESS=1` writes them anew; look at the difference before committing it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use groundwire::dialogue::{Bypass, Part, Text};
use groundwire::wire::{Call, Dialect, Document, ReplyTo};

const INSTRUCTION: &str = "\n\n[note]\tIf \"it\" is unclear, ask \\ – once.";
const ANSWER: &str = "Which one do you mean?\n\n- the \"first\"\n- the second 😀";

/// What comes of a request: file names and contents.
fn outcome(dialect: Dialect, case: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let (target, request) = (&target(case), &*request(case));
    let call = match dialect.read_at(target, request) {
        Ok(call) => call,
        Err(bypass) => return vec![("turns.txt", format!("bypass: {bypass}\n").into_bytes())],
    };
    let mut files = vec![("turns.txt", describe(&call).into_bytes())];
    if let Some(splice) = dialect.steer(&call, INSTRUCTION) {
        match Document::validate(&Bytes::copy_from_slice(request)) {
            Ok(document) => {
                let steered = document.splice(std::slice::from_ref(&splice));
                assert_eq!(steered[..splice.at.start], request[..splice.at.start]);
                assert_eq!(steered[splice.at.start + splice.with.len()..], request[splice.at.end..]);
                serde_json::from_slice::<serde::de::IgnoredAny>(&steered).expect("what was steered is JSON");
                files.push(("steered.json", steered.to_vec()));
            }
            Err(bypass) => {
                assert_eq!(bypass, Bypass::Malformed);
                files[0].1.extend_from_slice(b"not to be edited: malformed\n");
            }
        }
    }
    if call.machine.is_none() && call.answerable {
        let to = ReplyTo::call(&call, *b"golden case seed", 1_760_000_000);
        let reply = dialect.reply(&to, ANSWER);
        files.push((if call.stream { "reply.stream" } else { "reply.json" }, reply.body.to_vec()));
    }
    files
}

/// The request of a case.
fn request(case: &Path) -> Vec<u8> {
    fs::read(case.join("request.json")).expect("every case has a request")
}

/// Where it goes; empty where that is not told.
fn target(case: &Path) -> String {
    fs::read_to_string(case.join("target.txt")).map(|target| target.trim_end().to_owned()).unwrap_or_default()
}

fn describe(call: &Call<'_>) -> String {
    let text = |text: Text<'_>| text.decode().map_or_else(|| "(not UTF-8)".to_owned(), |text| format!("{text:?}"));
    let stream = match (call.stream, call.include_usage) {
        (false, _) => "no",
        (true, false) => "yes",
        (true, true) => "yes, with usage",
    };
    let mut out = format!(
        "model: {}\nstream: {stream}\ntools: {}\nmachine: {}\nconversation: {}\n{}",
        call.model.map_or_else(|| "-".to_owned(), text),
        if call.conversation.tools { "yes" } else { "no" },
        call.machine.map_or("-", |machine| machine.sign),
        call.conversation_id.map_or_else(|| "-".to_owned(), text),
        [
            (call.elsewhere, "history: elsewhere\n"),
            (!call.answerable, "answer: none of ours\n"),
            (call.cached_tail, "cache: up to the tail\n"),
        ]
        .into_iter()
        .filter_map(|(is_so, line)| is_so.then_some(line))
        .collect::<String>(),
    );
    for turn in &call.conversation.turns {
        writeln!(out, "{}", turn.role.as_str()).unwrap();
        for part in &turn.parts {
            match part {
                Part::Text(said) => writeln!(out, "  {}", text(*said)).unwrap(),
                Part::Opaque(kind, raw) => writeln!(out, "  {kind:?} {}", String::from_utf8_lossy(raw)).unwrap(),
            }
        }
    }
    out
}

fn folder(dialect: Dialect) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wire").join(dialect.as_str())
}

fn cases(dialect: Dialect) -> Vec<PathBuf> {
    let folder = folder(dialect);
    let mut cases: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        // What real clients sent is looked at in `tests/recorded.rs`.
        .filter(|path| path.is_dir() && !path.ends_with("recorded"))
        .collect();
    cases.sort();
    cases
}

/// Compares `content` with the file, or writes that; what differs is added to `wrong`.
fn compare(path: &Path, expected: Option<&Vec<u8>>, wrong: &mut String) {
    let bless = std::env::var_os("BLESS").is_some();
    match expected {
        Some(content) if bless => fs::write(path, content).unwrap(),
        None if bless && path.exists() => fs::remove_file(path).unwrap(),
        _ if fs::read(path).ok().as_ref() == expected => {}
        _ => {
            let shown = expected.map_or("should not exist".into(), |content| String::from_utf8_lossy(content));
            writeln!(wrong, "{}: {shown}", path.display()).unwrap();
        }
    }
}

#[test]
fn every_case_comes_out_as_recorded() {
    let mut wrong = String::new();
    for &dialect in Dialect::ALL {
        let cases = cases(dialect);
        assert!(cases.len() >= 10, "{dialect} has too few cases");
        for case in cases {
            let files = outcome(dialect, &case);
            for recorded in ["turns.txt", "steered.json", "reply.json", "reply.stream"] {
                let expected = files.iter().find(|(name, _)| *name == recorded).map(|(_, content)| content);
                compare(&case.join(recorded), expected, &mut wrong);
            }
        }
        let message = "the upstream \"x\"\nbroke off";
        let (_, fault) = dialect.fault(http::StatusCode::BAD_GATEWAY, message);
        compare(&folder(dialect).join("fault.json"), Some(&fault.to_vec()), &mut wrong);
        compare(&folder(dialect).join("fault.stream"), Some(&dialect.fault_event(message).to_vec()), &mut wrong);
    }
    assert!(wrong.is_empty(), "these came out otherwise:\n{wrong}");
}

/// For a whole answer and for a streamed one there is a case that passes, one that is steered, and one that is answered.
#[test]
fn the_cases_cover_what_can_happen() {
    let mut seen = std::collections::BTreeSet::new();
    for &dialect in Dialect::ALL {
        for case in cases(dialect) {
            let (target, request) = (target(&case), request(&case));
            let Ok(call) = dialect.read_at(&target, &request) else { continue };
            for (name, _) in outcome(dialect, &case) {
                seen.insert((dialect.as_str(), call.stream, name));
            }
            if call.machine.is_some() {
                seen.insert((dialect.as_str(), call.stream, "passes"));
            }
        }
        for stream in [false, true] {
            for kind in ["passes", "turns.txt", "steered.json", if stream { "reply.stream" } else { "reply.json" }] {
                assert!(seen.contains(&(dialect.as_str(), stream, kind)), "no case of {dialect}, {stream}, has {kind}");
            }
        }
    }
}
