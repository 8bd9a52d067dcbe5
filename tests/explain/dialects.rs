//! Every API that is read: its bodies are known by their shape, and what is forwarded of them is one change in valid JSON.

use groundwire::wire::Dialect;
use serde_json::Value;

use crate::offline::run;

const SAID: &str = "Book us a table for Friday evening.";

/// A body, and how the text of its last user message is reached.
fn bodies() -> Vec<(&'static str, String, &'static str)> {
    vec![
        (
            "openai-chat",
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{SAID}"}}]}}"#),
            "/messages/0/content",
        ),
        ("openai-responses", format!(r#"{{"model":"m","store":false,"input":"{SAID}"}}"#), "/input"),
        (
            "openai-responses",
            format!(
                r#"{{"model":"m","input":[{{"role":"user","content":[{{"type":"input_text","text":"{SAID}"}}]}}]}}"#
            ),
            "/input/0/content/1/text",
        ),
        (
            "anthropic-messages",
            format!(r#"{{"model":"claude-x","max_tokens":9,"messages":[{{"role":"user","content":"{SAID}"}}]}}"#),
            "/messages/0/content",
        ),
        (
            "gemini",
            format!(r#"{{"contents":[{{"role":"user","parts":[{{"text":"{SAID}"}}]}}]}}"#),
            "/contents/0/parts/1/text",
        ),
        (
            "ollama",
            format!(r#"{{"model":"m","options":{{}},"messages":[{{"role":"user","content":"{SAID}"}}]}}"#),
            "/messages/0/content",
        ),
        ("ollama", format!(r#"{{"model":"m","prompt":"{SAID}"}}"#), "/prompt"),
    ]
}

#[test]
fn every_dialect_is_known_by_its_shape() {
    let known: Vec<_> = bodies().iter().map(|(name, ..)| *name).collect();
    for dialect in Dialect::ALL {
        assert!(known.contains(&dialect.as_str()), "{dialect} has no body here");
    }
    for (name, body, pointer) in bodies() {
        let output = run(&["explain", "--json", "--policy", "gentle"], &body);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["recognised"]["dialect"], name, "{body}");
        let forwarded: Value = serde_json::from_str(told["forwarded"]["body"].as_str().unwrap()).unwrap();
        let text = forwarded.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{name}: {forwarded}"));
        let words = told["forwarded"]["change"]["words"].as_str().unwrap();
        assert!(words.contains("<grounding-note>") && text.ends_with(words), "{name}: {words:?} in {text:?}");
    }
}

#[test]
fn every_dialect_is_replayed_turn_by_turn() {
    let turns = |list: &str| list.replace("HI", SAID);
    let lines = [
        turns(
            r#"{"messages":[{"role":"user","content":"HI"},{"role":"assistant","content":"Done."},{"role":"user","content":"HI"}]}"#,
        ),
        turns(
            r#"{"contents":[{"role":"user","parts":[{"text":"HI"}]},{"role":"model","parts":[{"text":"Done."}]},{"parts":[{"text":"HI"}]}]}"#,
        ),
        turns(
            r#"{"store":false,"input":[{"role":"user","content":"HI"},{"role":"assistant","content":"Done."},{"role":"user","content":"HI"}]}"#,
        ),
        turns(
            r#"{"system":"s","max_tokens":9,"messages":[{"role":"user","content":"HI"},{"role":"assistant","content":"Done."},{"role":"user","content":"HI"}]}"#,
        ),
        turns(r#"{"request":{"model":"m","prompt":"HI"},"id":"one"}"#),
    ];
    let output = run(&["replay", "--json", "--policy", "gentle"], &lines.join("\n"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["turns"], &report["judged"]), (&9.into(), &9.into()), "{report:#}");
}

#[test]
fn the_arm_of_an_experiment_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("groundwire.toml");
    std::fs::write(folder.path().join("key"), "a secret of more than thirty-two bytes for this test").unwrap();
    let config = "identity-key = \"file:key\"\ntrust-headers = [\"user\"]\n[experiment]\nname = \"ask-or-not\"\nunit = \"header:x-groundwire-user\"\narms = { control = 50, gentle = 50 }\n";
    std::fs::write(&path, config).unwrap();
    let body = &bodies()[0].1;
    let told = |user: &str| -> Value {
        let header = format!("x-groundwire-user: {user}");
        let output = run(&["explain", "--json", "--config", path.to_str().unwrap(), "-H", &header], body);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let mut arms = Vec::new();
    for user in 0..8 {
        let told = told(&format!("user-{user}"));
        let arm = told["record"]["arm"].as_str().unwrap_or_else(|| panic!("{told:#}")).to_owned();
        // The treatment's rules are tried in both arms, and its act is performed in its own.
        assert_eq!(told["steps"][0]["policy"], "gentle");
        assert_eq!(told["forwarded"]["as"], if arm == "control" { "same" } else { "edited" }, "{told:#}");
        arms.push(arm);
    }
    arms.sort();
    arms.dedup();
    assert_eq!(arms, ["control", "gentle"]);
}
