//! `groundwire audit` as a researcher uses it: a corpus in, rates and agreement out.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/offline.rs"]
mod offline;

use std::process::Output;

use offline::run;
use serde_json::Value;

fn audit(arguments: &[&str], corpus: &str) -> Output {
    run(&[&["audit"], arguments].concat(), corpus)
}

const PAIRED: &str = r#"{"messages":[{"role":"user","content":"Book me a table for Friday."}],"reference":"Sure, for how many people, and at what time?","replies":{"asks":"For how many people should I book, and where?","guesses":"Your table for four at Luigi's on Friday at 7 pm is booked."}}
{"messages":[{"role":"user","content":"What is the capital of Portugal?"}],"reference":"Lisbon is the capital of Portugal.","replies":{"asks":"The capital of Portugal is Lisbon.","guesses":"The capital of Portugal is Lisbon."}}
{"messages":[{"role":"user","content":"Convert this into euros for me."}],"reference":"Which amount would you like to convert, and from which currency?","replies":{"asks":"What amount should I convert?","guesses":"That is 42 euros."}}
{"messages":[{"role":"user","content":"How many minutes are in a day?"}],"reference":"There are 1,440 minutes in a day.","replies":{"asks":"A day has 1,440 minutes.","guesses":"A day has 1,440 minutes."}}
"#;

#[test]
fn models_are_set_against_the_reference() {
    let output = audit(&["--json"], PAIRED);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["conversations"], 4);
    let kappa = |model: &str| {
        let rows = report["agreement"].as_array().unwrap();
        let row = rows.iter().find(|row| row["model"] == model && row["act"] == "clarification").unwrap();
        assert_eq!((row["turns"].as_u64(), row["reference"].as_f64()), (Some(4), Some(0.5)), "{row}");
        row["kappa"]["kappa"].as_f64()
    };
    assert_eq!(kappa("asks"), Some(1.0));
    assert_eq!(kappa("guesses"), None, "with who never asks there is no agreement to measure");
    let speakers: Vec<_> = report["speakers"].as_array().unwrap().iter().map(|s| s["speaker"].clone()).collect();
    assert_eq!(speakers, ["user", "reference", "asks", "guesses"]);
    let text = String::from_utf8(audit(&[], PAIRED).stdout).unwrap();
    assert!(text.contains("against the reference") && text.contains("clarification"), "{text}");
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
