//! Both engines hold the same: the same turns, the same units, whatever came first and however often.

use std::process::Command;

use tempfile::TempDir;

use crate::database::Database;
use crate::turns::{Dice, exported, records, sqlite, store, store_says};

#[test]
fn both_engines_come_to_the_same_rows_whatever_the_order() {
    let lines = records(400, 7);
    let turns = lines.iter().filter(|line| line.contains("\"dialect\"")).count();
    assert!(turns > 2000, "{turns}");
    let folder = TempDir::new().unwrap();
    let database = Database::start();
    let (file, server) = (sqlite(&folder.path().join("a.db")), database.fresh());
    for url in [&file, &server] {
        let output = store(url, &["import", "-"], &lines.join("\n"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(&format!("{turns} turns, {turns} of them new")), "{said}");
    }
    let units = store_says(&file, &["export", "--units"], "");
    assert_eq!(units.lines().count(), 402, "units, and two designs");
    same(&store_says(&server, &["export", "--units"], ""), &units, "units");
    let all = store_says(&file, &["export"], "");
    same(&store_says(&server, &["export"], ""), &all, "turns and outcomes");
    // Something happened in them.
    for seen in
        ["\"order kept\":true", "\"mixed\":true", "\"resolved\":false", "\"abandoned\":true", "\"regenerate\":[1.0"]
    {
        assert!(units.contains(seen), "{seen}");
    }

    // In another order, in three parts, one of them twice: the same units.
    let mut shuffled = lines.clone();
    let mut dice = Dice::new(3);
    (1..shuffled.len()).rev().for_each(|i| shuffled.swap(i, dice.below(i as u64 + 1) as usize));
    let other = sqlite(&folder.path().join("b.db"));
    let third = shuffled.len() / 3;
    for part in [&shuffled[third..], &shuffled[..third * 2], &lines[..2]] {
        assert!(store(&other, &["import", "-"], &part.join("\n")).status.success());
    }
    same(&store_says(&other, &["export", "--units"], ""), &units, "another order");

    // The same report, of each version, and out of a file.
    let rows = folder.path().join("units.jsonl");
    std::fs::write(&rows, &units).unwrap();
    for version in ["1", "2"] {
        let ask = |from: [&str; 2]| {
            let at = ["--version", version, "--at", "1790000000", "--json"];
            let output =
                Command::new(env!("CARGO_BIN_EXE_groundwire")).arg("report").args(from).args(at).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        let report = ask(["--store", &file]);
        assert!(report.contains("\"sentence\""), "{report}");
        same(&ask(["--store", &server]), &report, "report");
        same(&ask(["--rows", &rows.display().to_string()]), &report, "report of rows");
    }

    // Out of one engine and into the other.
    let moved = database.fresh();
    assert!(store(&moved, &["import", "-"], &all).status.success());
    same(&store_says(&moved, &["export", "--units"], ""), &units, "moved");
    let again = store(&moved, &["import", "-"], &all);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(said.contains(" 0 of them new") && said.contains("0 bad lines"), "{said}");
    same(&store_says(&moved, &["export", "--units"], ""), &units, "moved");
    // A partition a day.
    let name = moved.rsplit('/').next().unwrap().split('?').next().unwrap();
    let partitions =
        database.psql(name, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'groundwire_turns'::regclass");
    let day = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["time"].as_u64().map(|time| time / 86_400_000)
    };
    let days: std::collections::HashSet<u64> = all.lines().filter_map(day).collect();
    assert!(days.len() > 1 && partitions.trim() == days.len().to_string(), "{partitions} {days:?}");
}

#[test]
fn what_is_no_record_is_told_by_its_line_and_the_rest_is_read() {
    let folder = TempDir::new().unwrap();
    let url = sqlite(&folder.path().join("a.db"));
    let good = records(1, 1).pop().unwrap();
    let old = {
        // As records were written before attempts had an identity.
        let mut old: serde_json::Value = serde_json::from_str(&good).unwrap();
        for key in ["attempt", "total_micros", "conversation_given", "complied", "leaked", "propensity", "unit_source"]
        {
            old.as_object_mut().unwrap().remove(key);
        }
        old.to_string()
    };
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(1 << 20));
    let ancient = good.replacen("\"time\":1", "\"time\":0", 1).replace("\"time\":0", "\"time\":");
    let input =
        [&good, "", "{}", &long, "[1", &ancient, &old, &old, "{\"outcome\":\"x\",\"value\":1}", &good].join("\n");
    let output = store(&url, &["import", "-"], &input);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for wanted in [
        "-:3: this is no record",
        "-:4: this line is longer",
        "-:5: this is no JSON",
        "-:6: ",
        "-:9: an outcome is of one",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(said.contains("4 turns, 2 of them new"), "{said}");
    assert_eq!(exported(&url).len(), 2);
}

#[test]
fn a_store_that_is_none_is_told_in_words() {
    let folder = TempDir::new().unwrap();
    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is no database, and never was one at all\n".repeat(100)).unwrap();
    for (url, wanted) in [
        (sqlite(&text), "cannot be opened"),
        (sqlite(&folder.path().join("no/where.db")), "cannot be opened"),
        ("postgres://u:hunter2@127.0.0.1:1/d".to_owned(), "cannot be opened"),
    ] {
        let output = store(&url, &["status"], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains(wanted) && !said.contains("hunter2"), "{said}");
    }
    for url in ["mysql://u:hunter2@h/d", "postgres://u:hunter2@h", "groundwire.db"] {
        let output = store(url, &["status"], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
    }
}

/// Two texts are the same; where they are not, the first line that differs is shown.
fn same(left: &str, right: &str, what: &str) {
    let mut pairs = left.lines().zip(right.lines());
    if let Some((left, right)) = pairs.find(|(left, right)| left != right) {
        panic!("{what}:\n{left}\n{right}");
    }
    assert_eq!(left.len(), right.len(), "{what}");
}
