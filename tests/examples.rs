//! Every example runs and shows what it is there to show.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::Command;

/// What an example prints. Cargo builds it with the features that this test was built with.
fn run(example: &str) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--locked", "--example", example]).current_dir(env!("CARGO_MANIFEST_DIR"));
    // What cargo tells a test of its package, build scripts would take for a change (ring's asks for all of it), and much
    // would be built anew.
    let of_this_test =
        |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "OUT_DIR";
    for (name, _) in std::env::vars().filter(|(name, _)| of_this_test(name)) {
        cargo.env_remove(name);
    }
    if !cfg!(feature = "cli") {
        cargo.args(["--no-default-features", "--features", if cfg!(feature = "onnx") { "onnx" } else { "" }]);
    }
    let output = cargo.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert!(output.status.success(), "{example}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The lines of `printed` that start with `name`, without it.
fn lines<'a>(printed: &'a str, name: &str) -> Vec<&'a str> {
    printed.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect()
}

#[test]
fn each_is_tested_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let this = include_str!("examples.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(this.contains(&format!("run(\"{name}\")")), "{name} is not run by a test");
        }
    }
}

#[test]
fn plain() {
    let printed = run("plain");
    let chat = lines(&printed, "/v1/chat/completions");
    assert_eq!(chat[0], "passed as it is");
    assert!(chat[1].starts_with("clarify, ") && chat[1].ends_with(" bytes added"), "{printed}");
    assert_eq!(lines(&printed, "/v1/embeddings"), ["passed, unread"]);
    assert_eq!(lines(&printed, "recorded"), ["Complete, finish reason \"stop\""; 2]);
}

#[cfg(feature = "bundled")]
mod with_the_model {
    use super::{lines, run};

    #[test]
    fn embed() {
        let printed = run("embed");
        assert_eq!(lines(&printed, "act"), ["\"none\"", "\"clarify\""]);
        let received = lines(&printed, "the LLM received");
        let clear = r#"{"model":"m","messages":[{"role":"user","content":"What is the speed of light?"}]}"#;
        assert_eq!(received[0], clear, "a clear turn goes on byte for byte");
        assert!(received[1].contains("<grounding-note>"), "{printed}");
    }

    #[test]
    fn hyper_client() {
        let printed = run("hyper_client");
        assert_eq!(lines(&printed, "act"), ["none", "clarify"]);
        let chunks = lines(&printed, "chunk");
        assert!(chunks.len() > 2, "the first reply streams: {printed}");
        assert_eq!(chunks.iter().filter(|chunk| **chunk == "data: [DONE]").count(), 1);
        let (clear, steered) = printed.split_once("[DONE]").unwrap();
        assert!(!clear.contains("grounding-note") && steered.contains("<grounding-note>"), "{printed}");
    }

    #[test]
    fn reqwest_client() {
        let printed = run("reqwest_client");
        assert_eq!(lines(&printed, "act"), ["clarify"]);
        let chunks = lines(&printed, "chunk");
        assert!(chunks.len() > 5 && chunks.last() == Some(&"data: [DONE]"), "the reply streams: {printed}");
        assert_eq!(lines(&printed, "uploaded"), ["first", "second"], "the upload streams");
        assert_eq!(lines(&printed, "status"), ["200 OK"]);
    }

    #[test]
    fn axum_server() {
        let printed = run("axum_server");
        assert_eq!(lines(&printed, "act"), ["none", "clarify", "clarify"]);
        let replies = lines(&printed, "reply");
        assert_eq!(replies[0], "\"You said: What is the speed of light?\"");
        assert!(replies[1].contains("<grounding-note>"), "steered: the handler saw the note: {printed}");
        assert!(
            !replies[2].contains("You said") && replies[2].contains('?'),
            "answered without the handler: {printed}"
        );
    }

    #[test]
    fn policy() {
        let printed = run("policy");
        let decided = lines(&printed, "policy patient");
        assert!(decided[0].starts_with("clarify (ambiguity 0."), "{printed}");
        assert!(decided[1].starts_with("none (ambiguity 0.") && decided[1].ends_with("< 1.20)"), "{printed}");
        assert_eq!(decided.len(), 3);
        assert!(decided[2].starts_with("none"), "tools: {printed}");
    }
}
