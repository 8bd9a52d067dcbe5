//! The commands that need no network work without one, and ask for none: in an empty network namespace, and under strace.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::trace::{Trace, foreign, traced};

const TURNS: &str = r#"{"messages":[{"role":"user","content":"Make it shorter"}]}
{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello! Which topic?"}]}
"#;

fn fed(mut command: Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let name = command.get_program().to_owned();
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{} cannot be started: {e}", name.display()));
    // A command that reads nothing closes its end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// The commands, each with its input and what its output has to hold.
fn commands(folder: &Path) -> Vec<(Vec<String>, &'static str, &'static str)> {
    let (config, corpus) = (folder.join("g.toml"), folder.join("corpus.jsonl"));
    fs::write(&config, "upstream = \"https://api.openai.com\"\n").unwrap();
    fs::write(&corpus, TURNS).unwrap();
    let command = |arguments: &[&str]| arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>();
    vec![
        (command(&["score"]), TURNS, "\"ambiguity\""),
        (command(&["audit", "--json", corpus.to_str().unwrap()]), "", "clarification"),
        (command(&["check", config.to_str().unwrap()]), "", "ok\n"),
        (command(&["explain", "--config", config.to_str().unwrap()]), "Make it shorter", "forwarded"),
        (command(&["replay", "--json", corpus.to_str().unwrap()]), "", "\"turns\": 2"),
        (command(&["licenses"]), "", "Apache License"),
    ]
}

#[test]
fn offline_commands_work_where_there_is_no_network() {
    let folder = TempDir::new().unwrap();
    for (arguments, input, wanted) in commands(folder.path()) {
        // Of its own user, so that it needs no right to make one. Even loopback is down in there.
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", env!("CARGO_BIN_EXE_groundwire")]).args(&arguments);
        let output = fed(command, input);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains(wanted), "{arguments:?}: {said}");
    }
}

#[test]
fn offline_commands_open_no_socket_and_no_foreign_file() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    for (arguments, input, _) in commands(folder) {
        let log = folder.join("strace.log");
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        assert!(fed(traced(&log, &arguments), input).status.success(), "{arguments:?}");
        let trace = Trace::read(&log);
        // Asked by name, as the list of calls is: standard output may be a socket, which is looked at and not made here.
        let sockets: Vec<&str> = trace.of(&["socket", "connect", "bind", "listen", "accept4", "sendto"]).collect();
        assert!(sockets.is_empty(), "{arguments:?}: {sockets:?}");
        let strange = foreign(&trace.files(), &[folder.join("g.toml").as_path(), &folder.join("corpus.jsonl")]);
        assert!(strange.is_empty(), "{arguments:?}: {strange:?}");
    }
}

#[test]
fn the_demonstration_speaks_to_itself_only() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("strace.log");
    let output = fed(traced(&log, &["demo", "--json"]), "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let trace = Trace::read(&log);
    let reached = trace.addresses("connect");
    assert!(!reached.is_empty() && reached.iter().all(|address| address.ip().is_loopback()), "{reached:?}");
    let kinds: Vec<&str> = trace.of(&["socket"]).filter(|call| !call.contains("AF_INET, SOCK_STREAM")).collect();
    assert!(kinds.is_empty(), "{kinds:?}");
    assert_eq!(foreign(&trace.files(), &[]), Vec::<std::path::PathBuf>::new());
}
