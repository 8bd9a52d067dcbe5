//! Errors that point at the place in the file: line, column, the offending text, and the fix.

use std::fmt::Write;
use std::ops::Range;

use super::suggest::nearest;
use crate::error::Error;

/// A configuration file's text and name.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// An error about the bytes at `span`.
    ///
    /// Looks as the compiler's do:
    ///
    /// ```text
    /// groundwire.toml:3:1: unknown key `polcy`
    ///   |
    /// 3 | polcy = "gentle"
    ///   | ^^^^^
    ///   = did you mean `policy`?
    /// ```
    pub(super) fn blame(&self, span: Range<usize>, what: &str, fix: &str) -> Error {
        let start = floor(self.text, span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text[line_start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let number = self.text[..start].matches('\n').count() + 1;
        let before = &self.text[line_start..start.min(line_start + line.len())];
        let marked = &self.text[start..floor(self.text, span.end.min(line_start + line.len())).max(start)];
        let (column, carets) = (before.chars().count() + 1, marked.chars().count().max(1));
        let gutter = number.to_string().len();
        // A tab stays one, so that the carets stand where the text does.
        let indent: String = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let mut message = format!("{}:{number}:{column}: {what}\n", self.name);
        // Writing to a string cannot fail.
        let _ = write!(
            message,
            "{0:gutter$} |\n{number} | {line}\n{0:gutter$} | {indent}{1}\n{0:gutter$} = {fix}",
            "",
            "^".repeat(carets)
        );
        Error::config(message)
    }

    /// An error about the value at `path`, or about its nearest table that is there.
    pub(super) fn blame_at(&self, path: &[&str], what: &str, fix: &str) -> Error {
        self.blame(locate(self.text, path), what, fix)
    }

    /// What the TOML parser or serde found.
    pub(super) fn blame_toml(&self, error: &toml::de::Error) -> Error {
        let span = error.span().unwrap_or(0..0);
        let (what, fix) = explain(error.message(), self.text.get(span.clone()).unwrap_or_default());
        self.blame(span, &what, &fix)
    }
}

/// Puts a message of serde's or of the parser's into our words: what is wrong, and the fix.
fn explain(message: &str, offending: &str) -> (String, String) {
    if let Some((what, fix)) = message.split_once('\n') {
        // One of ours: see `Wrong`.
        return (what.to_owned(), fix.to_owned());
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let mut first = || names.next().unwrap_or_default().to_owned();
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let kind = if message.starts_with("unknown field") { "key" } else { "value" };
        let wrong = first();
        let known: Vec<&str> = names.collect();
        let fix = match nearest(&wrong, &known) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("what may stand here: {}", known.join(", ")),
        };
        return (format!("unknown {kind} `{wrong}`"), fix);
    }
    if message.starts_with("missing field") {
        let name = first();
        return (format!("the key `{name}` is missing"), format!("add `{name} = …`"));
    }
    if message.starts_with("duplicate key") {
        return (format!("`{offending}` stands here for the second time"), "remove one of the two".to_owned());
    }
    if let Some((found, expected)) = message.rsplit_once(", expected ") {
        return (found.to_owned(), format!("expected {expected}"));
    }
    (message.to_owned(), "see the configuration reference for what may stand here".to_owned())
}

/// Where the value at `path` stands; where it does not, the nearest table around it that does.
fn locate(text: &str, path: &[&str]) -> Range<usize> {
    let Ok(document) = toml::de::DeTable::parse(text) else { return 0..0 };
    let (mut table, mut span) = (document.get_ref(), 0..0);
    for name in path {
        let Some((_, value)) = table.iter().find(|(key, _)| key.get_ref() == name) else { break };
        span = value.span();
        match value.get_ref() {
            toml::de::DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    span
}

/// The last character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
