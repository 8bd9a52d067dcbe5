//! `groundwire audit` as a researcher uses it: a corpus in, rates and agreement out.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn audit(arguments: &[&str], corpus: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_groundwire"))
        .arg("audit")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(corpus.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_bad_line_is_named_and_the_rest_is_counted() {
    let corpus = format!(
        "{}\n{}\nnot json\n{}\n",
        r#"{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"Hello."}]}"#,
        r#"{"messages":[{"role":"assistant","content":"Hello."}],"reference":"x"}"#,
        r#"{"messages":[{"role":"wizard","content":"hi"}]}"#,
    );
    let output = audit(&["--json"], &corpus);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["conversations"], 1);
    let errors = String::from_utf8(output.stderr).unwrap();
    for line in [
        "line 2: \"reference\" and \"replies\" answer the last message",
        "line 3: not valid JSON: expected `true`, `false` or `null` at column 2",
        "line 4: messages[0].role: \"wizard\" is not one of system",
    ] {
        assert!(errors.contains(line), "{errors}");
    }
}

#[test]
fn nothing_to_audit_is_an_error() {
    let output = audit(&[], "\n\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no conversation"));
}
