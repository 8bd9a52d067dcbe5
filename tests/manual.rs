//! The manual names every key that the configuration takes, and no other. The command itself is asked which those are.
//! Every block in it is what it says it is, and every file that it names is there.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
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
    for (name, table) in
        example.iter().filter(|(name, value)| value.is_table() && !["policies", "phrases"].contains(&name.as_str()))
    {
        assert_eq!(keys(table.as_table().unwrap()), accepted(&format!("[{name}]"), "", ""), "[{name}]");
        tables += 1;
    }
    assert_eq!(tables, 8);
    let routed = example["upstreams"].as_array().unwrap();
    assert_eq!(keys(routed[0].as_table().unwrap()), accepted("[[upstreams]]", "", ""));
    assert_eq!(keys(example["routes"][0].as_table().unwrap()), accepted("[[routes]]", "", ""));
    assert_eq!(named("## Policies"), accepted("[policies.p]", "", ""));
    assert_eq!(named("## Rules"), accepted("[policies.p]", "rules = [{ act = \"clarify\", ", " }]"));
    // `only-if` takes a rule's conditions, and `utility` and `budget` what their rows name.
    let conditions = accepted("[policies.p]\nrules = []", "only-if = { ", " }");
    assert!(conditions.len() > 20 && conditions.is_subset(&named("## Rules")), "{conditions:?}");
    for table in ["utility", "budget"] {
        let row = MANUAL.lines().find(|line| line.starts_with(&format!("| `{table}` |"))).unwrap();
        for key in accepted("[policies.p]\nrules = []", &format!("{table} = {{ "), " }") {
            assert!(row.contains(&format!("`{key}`")), "{table} has no {key}");
        }
    }
}

/// The keys that the tables of a section name.
fn named(section: &str) -> BTreeSet<String> {
    let (_, text) = MANUAL.split_once(&format!("\n{section}\n")).unwrap();
    let (text, _) = text.split_once("\n## ").unwrap();
    let first_cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let keys = first_cells.flat_map(|cell| cell.split(", ").filter_map(|key| key.strip_prefix('`')?.strip_suffix('`')));
    keys.map(str::to_owned).collect()
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
    for (name, table) in
        whole.iter().filter(|(name, value)| value.is_table() && !["policies", "phrases"].contains(&name.as_str()))
    {
        assert_eq!(keys(table.as_table().unwrap()), accepted(&format!("[{name}]"), "", ""), "[{name}]");
    }
    assert_eq!(keys(whole["upstreams"][0].as_table().unwrap()), accepted("[[upstreams]]", "", ""));
    assert_eq!(keys(whole["routes"][0].as_table().unwrap()), accepted("[[routes]]", "", ""));
    // Each key that is not commented out stands at its default, but for the upstream, which has none, and a policy that is
    // not in use.
    let values = |said: &str| {
        let said: toml::Table = said.strip_prefix("ok\n").unwrap().parse().unwrap();
        said.into_iter().filter(|(name, _)| name != "policies" && name != "phrases").collect::<toml::Table>()
    };
    let bare = checked(&format!("upstream = {}", whole["upstream"]));
    assert_eq!(values(&checked(EXAMPLE)), values(&bare));
}

/// The README and the manual's pages: path and text.
fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manual = fs::read_dir(root.join("src/manual")).unwrap().map(|entry| entry.unwrap().path());
    let pages = manual.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let pages = pages.chain([root.join("README.md")]);
    pages.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The fenced blocks of a page: what each says it is, and its content.
fn blocks(text: &str) -> Vec<(&str, String)> {
    let mut lines = text.lines();
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let content: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((language, content.join("\n") + "\n"));
        }
    }
    blocks
}

