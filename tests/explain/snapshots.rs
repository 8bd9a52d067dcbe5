//! What each policy that ships does with the conversations of `tests/data/explain`, to the last word.
//!
//! The files are read by people before they are committed. `WRITE_SNAPSHOTS=1` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use groundwire::policy::PRESETS;

use crate::offline::run;

/// Machines differ in the last digits of a score, and where a bar ends hangs on them.
const CLOSE: f64 = 0.011;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/explain")
}

fn conversations() -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !PRESETS.iter().any(|preset| path.ends_with(format!("{preset}.snapshot"))))
        .collect();
    found.sort();
    assert!(found.len() >= 9, "{found:?}");
    found
}

fn shown(preset: &str) -> String {
    let mut all = String::new();
    for path in conversations() {
        let output = run(&["explain", "--policy", preset, path.to_str().unwrap()], "");
        assert!(output.status.success(), "{path:?}: {}", String::from_utf8_lossy(&output.stderr));
        let name = path.file_name().unwrap().to_str().unwrap();
        all.push_str(&format!("=== {name}\n{}\n", String::from_utf8(output.stdout).unwrap()));
    }
    all
}

/// Whether two lines say the same, but for the last digits of scores and the length of bars.
fn same(a: &str, b: &str) -> bool {
    let words = |line: &str| line.split_whitespace().filter(|word| !word.starts_with('█')).map(str::to_owned).collect();
    let (a, b): (Vec<String>, Vec<String>) = (words(a), words(b));
    let score = |word: &str| word.trim_end_matches(',').parse::<f64>().ok().filter(|_| word.contains('.'));
    a.len() == b.len()
        && a.iter().zip(&b).all(|(a, b)| match (score(a), score(b)) {
            (Some(a), Some(b)) => (a - b).abs() <= CLOSE,
            _ => a == b,
        })
}

#[test]
fn every_preset_is_explained_as_it_was_reviewed() {
    for preset in PRESETS {
        let path = folder().join(format!("{preset}.snapshot"));
        let shown = shown(preset);
        if std::env::var_os("WRITE_SNAPSHOTS").is_some() {
            fs::write(&path, &shown).unwrap();
            continue;
        }
        let reviewed = fs::read_to_string(&path).unwrap();
        for (i, (now, then)) in shown.lines().zip(reviewed.lines()).enumerate() {
            assert!(same(now, then), "{preset}.snapshot:{}:\n  now  {now}\n  then {then}", i + 1);
        }
        assert_eq!(shown.lines().count(), reviewed.lines().count(), "{preset}.snapshot");
    }
}

#[test]
fn scores_may_differ_in_their_last_digits_and_nothing_else_may() {
    assert!(same("ask 0.871  ████", "ask 0.872  ███"));
    assert!(same("gap vague_goal 0.70, conflicting 0.10", "gap vague_goal 0.71, conflicting 0.10"));
    assert!(!same("ask 0.871", "ask 0.671"));
    assert!(!same("clarify by steer", "clarify by reply"));
    assert!(!same("at-most 0 < 2", "at-most 1 < 2"));
}
