//! The command itself: where its input comes from, what JSON it prints, and what it says of what it cannot explain.

use serde_json::Value;

use crate::offline::run;

const OPEN: &str = r#"{"model":"m","messages":[{"role":"user","content":"Book us a table for Friday evening."}]}"#;

fn explained(arguments: &[&str], input: &str) -> Value {
    let arguments: Vec<&str> = ["explain", "--json"].into_iter().chain(arguments.iter().copied()).collect();
    let output = run(&arguments, input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(arguments: &[&str], input: &str) -> String {
    let arguments: Vec<&str> = std::iter::once("explain").chain(arguments.iter().copied()).collect();
    let output = run(&arguments, input);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_body_that_would_be_forwarded_is_there_to_the_last_byte() {
    let told = explained(&[], OPEN);
    assert_eq!(told["record"]["act"], "clarify");
    assert_eq!(told["forwarded"]["as"], "edited");
    let change = &told["forwarded"]["change"];
    let at = usize::try_from(change["at"].as_u64().unwrap()).unwrap();
    let inserted = change["inserted"].as_str().unwrap();
    assert_eq!(told["forwarded"]["body"], format!("{}{inserted}{}", &OPEN[..at], &OPEN[at..]));
    assert_eq!(told["record"]["added_bytes"], inserted.len());
    assert!(change["words"].as_str().unwrap().contains("\n<grounding-note>\n"));
    // The head of the classifier that decided, and the comparison by which it did.
    let ask = told["judgement"]["need"]["ask"].as_f64().unwrap();
    let steps = told["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["condition"] == "ambiguity").unwrap();
    assert_eq!((&step["act"], &step["held"]), (&"clarify".into(), &true.into()));
    assert!((step["left"].as_f64().unwrap() - ask).abs() < 1e-3);
}

#[test]
fn a_request_is_the_same_however_it_is_given() {
    let whole = explained(&[], OPEN);
    let bare =
        explained(&[], r#"{"id":1,"messages":[{"role":"user","content":"Book us a table for Friday evening."}]}"#);
    let list = explained(&["-"], r#"[{"role":"user","content":"Book us a table for Friday evening."}]"#);
    let said = explained(&[], "Book us a table for Friday evening.\n");
    for other in [bare, list, said] {
        assert_eq!(whole["judgement"], other["judgement"]);
        assert_eq!(whole["record"]["turn"], other["record"]["turn"]);
        assert_eq!(whole["steps"], other["steps"]);
    }
}

#[test]
fn headers_count_as_they_would_on_the_way() {
    let stage = |told: &Value, name: &str| {
        let stages = told["stages"].as_array().unwrap();
        stages.iter().find(|stage| stage["stage"] == name).unwrap()["standing"].clone()
    };
    let off = explained(&["-H", "x-groundwire-mode: off"], OPEN);
    assert_eq!(stage(&off, "head")["stopped"]["bypass"], "opted_out");
    assert_eq!(stage(&off, "body"), "not_reached");
    assert_eq!(off["forwarded"], serde_json::json!({"as": "same", "bytes": OPEN.len()}));
    let observed = explained(&["-H", "x-groundwire-mode: observe"], OPEN);
    assert_eq!((&observed["record"]["act"], &observed["record"]["held_back"]), (&"clarify".into(), &"mode".into()));
    assert_eq!(observed["forwarded"]["as"], "same");
    let signed = explained(&["-H", "content-digest: sha-256=:x:"], OPEN);
    assert_eq!(stage(&signed, "head")["stopped"]["bypass"], "signed");
    let elsewhere = explained(&["--route", "/v1/embeddings"], OPEN);
    assert_eq!(stage(&elsewhere, "route")["stopped"]["bypass"], "not_a_call");
    assert_eq!(elsewhere["record"], Value::Null);
}

#[test]
fn what_cannot_be_explained_says_why() {
    assert!(refused(&[], "").contains("standard input: there is nothing to explain"));
    assert!(refused(&[], "{\"messages\":[").contains("it ends in the middle of a list"));
    assert!(refused(&["no-such-file.json"], "").contains("no-such-file.json cannot be read"));
    assert!(refused(&["--policy", "gentel"], OPEN).contains("gentle"));
}

#[test]
fn a_configuration_without_an_upstream_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("groundwire.toml");
    std::fs::write(&path, "policy = \"mine\"\n[policies.mine]\nrules = [{ act = \"assume\" }]\n").unwrap();
    let told = explained(&["--config", path.to_str().unwrap()], OPEN);
    assert_eq!((&told["record"]["policy"], &told["record"]["act"]), (&"mine".into(), &"assume".into()));
    std::fs::write(&path, "polcy = \"mine\"\n").unwrap();
    assert!(refused(&["--config", path.to_str().unwrap()], OPEN).contains("groundwire.toml:1:1: unknown key `polcy`"));
}

#[test]
fn an_act_is_previewed_without_a_conversation() {
    let output = run(&["explain", "--preview", "clarify", "--gap", "missing_material"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("<grounding-note>") && text.contains("reply"), "{text}");
    let wrong = run(&["explain", "--preview", "ask"], "");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("clarify"));
}