#[test]
fn every_block_is_what_it_says_it_is() {
    let folder = TempDir::new().unwrap();
    let mut checked = BTreeSet::new();
    for (page, text) in pages() {
        for (language, content) in blocks(&text) {
            let place = format!("{}: {content}", page.display());
            match language {
                // Doctests.
                "rust" | "rust,no_run" => {}
                "text" => {}
                "toml" if content.contains("[dependencies]") => drop(content.parse::<toml::Table>().expect(&place)),
                "toml" => is_configuration(folder.path(), &content, &place),
                "console" => is_shell(&content, &place),
                "json" => drop(serde_json::from_str::<serde_json::Value>(&content).expect(&place)),
                _ => panic!("a block of {language:?}, which nothing checks: {place}"),
            }
            checked.insert(language.to_owned());
        }
    }
    assert!(["rust", "toml", "console"].iter().all(|language| checked.contains(*language)), "{checked:?}");
}

/// `check` looks at every file that is named. In their place it finds certificates and keys that are good for tests.
fn is_configuration(folder: &Path, content: &str, place: &str) {
    let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    let secret = folder.join("secret");
    fs::write(&secret, "0123456789abcdef0123456789abcdef").unwrap();
    let quoted = content.split('"').enumerate().map(|(i, text)| match text {
        text if i % 2 == 0 => text.to_owned(),
        text if text.starts_with("file:/") => format!("file:{}", secret.display()),
        text if text.starts_with('/') && text.ends_with(".key") => stand_ins.join("server.key").display().to_string(),
        text if text.starts_with('/') && text.ends_with(".pem") => stand_ins.join("server.pem").display().to_string(),
        text => text.to_owned(),
    });
    let content = &quoted.collect::<Vec<_>>().join("\"");
    let file = folder.join("g.toml");
    fs::write(&file, content).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_groundwire"));
    check.arg("check").arg(&file);
    for name in content.split("env:").skip(1).filter_map(|rest| rest.split('"').next()) {
        check.env(name, "0123456789abcdef0123456789abcdef");
    }
    if !content.contains("upstream = ") {
        check.args(["--upstream", "http://upstream.invalid"]);
    }
    let output = check.output().unwrap();
    assert!(output.status.success(), "{place}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// What stands behind the prompt is parsed by a shell, and every `groundwire …` of it is one of its commands.
fn is_shell(content: &str, place: &str) {
    let mut script = String::new();
    let mut continues = false;
    for line in content.lines().filter(|line| !line.is_empty()) {
        let typed = line.strip_prefix("$ ").or(continues.then_some(line));
        // Else it is what the command prints.
        let Some(typed) = typed else { continue };
        continues = typed.ends_with('\\');
        script.push_str(typed);
        script.push('\n');
    }
    assert!(!script.is_empty() && !continues, "nothing is typed, or half of it: {place}");
    let output = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
    assert!(output.status.success(), "{place}\n{}", String::from_utf8_lossy(&output.stderr));
    let words: Vec<&str> = script.split_whitespace().collect();
    for pair in words.windows(2).filter(|pair| pair[0] == "groundwire") {
        let help = Command::new(env!("CARGO_BIN_EXE_groundwire")).args([pair[1], "--help"]).output().unwrap();
        assert!(help.status.success(), "groundwire {} is no command: {place}", pair[1]);
    }
}

#[test]
fn every_file_that_is_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (page, text) in pages() {
        let linked = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for link in linked.filter(|link| !link.contains("://") && !link.is_empty()) {
            assert!(page.parent().unwrap().join(link).exists(), "{}: no {link}", page.display());
        }
        let quoted = text.split('`').skip(1).step_by(2);
        let files = ["tests/", "src/", "examples/", "models/", ".ci/"];
        for name in quoted.filter(|name| files.iter().any(|folder| name.starts_with(folder)) && !name.contains(' ')) {
            assert!(root.join(name).exists(), "{}: no {name}", page.display());
        }
    }
}

#[test]
fn every_page_is_in_rustdoc_and_linked_from_the_readme() {
    let listed = include_str!("../src/manual/mod.rs");
    let readme = include_str!("../README.md");
    for (page, _) in pages() {
        let name = page.file_name().unwrap().to_str().unwrap();
        if name != "README.md" {
            assert!(listed.contains(&format!("include_str!(\"{name}\")")), "rustdoc has no {name}");
            assert!(readme.contains(&format!("(src/manual/{name})")), "the README does not link {name}");
        }
    }
}
