//! The configuration from the environment, as containers are configured, and what `check` says of where each value is from.

#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn groundwire(arguments: &[&str], text: &str, environment: &[(&str, &str)]) -> Output {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("g.toml"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_groundwire"));
    command.args(arguments).envs(environment.iter().copied()).current_dir(folder.path()).stdin(Stdio::null());
    command.output().unwrap()
}

/// What `check` prints, which must be content.
fn check(more: &[&str], text: &str, environment: &[(&str, &str)]) -> String {
    let output = groundwire(&[&["check", "g.toml"], more].concat(), text, environment);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The value of a key and where it comes from, as `check` prints them.
fn printed<'a>(said: &'a str, table: &str, key: &str) -> (&'a str, &'a str) {
    let mut lines = said.lines().skip_while(|line| !table.is_empty() && *line != format!("[{table}]"));
    let line = lines.find(|line| line.split_once(" = ").is_some_and(|(name, _)| name == key));
    let line = line.unwrap_or_else(|| panic!("no {table}.{key} in {said}"));
    let (_, value) = line.split_once(" = ").unwrap();
    let (value, by) = value.rsplit_once(" # ").unwrap();
    (value.trim_end(), by)
}

const FILE: &str = "upstream = \"http://file\"\ntools = \"bypass\"\n[limits]\nmax-body = \"1MiB\"\n[policies.mine]\nrules = [{ act = \"assume\" }]\n";

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let environment = [
        ("GROUNDWIRE_UPSTREAM", "http://environment"),
        ("GROUNDWIRE_POLICY", "mine"),
        ("GROUNDWIRE_DEBUG_HEADERS", "true"),
        ("GROUNDWIRE_TRUST_HEADERS", "mode, conversation"),
        ("GROUNDWIRE_CLASSIFIER__BASE_RATE", "0.05"),
        ("GROUNDWIRE_CLASSIFIER__THREADS", "2"),
        ("GROUNDWIRE_CLASSIFIER__DEADLINE", "50ms"),
        ("GROUNDWIRE_LIMITS__MAX_BODY", "2MiB"),
        ("GROUNDWIRE_LIMITS__IN_FLIGHT", "7"),
        ("GROUNDWIRE_IDENTITY_KEY", "env:GROUNDWIRE_KEY"),
        ("GROUNDWIRE_KEY", "0123456789abcdef0123456789abcdef"),
        // What Kubernetes sets for a service of this name.
        ("GROUNDWIRE_SERVICE_HOST", "10.0.0.1"),
        ("GROUNDWIRE_SERVICE_PORT_HTTP", "8080"),
        ("GROUNDWIRE_PORT", "tcp://10.0.0.1:8080"),
        ("GROUNDWIRE_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ];
    let said = check(&["--upstream", "http://flag"], FILE, &environment);
    for (table, key, value, by) in [
        ("", "upstream", "\"http://flag\"", "the command line: --upstream"),
        ("", "policy", "\"mine\"", "the environment: GROUNDWIRE_POLICY"),
        ("", "tools", "\"bypass\"", "g.toml"),
        ("", "listen", "\"127.0.0.1:8080\"", "default"),
        ("", "debug-headers", "true", "the environment: GROUNDWIRE_DEBUG_HEADERS"),
        ("", "trust-headers", "[\"mode\", \"conversation\"]", "the environment: GROUNDWIRE_TRUST_HEADERS"),
        ("", "identity-key", "\"env:GROUNDWIRE_KEY\"", "the environment: GROUNDWIRE_IDENTITY_KEY"),
        ("classifier", "base-rate", "0.05", "the environment: GROUNDWIRE_CLASSIFIER__BASE_RATE"),
        ("classifier", "threads", "2", "the environment: GROUNDWIRE_CLASSIFIER__THREADS"),
        ("classifier", "deadline", "\"50ms\"", "the environment: GROUNDWIRE_CLASSIFIER__DEADLINE"),
        ("classifier", "queue", "64", "default"),
        ("limits", "max-body", "\"2MiB\"", "the environment: GROUNDWIRE_LIMITS__MAX_BODY"),
        ("limits", "in-flight", "7", "the environment: GROUNDWIRE_LIMITS__IN_FLIGHT"),
        ("log", "access", "\"off\"", "default"),
    ] {
        assert_eq!(printed(&said, table, key), (value, by), "{table}.{key}");
    }
    assert!(!said.contains("0123456789abcdef"), "{said}");
}

#[test]
fn what_check_prints_is_a_configuration_that_comes_to_the_same() {
    let said = check(&[], FILE, &[("GROUNDWIRE_POLICY", "mine")]);
    let text = said.strip_prefix("ok\n\n").unwrap();
    let again = check(&[], text, &[]);
    let values = |said: &str| {
        said.lines().map(|line| line.split(" # ").next().unwrap().trim_end().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values(&said), values(&again));
    assert!(said.contains("act = \"assume\""), "rules are printed as they are: {said}");
}

#[test]
fn a_file_can_be_named_and_an_upstream_be_given_by_the_environment_alone() {
    // It gets as far as the model, which is not there.
    for environment in [
        &[("GROUNDWIRE_UPSTREAM", "http://127.0.0.1:1"), ("GROUNDWIRE_CLASSIFIER__MODEL", "no-such-folder")][..],
        &[("GROUNDWIRE_CONFIG", "g.toml"), ("GROUNDWIRE_CLASSIFIER__MODEL", "no-such-folder")],
    ] {
        let output =
            groundwire(&["serve", "--listen", "127.0.0.1:0", "--admin", "off"], "upstream = \"http://h\"", environment);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "a model that is missing refuses to start: {said}");
        assert!(said.contains("no-such-folder/model.onnx"), "{said}");
    }
}

#[test]
fn what_the_command_line_gets_wrong_is_a_wrong_usage() {
    for arguments in [&["serve"][..], &["serve", "--config", "g.toml", "--policy", "gentel"]] {
        let output = groundwire(arguments, "upstream = \"http://h\"", &[]);
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // The same in the file, or in the environment, is a configuration that fails.
    for (text, environment) in [
        ("upstream = \"http://h\"\npolicy = \"gentel\"", &[][..]),
        ("upstream = \"http://h\"", &[("GROUNDWIRE_POLICY", "gentel")]),
    ] {
        let output = groundwire(&["serve", "--config", "g.toml"], text, environment);
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
