//! What the demonstration plays: six turns of its own, or those of a file.

use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cli::line;
use crate::error::{Error, Result};
use crate::wire::Dialect;

/// One turn to play.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// What it shows.
    pub(super) label: String,
    pub(super) kind: Kind,
}

/// How the request of a turn is made.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// The user opens a conversation with this.
    Open(String),
    /// The user goes on with this.
    Continue(String),
    /// A program asks for structured output.
    Machine(String),
    /// Messages as given, in one conversation of their own.
    Messages(String),
    /// A request body as given.
    Body(Vec<u8>),
    /// A line that is neither; why.
    Wrong { line: usize, why: String },
}

/// The built-in turns. None of them is in any training set; a test looks.
pub(super) const TURNS: [(&str, Turn); 6] = [
    ("a clear question", Turn::Open("Which planet in our solar system has the shortest day?")),
    ("a request that leaves things open", Turn::Open("Book us a table for Friday evening.")),
    ("the answer to the question", Turn::Continue("Four people at 7:30 pm, at Osteria Lucca on Mill Street.")),
    ("thanks", Turn::Continue("Splendid, that settles our Friday. Thank you!")),
    ("a text that is not there", Turn::Open("Proofread the cover letter I attached.")),
    ("a program's call", Turn::Machine("Book us a table for Friday evening.")),
];

/// A built-in turn.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    Open(&'static str),
    Continue(&'static str),
    Machine(&'static str),
}

pub(super) fn builtin() -> Vec<Step> {
    let step = |(label, turn): (&str, Turn)| Step {
        label: label.to_owned(),
        kind: match turn {
            Turn::Open(text) => Kind::Open(text.to_owned()),
            Turn::Continue(text) => Kind::Continue(text.to_owned()),
            Turn::Machine(text) => Kind::Machine(text.to_owned()),
        },
    };
    TURNS.into_iter().map(step).collect()
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    messages: &'a RawValue,
    model: Option<&'a RawValue>,
}

/// The turns of a file: a line each.
///
/// A line that begins with `{` is a request body, or `{"messages":[…]}` alone; any other line is what a user types,
/// opening a conversation or, where `conversation` is set, going on with the one before it. Empty lines are passed over.
/// A line that begins with `{` and cannot be understood is a step of its own that says why.
///
/// # Errors
/// If the file cannot be read, or holds nothing.
pub(super) fn from_file(path: &Path, conversation: bool) -> Result<Vec<Step>> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Error::io(format!("{} cannot be read as UTF-8 text", path.display())).with(e))?;
    let mut steps = Vec::new();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let kind = if line.trim_start().starts_with('{') {
            match serde_json::from_str(line) {
                Ok(Line { model: Some(_), .. }) => Kind::Body(line.as_bytes().to_vec()),
                Ok(Line { messages, .. }) if Dialect::OpenAiChat.read(line.as_bytes()).is_ok() => {
                    Kind::Messages(messages.get().to_owned())
                }
                _ => Kind::Wrong { line: i + 1, why: line::wrong(line.as_bytes()) },
            }
        } else if conversation && !steps.is_empty() {
            Kind::Continue(line.trim().to_owned())
        } else {
            Kind::Open(line.trim().to_owned())
        };
        steps.push(Step { label: format!("line {}", i + 1), kind });
    }
    if steps.is_empty() {
        return Err(Error::config(format!("{} holds no turn; write one a line", path.display())));
    }
    Ok(steps)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    fn steps(text: &str, conversation: bool) -> Result<Vec<Step>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        from_file(file.path(), conversation)
    }

    #[test]
    fn lines_are_turns_bodies_or_messages() {
        let all = steps(
            "hello\n\n{\"messages\":[{\"role\":\"user\"}]}\n{\"model\":\"m\",\"messages\":[]}\nand then?\n",
            true,
        )
        .unwrap();
        let kinds: Vec<_> = all.iter().map(|step| format!("{:?}", step.kind)).collect();
        assert!(kinds[0].starts_with("Open") && kinds[1].starts_with("Messages") && kinds[2].starts_with("Body"));
        assert!(kinds[3].starts_with("Continue"), "{kinds:?}");
        assert_eq!(all[3].label, "line 5");
    }

    #[test]
    fn a_bad_line_says_why_and_the_others_stay() {
        let all = steps("ok\n{\"message\":1}\nfine\n", false).unwrap();
        assert_eq!(all.len(), 3);
        assert!(
            matches!(&all[1].kind, Kind::Wrong { line: 2, why } if why.contains("\"messages\" is missing")),
            "{all:?}"
        );
        assert!(steps("\n \n", false).unwrap_err().to_string().contains("holds no turn"));
    }
}
