//! Lines of text on paper of some width: a margin with names, and values that are wrapped beside them.

use std::io::{self, Write};

use anstyle::Style;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const PLAIN: Style = Style::new();

/// Columns where nobody says how many there are: a file, a pipe.
const WIDTH: usize = 100;
/// Less is not legible, and lines may as well be broken by the terminal.
const NARROWEST: usize = 32;
/// The margin that names stand in.
const MARGIN: usize = 13;
/// Below this many columns names stand on lines of their own.
const NARROW: usize = 60;

/// How many columns the terminal has; lines longer than a hundred are hard to read on any.
pub(super) fn width() -> usize {
    let columns = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| usize::from(width.0));
    columns.clamp(NARROWEST, WIDTH)
}

/// What is written on.
pub(super) struct Paper<'a, W> {
    out: &'a mut W,
    width: usize,
    margin: usize,
    /// The name whose value comes next.
    name: Option<&'static str>,
}

impl<'a, W: Write> Paper<'a, W> {
    pub(super) fn new(out: &'a mut W, width: usize) -> Self {
        let margin = if width < NARROW { 2 } else { MARGIN };
        Self { out, width, margin, name: None }
    }

    /// What comes next belongs to this name.
    pub(super) fn name(&mut self, name: &'static str) -> io::Result<()> {
        if self.margin < MARGIN {
            return writeln!(self.out, "{BOLD}{name}{BOLD:#}");
        }
        self.name = Some(name);
        Ok(())
    }

    /// A text, wrapped; its own line ends stay.
    pub(super) fn text(&mut self, style: Style, text: &str) -> io::Result<()> {
        self.marked("", style, text)
    }

    /// A text behind a mark, which it is wrapped beside.
    pub(super) fn marked(&mut self, mark: &str, style: Style, text: &str) -> io::Result<()> {
        let indent = mark.chars().count();
        let columns = self.width.saturating_sub(self.margin + indent).max(8);
        let mut first = mark;
        let blank = " ".repeat(indent);
        for line in text.split('\n') {
            // An empty line is a line, too.
            let wrapped = textwrap::wrap(line, textwrap::Options::new(columns).break_words(true));
            for line in if wrapped.is_empty() { vec!["".into()] } else { wrapped } {
                self.line(&format!("{style}{first}{line}{style:#}"))?;
                first = &blank;
            }
        }
        Ok(())
    }

    /// Pieces side by side, as many as fit on a line.
    pub(super) fn pieces(&mut self, pieces: impl IntoIterator<Item = (Style, String)>) -> io::Result<()> {
        let columns = self.width.saturating_sub(self.margin);
        let (mut line, mut used) = (String::new(), 0);
        for (style, piece) in pieces {
            let long = textwrap::core::display_width(&piece);
            if used > 0 && used + 2 + long > columns {
                self.line(&std::mem::take(&mut line))?;
                used = 0;
            }
            if used > 0 {
                line.push_str("  ");
                used += 2;
            }
            line.push_str(&format!("{style}{piece}{style:#}"));
            used += long;
        }
        self.line(&line)
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        match self.name.take() {
            Some(name) => writeln!(self.out, "{BOLD}{name:<MARGIN$}{BOLD:#}{line}"),
            None => writeln!(self.out, "{}", format!("{:1$}{line}", "", self.margin).trim_end()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(width: usize, write: impl FnOnce(&mut Paper<'_, Vec<u8>>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut Paper::new(&mut out, width)).unwrap();
        anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string()
    }

    #[test]
    fn values_stand_beside_their_name_and_below_it_where_there_is_no_room() {
        let write = |paper: &mut Paper<'_, Vec<u8>>| {
            paper.name("act")?;
            paper.text(PLAIN, "none, since nothing is open here that a careful person would ask about at all")
        };
        assert_eq!(
            written(60, write),
            "act          none, since nothing is open here that a careful\n             person would ask about at all\n"
        );
        assert!(written(40, write).starts_with("act\n  none, since nothing is open here"));
        assert!(written(32, write).lines().all(|line| line.chars().count() <= 32));
    }

    #[test]
    fn pieces_go_on_the_next_line_whole() {
        let pieces = ["proceed 0.10", "assume 0.20", "ask 0.70"].map(|piece| (PLAIN, piece.to_owned()));
        assert_eq!(written(32, |paper| paper.pieces(pieces)), "  proceed 0.10  assume 0.20\n  ask 0.70\n");
    }
}
