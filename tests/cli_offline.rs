//! The commands that need no server: `score`, `demo` and `licenses`, on good lines and bad ones.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/offline.rs"]
mod offline;

use std::io::Write;

use offline::run;
use serde_json::Value;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn objects(bytes: &[u8]) -> Vec<Value> {
    text(bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_bad_line_of_score_says_where_it_stands_and_what_is_wrong() {
    let lines = [
        r#"{"id":1,"messages":[{"role":"user","content":"hi"}]}"#,
        "",
        r#"{"id":2,"messages"}"#,
        r#"{"id":3,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"usr","content":"c"}]}"#,
        r#"{"id":4}"#,
        r#"{"id":5,"messages":[{"role":"system","content":"hi"}]}"#,
        r#"[1]"#,
        r#"{"id":6,"messages":["#,
        r#"{"id":7,"messages":[{"role":"user","content":"hi"}]}"#,
    ];
    let output = run(&["score"], &lines.join("\n"));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let scored = objects(&output.stdout);
    let said: Vec<&str> = scored.iter().map(|line| line["error"].as_str().unwrap_or("")).collect();
    assert_eq!(
        said,
        [
            "",
            "line 3: not valid JSON: expected `:` at column 19",
            "line 4: messages[2].role: \"usr\" is not one of system, developer, user, assistant, tool, function",
            "line 5: \"messages\" is missing; wanted {\"messages\": [{\"role\": …, \"content\": …}]}",
            "line 6: the last message is a system's; only a user's or an assistant's is judged",
            "line 7: a list instead of an object; wanted {\"messages\": [{\"role\": …, \"content\": …}]}",
            "line 8: not valid JSON: it ends in the middle of a list, at column 20",
            "",
        ]
    );
    // Of a line that is no JSON not even its name is known.
    let ids: Vec<Value> = scored.iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, [Value::from(1), Value::Null, 3.into(), 4.into(), 5.into(), Value::Null, Value::Null, 7.into()]);
}

#[test]
fn a_bad_line_of_demo_is_reported_and_the_others_are_played() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(
        file,
        "Which planet has the shortest day?\n{{\"messages\":[}}\n\n{{\"messages\":[{{\"role\":\"usr\"}}]}}\nThank you!"
    )
    .unwrap();
    let path = file.path().to_str().unwrap();
    let wrong = [
        "line 2: not valid JSON: expected value at column 14",
        "line 4: messages[0].role: \"usr\" is not one of system, developer, user, assistant, tool, function",
    ];
    let output = run(&["demo", path, "--json"], "");
    assert_eq!(output.status.code(), Some(1));
    let shown = objects(&output.stdout);
    let played: Vec<bool> = shown.iter().map(|turn| turn["received"]["status"] == 200).collect();
    assert_eq!(played, [true, false, false, true], "{shown:?}");
    assert_eq!((&shown[1]["shows"], &shown[1]["line"]), (&"line 2".into(), &2.into()));
    for (at, why) in [(1, wrong[0]), (2, wrong[1])] {
        let error = shown[at]["error"].as_str().unwrap();
        assert!(why.ends_with(error) && why.starts_with(shown[at]["shows"].as_str().unwrap()), "{error}");
    }
    let told = text(&output.stderr);
    assert!(wrong.iter().all(|why| told.lines().any(|line| line == *why)), "{told}");
    assert!(told.contains("2 of the 4 lines could not be understood"), "{told}");

    let output = run(&["demo", path], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(wrong.iter().all(|why| text(&output.stderr).lines().any(|line| line == *why)));
    assert_eq!(text(&output.stdout).matches("received").count(), 2, "{}", text(&output.stdout));
}

#[test]
fn licenses_prints_the_texts_of_what_is_inside() {
    let output = run(&["licenses"], "");
    assert_eq!(output.status.code(), Some(0));
    let printed = text(&output.stdout);
    let ours = ["Permission is hereby granted, free of charge", "Apache License", "all-MiniLM-L6-v2"];
    assert!(ours.iter().all(|ours| printed.contains(ours)));
    // One of each licence that is taken, by what its text says.
    for linked in
        ["\nMIT: ", "tokio 1.", "Apache-2.0 AND ISC: ring", "BSD-3-Clause: subtle", "ISC: rustls-webpki", "as-is"]
    {
        assert!(printed.contains(linked), "{linked}");
    }
    if cfg!(feature = "bundled") && std::env::var_os("GROUNDWIRE_ONNXRUNTIME").is_none() {
        assert!(printed.contains("Copyright (c) Microsoft Corporation"), "ONNX Runtime's own");
        // Two of the many that its library holds.
        assert!(printed.contains("protocolbuffers/protobuf") && printed.contains("Eigen"), "its third parties'");
    }
    assert!(run(&["--help"], "").stdout.windows(8).any(|word| word == b"licenses"));
}
