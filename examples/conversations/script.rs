//! Scripted users: what they want, how they tell it piece by piece, and what they take back. See `tests/conversations`.

use std::fs;
use std::path::Path;

use serde::Deserialize;

/// What a requirement that holds to the end stands between.
const HOLDS: [char; 2] = ['«', '»'];
/// What a value that is taken back later stands between.
const SUPERSEDED: [char; 2] = ['‹', '›'];

/// One scripted user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    /// Its name.
    pub(crate) id: String,
    /// What it is about.
    pub(crate) domain: String,
    /// What the assistant says when it does not ask, in turn.
    pub(crate) drafts: Vec<String>,
    /// What the user says, in order.
    pub(crate) turns: Vec<Said>,
}

/// One turn of a scripted user, with marks in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    /// What is said when nobody asked.
    pub(crate) says: String,
    /// The question that an assistant which asks puts before this turn.
    pub(crate) asked: Option<String>,
    /// What is said instead when it was asked.
    pub(crate) short: Option<String>,
}

#[derive(Deserialize)]
struct File {
    conversation: Vec<Script>,
}

/// The scripts of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<Script>, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let File { conversation } = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(conversation)
}

impl Script {
    /// All that must be in what is finally answered.
    pub(crate) fn valid(&self) -> Vec<&str> {
        self.turns.iter().flat_map(|turn| marked(&turn.says, HOLDS)).collect()
    }

    /// All that must not.
    pub(crate) fn superseded(&self) -> Vec<&str> {
        self.turns.iter().flat_map(|turn| marked(&turn.says, SUPERSEDED)).collect()
    }

    /// What is wrong with the script, if something is.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut wrong = |what: String| faults.push(format!("{}: {what}", self.id));
        if self.turns.len() < 3 || self.drafts.is_empty() {
            wrong("needs three turns and a draft".to_owned());
        }
        for (i, turn) in self.turns.iter().enumerate() {
            if turn.asked.is_some() != turn.short.is_some() || i == 0 && turn.asked.is_some() {
                wrong(format!("turn {i}: a question and its answer go together, and not before the first turn"));
            }
            let Some(short) = &turn.short else { continue };
            // An answer may only point to what the question offers.
            let exchange = [turn.asked.as_deref().unwrap_or_default(), short].join(" ");
            for marks in [HOLDS, SUPERSEDED] {
                let sorted = |text| {
                    let mut all: Vec<_> = marked(text, marks).into_iter().map(plain_case).collect();
                    all.sort();
                    all
                };
                if sorted(&turn.says) != sorted(&exchange) {
                    wrong(format!("turn {i}: an answer gives what would have been said, no more and no less"));
                }
            }
        }
        let valid: Vec<String> = self.valid().into_iter().map(plain_case).collect();
        for (i, turn) in self.turns.iter().enumerate() {
            for old in marked(&turn.says, SUPERSEDED).into_iter().map(plain_case) {
                let later = self.turns[i + 1..].iter().any(|turn| {
                    [Some(&turn.says), turn.asked.as_ref(), turn.short.as_ref()]
                        .into_iter()
                        .flatten()
                        .any(|text| plain_case(&unmarked(text)).contains(&old))
                });
                if later || valid.iter().any(|valid| valid.contains(&old)) {
                    wrong(format!("{old:?} is said again after it was taken back, or is part of what holds"));
                }
            }
        }
        if valid.iter().enumerate().any(|(i, one)| valid[..i].contains(one)) {
            wrong("a requirement is marked twice".to_owned());
        }
        faults
    }
}

/// The text as it is said.
pub(crate) fn unmarked(text: &str) -> String {
    text.replace([HOLDS[0], HOLDS[1], SUPERSEDED[0], SUPERSEDED[1]], "")
}

/// The text without what does not matter: case and spacing.
pub(crate) fn plain_case(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn marked(text: &str, [open, close]: [char; 2]) -> Vec<&str> {
    text.split(open).skip(1).filter_map(|rest| rest.split_once(close)).map(|(inside, _)| inside).collect()
}
