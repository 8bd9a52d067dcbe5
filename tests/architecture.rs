//! The layout holds: modules import only downward, files open with their purpose, and none outgrows its reader.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// The layers of `src/`, lowest first; each imports only from those before it (and from itself).
///
/// The same list stands in `src/manual/architecture.md`.
const LAYERS: [&str; 17] = [
    "error",
    "stats",
    "dialogue",
    "wire",
    "classify",
    "policy",
    "experiment",
    "act",
    "observe",
    "engine",
    "layer",
    "audit",
    "report",
    "config",
    "proxy",
    "cli",
    "main",
];

fn sources(folder: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    found.sort();
    assert!(!found.is_empty(), "no source under {folder}");
    found
}

fn name(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string()
}

/// `src/wire/chat.rs` and `src/wire/mod.rs` are both of the module `wire`.
fn module(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_import_only_downward() {
    let mut wrong = Vec::new();
    for path in sources("src") {
        let module = module(&path);
        if module == "lib" || module == "manual" {
            continue;
        }
        let Some(level) = LAYERS.iter().position(|layer| *layer == module) else {
            wrong.push(format!("{}: the module {module} is in no layer", name(&path)));
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        // What tests import is their own affair.
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for (i, line) in code.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for (at, _) in line.match_indices("crate::") {
                let rest = &line[at + "crate::".len()..];
                let used: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if LAYERS.iter().position(|layer| *layer == used).is_some_and(|other| other > level) {
                    wrong.push(format!("{}:{}: {module} imports {used} from above", name(&path), i + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_with_its_purpose() {
    let files = sources("src").into_iter().chain(sources("tests"));
    let silent: Vec<_> =
        files.filter(|path| !fs::read_to_string(path).unwrap().starts_with("//!")).map(|path| name(&path)).collect();
    assert!(silent.is_empty(), "no `//!` on the first line: {silent:?}");
}

#[test]
fn no_file_outgrows_its_reader() {
    let mut lengths: Vec<(usize, String)> =
        sources("src").iter().map(|path| (fs::read_to_string(path).unwrap().lines().count(), name(path))).collect();
    lengths.sort();
    let (longest, file) = lengths.last().unwrap();
    assert!(*longest <= 500, "{file} has {longest} lines; the most is 500");
    let median = lengths[lengths.len() / 2].0;
    assert!(median < 150, "the median file has {median} lines; aim for under 150");
}

#[test]
fn the_manual_states_the_same_layers() {
    let manual = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/manual/architecture.md")).unwrap();
    let mut from = 0;
    for layer in LAYERS {
        let row = format!("| `{layer}` |");
        let at = manual[from..].find(&row).unwrap_or_else(|| panic!("architecture.md has no row {row:?} in its place"));
        from += at;
    }
}
