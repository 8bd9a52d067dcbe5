//! `groundwire plan` and `groundwire report`: what they say of known rows, and of files that are wrong.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use groundwire::experiment::{Design, Name, UnitRow, Value};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value as Json;
use tempfile::TempDir;

const HOUR: u64 = 3_600_000;

fn groundwire(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_groundwire")).args(arguments).output().unwrap()
}

fn said(arguments: &[&str]) -> String {
    let output = groundwire(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn complained(arguments: &[&str]) -> String {
    let output = groundwire(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Rows of an experiment of 400 hours in which `careful` resolves `effect` more; one unit in four triggers.
fn rows(name: &str, version: u32, units: u64, effect: f64) -> String {
    let mut random = ChaCha8Rng::seed_from_u64(units);
    let arms = BTreeMap::from([("control".to_owned(), 50), ("careful".to_owned(), 50)]);
    let design = Design { horizon: 3000, ..Design::new(name, version, arms) };
    let mut out = serde_json::json!({ "design": design }).to_string() + "\n";
    for i in 0..units {
        let careful = random.random_bool(0.5);
        let mut row = UnitRow {
            unit: format!("{i:032x}"),
            arm: if careful { "careful" } else { "control" }.to_owned(),
            enrolled: i * 400 * HOUR / units,
            conversations: random.random_range(1..5),
            ..UnitRow::default()
        };
        if random.random_bool(0.25) {
            row.triggered = Some(row.enrolled + HOUR);
            row.asked = careful && random.random_bool(0.8);
            row.answered = row.asked && random.random_bool(0.7);
            let resolved = random.random_bool(0.6 + if careful { effect } else { 0.0 });
            let turns = f64::from(random.random_range(2..6));
            let outcomes: [(&'static str, Value); 4] = [
                ("resolved", Value::Flag(resolved)),
                ("tokens", Value::Ratio([turns * random.random_range(200.0..900.0), turns])),
                ("abandoned", Value::Flag(row.asked && random.random_bool(0.05))),
                ("first_token", Value::Times(vec![(random.random_range(150..170), 3)])),
            ];
            row.outcomes = outcomes.into_iter().map(|(name, value)| (Name::Borrowed(name), value)).collect();
        }
        writeln!(out, "{}", serde_json::to_string(&row).unwrap()).unwrap();
    }
    out
}

fn file(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("units.jsonl");
    std::fs::write(&path, text).unwrap();
    path
}

fn show(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Text, JSON and page say the same.
#[test]
fn one_standing_in_three_forms() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, &rows("ask-or-assume", 2, 12_000, 0.1));
    let at = (450 * 3600).to_string();
    let text = said(&["report", "--rows", show(&path), "--at", &at]);
    let json: Json = serde_json::from_str(&said(&["report", "--rows", show(&path), "--at", &at, "--json"])).unwrap();
    let page = folder.path().join("report.html");
    said(&["report", "--rows", show(&path), "--at", &at, "--html", show(&page)]);
    let page = std::fs::read_to_string(page).unwrap();

    // One unit in twenty leaves after a question: the effect is bought.
    assert_eq!(json["verdict"]["kind"], "costly", "{text}");
    let sentence = json["verdict"]["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("careful is better than control in resolved") && sentence.ends_with("worse in abandoned.")
    );
    assert!(text.replace('\n', " ").contains(sentence) && page.contains(sentence));
    let comparison = &json["primary"]["comparisons"][0];
    let effect = comparison["effect"].as_f64().unwrap();
    assert!((effect - 0.1).abs() < 0.05 && comparison["better"] == true);
    assert!(
        text.contains(&format!("{:+.1} points", 100.0 * effect))
            && page.contains(&format!("{:+.1} points", 100.0 * effect))
    );
    let looks = comparison["looks"].as_array().unwrap();
    assert!(looks.len() > 100 && looks.len() <= 200, "{}", looks.len());
    assert_eq!(page.matches("<tr><th scope=\"row\">1970-01-").count(), looks.len(), "the data behind the plot");
    let times: Vec<u64> = looks.iter().map(|look| look["at"].as_u64().unwrap()).collect();
    assert!(times.is_sorted() && *times.last().unwrap() <= 450 * HOUR);
    let sum =
        |which: &str| json["funnel"].as_array().unwrap().iter().map(|arm| arm[which].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("enrolled"), 12_000);
    assert!(sum("triggered") == sum("ripe") && sum("asked") > sum("answered") && sum("answered") > 0);
    for nothing in ["<script", "http://", "https://", "src=", "url("] {
        assert!(!page.contains(nothing), "the page loads nothing, and has no {nothing}");
    }
}

#[test]
fn what_happens_later_is_not_known_yet() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, &rows("a", 1, 4000, 0.0));
    let standing = |hours: u64| -> Json {
        let at = (hours * 3600).to_string();
        serde_json::from_str(&said(&["report", "--rows", show(&path), "--at", &at, "--json"])).unwrap()
    };
    let early = standing(20);
    assert_eq!(early["verdict"]["kind"], "too-early");
    assert!(early["health"]["unripe"].as_u64().unwrap() > 10, "nobody's window has closed");
    assert_eq!(early["funnel"][0]["ripe"], 0);
    // What was said at an hour is what the series still says of it.
    let (middle, late) = (standing(200), standing(500));
    let last = middle["primary"]["comparisons"][0]["looks"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(late["verdict"]["kind"], "undecided");
    let now = middle["primary"]["comparisons"][0]["effect"].as_f64().unwrap();
    assert!((last["effect"].as_f64().unwrap() - now).abs() < 1e-12);
}

#[test]
fn a_planted_mismatch_is_refused() {
    let folder = TempDir::new().unwrap();
    let text = rows("a", 1, 8000, 0.2);
    // Every third unit of one arm is lost.
    let mut lost = 0;
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| {
            let careful = line.contains("\"arm\":\"careful\"");
            lost += u32::from(careful);
            !careful || lost % 3 != 0
        })
        .collect();
    let path = file(&folder, &kept.join("\n"));
    let text = said(&["report", "--rows", show(&path)]);
    assert!(text.contains("Nothing can be concluded"), "{text}");
}

#[test]
fn the_newest_version_is_reported_and_others_by_name() {
    let folder = TempDir::new().unwrap();
    let both = rows("a", 1, 400, 0.0) + &rows("a", 3, 400, 0.0) + &rows("a", 2, 400, 0.0);
    let path = file(&folder, &both);
    assert!(said(&["report", "--rows", show(&path)]).starts_with("a, version 3,"));
    assert!(said(&["report", "--rows", show(&path), "--version", "1"]).starts_with("a, version 1,"));
    let path = file(&folder, &(both + &rows("b", 1, 400, 0.0)));
    let error = complained(&["report", "--rows", show(&path)]);
    assert!(error.contains("--experiment") && error.contains("b (version 1)"), "{error}");
    assert!(said(&["report", "--rows", show(&path), "--experiment", "b"]).starts_with("b, version 1,"));
    assert!(complained(&["report", "--rows", show(&path), "--experiment", "c"]).contains("no such experiment"));
}

#[test]
fn rows_that_are_wrong_are_named() {
    let folder = TempDir::new().unwrap();
    let good = rows("a", 1, 5, 0.0);
    for (text, wants) in [
        ("".to_owned(), "there is no experiment"),
        (good.lines().nth(1).unwrap().to_owned(), "units.jsonl:1: a row stands before any design"),
        (good.clone() + "{\"unit\":1}\n", "units.jsonl:7: this is no row of a unit"),
        (good.clone() + "no\n", "units.jsonl:7: this is no row of a unit"),
        ("{\"design\":{}}\n".to_owned(), "units.jsonl:1: this is no design"),
    ] {
        let path = file(&folder, &text);
        let error = complained(&["report", "--rows", show(&path)]);
        assert!(error.contains(wants), "{wants}: {error}");
    }
    assert!(complained(&["report", "--rows", "no-such-file"]).contains("no-such-file cannot be read"));
}

#[test]
fn names_from_rows_cannot_become_markup() {
    let folder = TempDir::new().unwrap();
    let path =
        file(&folder, &rows("<img src=x onerror=alert(1)>", 1, 2000, 0.0).replace("careful", "<b>&\\\"it\\\"</b>"));
    let page = folder.path().join("r.html");
    said(&["report", "--rows", show(&path), "--html", show(&page)]);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(!page.contains("<img") && !page.contains("<b>&\"it"));
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;, version 1") && page.contains("&lt;b&gt;&amp;&quot;it"));
}

#[test]
fn a_plan_says_what_it_takes_in_words_and_numbers() {
    let asked = ["plan", "--baseline", "0.6", "--effect", "0.05", "--units-a-day", "2000"];
    let with = |more: &[&str]| said(&[&asked[..], more].concat());
    let text = with(&["--trigger-rate", "0.1"]);
    assert!(
        text.contains("one in 10.0 triggers") && text.contains("90 of a hundred never see what is tried"),
        "{text}"
    );
    let planned = |more: &[&str]| -> Json { serde_json::from_str(&with(&[more, &["--json"]].concat())).unwrap() };
    let ten = planned(&["--trigger-rate", "0.1"]);
    assert!(text.contains(&format!("horizon = {}", ten["horizon"])));
    assert_eq!(ten["enrolled"].as_f64().unwrap(), (ten["horizon"].as_f64().unwrap() / 0.1).ceil());
    let few = planned(&["--trigger-rate", "0.01"]);
    assert_eq!(few["horizon"], ten["horizon"], "what counts is the number that trigger");
    assert!(few["days"].as_f64().unwrap() > 9.0 * ten["days"].as_f64().unwrap());
    // 1 - .97^4
    let turns = planned(&["--turn-rate", "0.03", "--turns", "4"]);
    assert!((turns["plan"]["trigger_rate"].as_f64().unwrap() - 0.114_707_19).abs() < 1e-9);
    let error =
        complained(&["plan", "--baseline", "0.98", "--effect", "0.05", "--units-a-day", "9", "--trigger-rate", "1"]);
    assert!(error.contains("together must lie between 0 and 1"), "{error}");
    assert_eq!(groundwire(&asked).status.code(), Some(2), "a trigger rate, one way or the other");
}
