//! The shipped model judges as its card says: the headline figures, recomputed from the frozen test split through the
//! path that live traffic takes.

#![cfg(feature = "bundled")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use groundwire::classify::{Model, Scores, Window};
use groundwire::dialogue::{AssistantAct, Conversation, Label, Need, Role, Turn, UserAct};
use serde_json::Value;

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of the frozen test split, with the labels on which their readers settled.
fn test_rows() -> Vec<Value> {
    let corpus = models().join("corpus");
    let ids = json(&corpus.join("split.json"))["test"].clone();
    let ids: HashSet<&str> = ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let settled = json(&corpus.join("settled.json"));
    let mut files: Vec<_> = fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "jsonl"));
    files.sort();
    let mut rows: Vec<Value> = files.iter().flat_map(|path| lines(path)).collect();
    rows.retain(|row| ids.contains(row["id"].as_str().unwrap()));
    assert_eq!(rows.len(), ids.len(), "every id of the test split has a row");
    for row in &mut rows {
        let Some(labels) = settled.get(row["id"].as_str().unwrap()) else { continue };
        for (field, value) in labels.as_object().unwrap() {
            row[field] = value.clone();
        }
    }
    rows
}

fn judge(model: &mut Model, row: &Value) -> Scores {
    let role = |name: &Value| match name.as_str().unwrap() {
        "system" => Role::System,
        "assistant" => Role::Assistant,
        _ => Role::User,
    };
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for message in row["context"].as_array().unwrap() {
        turns.push(Turn::new(role(&message["role"]), message["content"].as_str().unwrap()));
    }
    turns.push(Turn::new(role(&row["role"]), row["text"].as_str().unwrap()));
    let at = turns.len() - 1;
    model.judge(&Window::of(&Conversation { turns, tools: false }, at).unwrap()).unwrap()
}

/// Chance that a positive's score exceeds a negative's, ties half (Mann & Whitney 1947).
fn auroc(scored: &[(f64, bool)]) -> f64 {
    let side = |which| scored.iter().filter(move |(_, positive)| *positive == which).map(|(score, _)| *score);
    let mut won = 0.0;
    for above in side(true) {
        for below in side(false) {
            won += f64::from(u8::from(above > below)) + f64::from(u8::from(above == below)) / 2.0;
        }
    }
    won / (side(true).count() * side(false).count()) as f64
}

/// F1 of one label over pairs of (true, guessed); 0 where it never occurs on either side.
fn f1(pairs: impl Iterator<Item = (bool, bool)>) -> f64 {
    let (mut hit, mut wrong) = (0.0, 0.0);
    for (truth, guess) in pairs {
        hit += f64::from(u8::from(truth && guess));
        wrong += f64::from(u8::from(truth != guess));
    }
    if hit + wrong == 0.0 { 0.0 } else { 2.0 * hit / (2.0 * hit + wrong) }
}

#[test]
fn the_card_states_what_the_shipped_model_does() {
    let mut model = Model::builtin().unwrap();
    let (mut need, mut emotion, mut acts, mut replies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in test_rows() {
        match judge(&mut model, &row) {
            Scores::User(judgement) => {
                let odds =
                    f64::from(judgement.need.get(Need::Ask)).ln() - f64::from(judgement.need.get(Need::Proceed)).ln();
                need.push((row["grade"].as_u64().unwrap(), odds, judgement.ambiguity() >= 0.5));
                emotion.push((f64::from(judgement.emotion), row["emotion"] == 1));
                acts.push((row["user_act"].as_str().unwrap().parse::<UserAct>().unwrap(), judgement.user_act.top()));
            }
            Scores::Assistant(judgement) => {
                let labels = row["assistant_acts"].as_array().unwrap().clone();
                let truth = AssistantAct::ALL.map_bool(|act| labels.iter().any(|label| label == act.as_str()));
                let guess = AssistantAct::ALL.map_bool(|act| judgement.acts.get(act) >= 0.5);
                replies.push((truth, guess));
            }
        }
    }
    let share = |of: u64| {
        let graded: Vec<_> = need.iter().filter(|(grade, ..)| *grade == of).collect();
        graded.iter().filter(|(.., asked)| *asked).count() as f64 / graded.len() as f64
    };
    let ends: Vec<_> =
        need.iter().filter(|(grade, ..)| *grade != 1).map(|(grade, odds, _)| (*odds, *grade == 2)).collect();
    let seen: Vec<UserAct> =
        UserAct::ALL.iter().copied().filter(|act| acts.iter().any(|(t, g)| t == act || g == act)).collect();
    let user_f1 =
        seen.iter().map(|act| f1(acts.iter().map(|(t, g)| (t == act, g == act)))).sum::<f64>() / seen.len() as f64;
    let reply_f1 = (0..9).map(|i| f1(replies.iter().map(|(t, g)| (t[i], g[i])))).sum::<f64>() / 9.0;
    let figures = json(&models().join("ambiguity/figures.json"));
    let card = fs::read_to_string(models().join("ambiguity/CARD.md")).unwrap();
    for (name, ours) in [
        ("need: AUROC, grade 2 against 0", auroc(&ends)),
        ("need: recall of ask", share(2)),
        ("need: false asks", share(0)),
        ("emotion: AUROC", auroc(&emotion)),
        ("user_act: accuracy", acts.iter().filter(|(t, g)| t == g).count() as f64 / acts.len() as f64),
        ("user_act: macro-F1", user_f1),
        ("assistant_act: macro-F1", reply_f1),
    ] {
        let said = figures["test"][name].as_f64().unwrap_or_else(|| panic!("figures.json does not state {name:?}"));
        assert!((said - ours).abs() <= 2e-3, "{name}: the card says {said}, the shipped model gives {ours:.4}");
        assert!(card.contains(&format!("| {name} | {said:.3} |")), "the card shows {name}");
    }
}

/// One bool a label.
trait MapBool<L> {
    fn map_bool(&self, holds: impl Fn(L) -> bool) -> Vec<bool>;
}

impl<L: Copy> MapBool<L> for [L] {
    fn map_bool(&self, holds: impl Fn(L) -> bool) -> Vec<bool> {
        self.iter().map(|label| holds(*label)).collect()
    }
}
