//! From every earlier version of the tables to this one, with what was in them.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::database::Database;
use crate::turns::{exported, records, sqlite, store, store_says};

/// The changes of every version, oldest first.
fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/observe/store/migrations");
    let mut scripts: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.sort();
    scripts
}

/// The tables as the version `last` made them, with a turn in them, for the engine whose lines begin with `mark`.
fn tables(last: usize, mark: &str) -> String {
    let mut sql = "CREATE TABLE groundwire_schema (version BIGINT NOT NULL PRIMARY KEY);\n".to_owned();
    for (script, version) in scripts().iter().take(last).zip(1..) {
        for line in fs::read_to_string(script).unwrap().lines() {
            match line.strip_prefix(mark) {
                Some(own) => sql.push_str(own),
                None if line.trim_start().starts_with("--") => {}
                None => sql.push_str(line),
            }
            sql.push('\n');
        }
        sql.push_str(&format!("INSERT INTO groundwire_schema (version) VALUES ({version});\n"));
    }
    sql
}

const TURN: &str = "INSERT INTO groundwire_turns (attempt, day, time, dialect, triggered, policy, config, act, delivery, \
    request_bytes, added_bytes, read_micros, own_micros, judge_micros, ending, response_bytes) VALUES (BYTES, 20601, \
    1780000000000, 'openai-chat', 0, 'gentle', '0', 'none', 'observe', 1, 0, 1, 1, 1, 'complete', 1);";
const ATTEMPT: &str = "019e7044880000000000000000000001";

#[test]
fn every_earlier_version_becomes_this_one_and_keeps_its_turns() {
    let folder = TempDir::new().unwrap();
    let database = Database::start();
    let attempt = ATTEMPT;
    let last = scripts().len();
    for version in 0..=last {
        let path = folder.path().join(format!("{version}.db"));
        let url = database.fresh();
        let name = url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
        if version > 0 {
            let connection = rusqlite::Connection::open(&path).unwrap();
            connection.execute_batch(&tables(version, "--sqlite")).unwrap();
            connection.execute_batch(&TURN.replace("BYTES", &format!("x'{attempt}'"))).unwrap();
            let partition = "CREATE TABLE groundwire_turns_20260528 PARTITION OF groundwire_turns FOR VALUES FROM (20601) TO (20602);";
            let turn = TURN.replace("BYTES", &format!("'\\x{attempt}'"));
            let said = database.psql(&name, &format!("{}{partition}{turn}", tables(version, "--postgres")));
            assert!(!said.contains("ERROR"), "{said}");
        }
        for url in [&sqlite(&path), &url] {
            if version == 0 {
                store_says(url, &["import", "-"], "");
            }
            assert!(store_says(url, &["status"], "").contains(&format!("schema      {last}\n")), "{version}");
            let turns = exported(url);
            assert_eq!(turns.len(), usize::from(version > 0));
            assert!(turns.iter().all(|turn| turn["attempt"] == attempt));
            assert!(store(url, &["import", "-"], &records(3, 1).join("\n")).status.success());
            assert_eq!(store_says(url, &["export", "--units"], "").lines().count(), 5);
        }
    }
}

#[test]
fn a_later_version_is_not_touched() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("later.db");
    store_says(&sqlite(&path), &["import", "-"], "");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("INSERT INTO groundwire_schema (version) VALUES (99)", []).unwrap();
    let output = store(&sqlite(&path), &["status"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("its schema is 99"), "{said}");
}
