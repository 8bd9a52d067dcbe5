//! Errors that point at the place in the file: line, column, the offending text, and the fix.

use std::fmt::Write;
use std::ops::Range;

use super::explain::{Place, explain, explain_syntax};
use super::redact::showable;
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
        let column = self.text[line_start..start.min(line_start + line.len())].chars().count() + 1;
        let shown = &line[..showable(line)];
        let hidden = if shown.len() < line.len() { " …" } else { "" };
        // Where the place is in what is not shown, the mark is under the dots.
        let end = line_start + shown.len();
        let (before, marked) = match start {
            at if at < end || hidden.is_empty() => {
                let at = at.min(end);
                (&self.text[line_start..at], &self.text[at..floor(self.text, span.end.min(end)).max(at)])
            }
            _ => (shown, ""),
        };
        let gap = if start >= end && !hidden.is_empty() { " " } else { "" };
        let carets = marked.chars().count().max(1);
        let gutter = number.to_string().len();
        // A tab stays one, so that the carets stand where the text does.
        let indent: String = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).chain(gap.chars()).collect();
        let mut message = format!("{}:{number}:{column}: {what}\n", self.name);
        // Writing to a string cannot fail.
        let _ = write!(
            message,
            "{0:gutter$} |\n{number} | {shown}{hidden}\n{0:gutter$} | {indent}{1}\n{0:gutter$} = {fix}",
            "",
            "^".repeat(carets)
        );
        Error::config(message)
    }

    /// An error about the value at `path`, or about its nearest table that is there.
    pub(super) fn blame_at(&self, path: &[&str], what: &str, fix: &str) -> Error {
        self.blame(locate(self.text, path), what, fix)
    }

    /// An error about the first of the tables `names` that is none: serde takes a list for one.
    pub(super) fn tables(&self, names: &[&str]) -> Result<(), Error> {
        let Ok(document) = toml::de::DeTable::parse(self.text) else { return Ok(()) };
        let lists = document.get_ref().iter().filter(|(_, value)| value.get_ref().is_array());
        match lists.map(|(key, value)| (key.get_ref(), value.span())).find(|(key, _)| names.contains(&key.as_ref())) {
            Some((key, span)) => {
                let fix = format!("write [{key}] on a line of its own, and its keys below");
                Err(self.blame(span, &format!("`{key}` must be a table, not a list"), &fix))
            }
            None => Ok(()),
        }
    }

    /// What the TOML parser or serde found.
    pub(super) fn blame_toml(&self, error: &toml::de::Error) -> Error {
        let span = error.span().unwrap_or(0..0);
        let offending = self.text.get(span.clone()).unwrap_or_default();
        let (what, fix) = match toml::de::DeTable::parse(self.text) {
            Ok(document) => explain(error.message(), &Place::of(document.get_ref(), &span), offending),
            Err(_) => explain_syntax(error.message(), offending),
        };
        self.blame(span, &what, &fix)
    }
}

/// Where the value at `path` stands; where it does not, the nearest table around it that does. A number is a place in a
/// list.
fn locate(text: &str, path: &[&str]) -> Range<usize> {
    let Ok(document) = toml::de::DeTable::parse(text) else { return 0..0 };
    let (mut table, mut span) = (document.get_ref(), 0..0);
    let mut path = path.iter();
    while let Some(name) = path.next() {
        let Some((_, value)) = table.iter().find(|(key, _)| key.get_ref() == name) else { break };
        span = value.span();
        match value.get_ref() {
            toml::de::DeValue::Table(inner) => table = inner,
            toml::de::DeValue::Array(items) => {
                let Some(item) = path.next().and_then(|at| items.get(at.parse::<usize>().ok()?)) else { break };
                span = item.span();
                let toml::de::DeValue::Table(inner) = item.get_ref() else { break };
                table = inner;
            }
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
