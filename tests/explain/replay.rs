//! `groundwire replay`: turns, rates, curves and differences on conversations whose outcome is known.

use serde_json::Value;

use crate::offline::run;

const OPEN: &str = "Book us a table for Friday evening.";
const ABSENT: &str = "Proofread the cover letter I attached.";
const CLEAR: &str = "Which planet in our solar system has the shortest day?";

fn line(id: &str, texts: &[&str], more: &str) -> String {
    let roles = ["user", "assistant"];
    let messages: Vec<Value> =
        (0..texts.len()).map(|i| serde_json::json!({"role": roles[i % 2], "content": texts[i]})).collect();
    format!(r#"{{"id":"{id}","messages":{}{more}}}"#, Value::from(messages))
}

fn corpus() -> String {
    [
        line("open", &[OPEN], r#","need":"ask""#),
        line("absent", &[ABSENT], r#","grade":2"#),
        line("clear", &[CLEAR, "Jupiter.", "And the longest?"], r#","need":"proceed""#),
        line("asked", &[OPEN, "For how many people?", "Four."], ""),
        line("program", &[OPEN], r#","response_format":{"type":"json_object"}"#),
    ]
    .join("\n")
}

fn replayed(arguments: &[&str], input: &str) -> Value {
    let arguments: Vec<&str> = ["replay", "--json"].into_iter().chain(arguments.iter().copied()).collect();
    let output = run(&arguments, input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Fields of a row, of which none holds a comma.
fn rows(arguments: &[&str], input: &str) -> Vec<Vec<String>> {
    let arguments: Vec<&str> = ["replay", "--csv"].into_iter().chain(arguments.iter().copied()).collect();
    let output = run(&arguments, input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator("\r\n").map(|row| row.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn every_user_turn_is_decided_by_every_policy() {
    let report = replayed(&["--policy", "gentle", "--policy", "off"], &corpus());
    assert_eq!((&report["conversations"], &report["turns"], &report["judged"]), (&5.into(), &7.into(), &6.into()));
    // Only the last of the seven is a program's.
    assert_eq!(report["left_alone"].as_array().unwrap().len(), 1);
    assert_eq!((&report["left_alone"][0]["count"], &report["left_alone"][0]["of"]), (&1.into(), &7.into()));
    let [gentle, off] = [&report["policies"][0], &report["policies"][1]];
    // The three openings that lack something; not the answer that follows a question, nor what is clear.
    assert_eq!((&gentle["questions"]["count"], &gentle["questions"]["of"]), (&3.into(), &6.into()));
    assert_eq!((&gentle["needed_questions"]["count"], &gentle["needed_questions"]["of"]), (&2.into(), &2.into()));
    assert_eq!((&gentle["false_questions"]["count"], &gentle["false_questions"]["of"]), (&0.into(), &1.into()));
    assert_eq!((&off["policy"], &off["acted"]["count"]), (&"off".into(), &0.into()));
    let (low, high) = (gentle["questions"]["low"].as_f64().unwrap(), gentle["questions"]["high"].as_f64().unwrap());
    assert!(0.0 < low && low < 0.5 && 0.5 < high && high < 1.0, "{low} {high}");
}

#[test]
fn last_takes_the_last_turn_of_each() {
    let report = replayed(&["--last", "--policy", "gentle"], &corpus());
    assert_eq!((&report["turns"], &report["policies"][0]["questions"]["count"]), (&5.into(), &2.into()));
}

#[test]
fn a_stricter_threshold_never_asks_more() {
    let report = replayed(&["--policy", "gentle"], &corpus());
    let curve = report["curve"].as_array().unwrap();
    let counts: Vec<u64> = curve.iter().map(|point| point["questions"]["count"].as_u64().unwrap()).collect();
    assert!(counts.len() == 19 && counts.is_sorted_by(|a, b| a >= b), "{counts:?}");
    assert!(counts[0] >= 3 && counts[18] < counts[0], "{counts:?}");
}

#[test]
fn two_policies_are_compared_turn_by_turn() {
    let report = replayed(&["--policy", "off", "--against", "gentle"], &corpus());
    let diff = &report["diff"];
    assert_eq!((&diff["policy"], &diff["against"]), (&"off".into(), &"gentle".into()));
    let turns = diff["turns"].as_array().unwrap();
    let places: Vec<_> =
        turns.iter().map(|turn| (turn["id"].as_str().unwrap(), turn["turn"].as_u64().unwrap())).collect();
    assert!(places.starts_with(&[("open", 1), ("absent", 1)]) && places.contains(&("asked", 1)), "{places:?}");
    assert!(turns[0]["against"]["reason"].as_str().unwrap().contains("ambiguity"));
    let moved: u64 = diff["moves"].as_array().unwrap().iter().map(|moved| moved["turns"].as_u64().unwrap()).sum();
    assert_eq!(moved, turns.len() as u64);
    assert_eq!(diff["different"]["count"], turns.len());
    let same = run(&["replay", "--policy", "gentle", "--against", "gentle"], &corpus());
    assert!(!same.status.success() && String::from_utf8(same.stderr).unwrap().contains("name another policy"));
}

#[test]
fn replay_and_explain_decide_alike() {
    let rows = rows(&["--policy", "gentle"], &corpus());
    assert_eq!(rows.len(), 1 + 7);
    let column = |name: &str| rows[0].iter().position(|column| column == name).unwrap();
    for row in &rows[1..] {
        let of_line = corpus().lines().nth(row[column("line")].parse::<usize>().unwrap() - 1).unwrap().to_owned();
        let mut body: Value = serde_json::from_str(&of_line).unwrap();
        let turn: usize = row[column("turn")].parse().unwrap();
        body["messages"].as_array_mut().unwrap().truncate(2 * turn - 1);
        let output = run(&["explain", "--json", "--policy", "gentle"], &body.to_string());
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        let act = if told["judgement"].is_null() { "" } else { told["record"]["act"].as_str().unwrap() };
        assert_eq!(row[column("act")], act, "{row:?}");
        let ambiguity = told["judgement"]["ambiguity"].as_f64().map_or(String::new(), |p| format!("{p:.5}"));
        assert_eq!(row[column("ambiguity")], ambiguity);
    }
}

#[test]
fn a_bad_line_is_named_and_the_others_are_replayed() {
    let input = format!(
        "{}\n{{\"messages\":[\n\n{}\n{{\"messages\":[{{\"role\":\"user\",\"content\":\"a\"}}],\"grade\":9}}\n",
        line("a", &[OPEN], ""),
        line("b", &[CLEAR], "")
    );
    let output = run(&["replay", "--json", "--policy", "gentle"], &input);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("line 2: not valid JSON: it ends in the middle of a list"), "{errors}");
    assert!(errors.contains("line 5: 9 is no need") && errors.contains("2 lines were left out"), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["conversations"], &report["left_out"]), (&2.into(), &2.into()));
}

#[test]
fn text_is_for_people_and_unknown_policies_are_refused() {
    let output = run(&["replay", "--policy", "gentle", "--against", "off"], &corpus());
    let text = String::from_utf8(output.stdout).unwrap();
    for part in
        ["7 user turns, of which 6 were judged", "asked though clear", "gentle against off", "line 1 (open), turn 1"]
    {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let output = run(&["replay", "--policy", "gentel"], &corpus());
    assert!(!output.status.success() && String::from_utf8(output.stderr).unwrap().contains("gentle"));
    let output = run(&["replay"], "\n");
    assert!(String::from_utf8(output.stderr).unwrap().contains("there is no turn to replay"));
}
