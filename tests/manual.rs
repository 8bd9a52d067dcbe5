//! The manual names every key that the configuration takes, and no other. The command itself is asked which those are.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::process::Command;

use tempfile::TempDir;

const EXAMPLE: &str = include_str!("../examples/groundwire.toml");
const MANUAL: &str = include_str!("../src/manual/configuration.md");

/// What may stand in a table, as `check` lists it where it finds a key that is like none of them.
fn accepted(table: &str, before: &str, after: &str) -> BTreeSet<String> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("g.toml");
    std::fs::write(&file, format!("{table}\n{before}zzzzzzzzzzzz = 1{after}\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_groundwire")).arg("check").arg(&file).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    let (_, keys) = message.split_once("what may stand here: ").unwrap_or_else(|| panic!("{table}: {message}"));
    keys.trim_end().split(", ").map(str::to_owned).collect()
}

/// The example of the manual, with what is commented out in it.
fn example() -> toml::Table {
    let (_, example) = MANUAL.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("\n```").unwrap();
    whole(example).parse().unwrap()
}

/// A file with the keys that are commented out in it. What else is commented out are sentences.
fn whole(text: &str) -> String {
    let key = |line: &str| {
        let key = line.split_once(" = ").map(|(key, _)| key);
        line.starts_with('[') || key.is_some_and(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
    };
    let lines = text.lines().map(|line| line.strip_prefix("# ").filter(|rest| key(rest)).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// What `check` says of this file, which must be content with it.
fn checked(text: &str) -> String {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("g.toml");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_groundwire"));
    command.arg("check").arg(&file).env("GROUNDWIRE_KEY", "0123456789abcdef0123456789abcdef");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn keys(table: &toml::Table) -> BTreeSet<String> {
    table.keys().cloned().collect()
}

#[test]
fn every_key_is_in_the_manual_and_no_other() {
    let example = example();
    assert_eq!(keys(&example), accepted("", "", ""));
    let mut tables = 0;
    for (name, table) in example.iter().filter(|(name, value)| value.is_table() && *name != "policies") {
        assert_eq!(keys(table.as_table().unwrap()), accepted(&format!("[{name}]"), "", ""), "[{name}]");
        tables += 1;
    }
    assert_eq!(tables, 5);
    let routed = example["upstreams"].as_array().unwrap();
    assert_eq!(keys(routed[0].as_table().unwrap()), accepted("[[upstreams]]", "", ""));
    let policy = example["policies"]["careful"].as_table().unwrap();
    assert_eq!(keys(policy), accepted("[policies.p]", "", ""));
    let (_, rules) = MANUAL.split_once("## Rules").unwrap();
    let (rules, _) = rules.split_once("\n## ").unwrap();
    let first_cells = rules.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let named =
        first_cells.flat_map(|cell| cell.split(", ").filter_map(|key| key.strip_prefix('`')?.strip_suffix('`')));
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    assert_eq!(named, accepted("[policies.p]", "rules = [{ act = \"clarify\", ", " }]"));
}

#[test]
fn the_manuals_example_is_a_configuration() {
    let (_, text) = MANUAL.split_once("```toml\n").unwrap();
    let (text, _) = text.split_once("\n```").unwrap();
    checked(&text.replace("# identity-key", "identity-key"));
}

#[test]
fn the_example_file_has_every_key_and_says_what_is_so_without_it() {
    let whole: toml::Table = whole(EXAMPLE).parse().unwrap();
    assert_eq!(keys(&whole), accepted("", "", ""));
    for (name, table) in whole.iter().filter(|(name, value)| value.is_table() && *name != "policies") {
        assert_eq!(keys(table.as_table().unwrap()), accepted(&format!("[{name}]"), "", ""), "[{name}]");
    }
    assert_eq!(keys(whole["upstreams"][0].as_table().unwrap()), accepted("[[upstreams]]", "", ""));
    // Each key that is not commented out stands at its default, but for the upstream, which has none, and a policy that is
    // not in use.
    let values = |said: &str| {
        let said: toml::Table = said.strip_prefix("ok\n").unwrap().parse().unwrap();
        said.into_iter().filter(|(name, _)| name != "policies").collect::<toml::Table>()
    };
    let bare = checked(&format!("upstream = {}", whole["upstream"]));
    assert_eq!(values(&checked(EXAMPLE)), values(&bare));
}
