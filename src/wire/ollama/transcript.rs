//! Prompts of `/api/generate` that are the transcript of a conversation, as LiteLLM writes them for models that it calls so.
//!
//! Every message is a line `### User:` (or `### Assistant:`, `### System:`), its text, and a blank line. Whatever begins
//! otherwise is one text of the user's.

use crate::dialogue::{Part, Role, Text, Turn};

/// The lines that begin a message, as they stand in a JSON string.
const SPEAKERS: [(&[u8], Role); 3] =
    [(br"### User:\n", Role::User), (br"### Assistant:\n", Role::Assistant), (br"### System:\n", Role::System)];

/// What ends a message, likewise.
const BLANK: &[u8] = br"\n\n";

/// The messages of a transcript, given the inside of a JSON string; `None` where it is none.
pub(super) fn turns(prompt: &[u8]) -> Option<Vec<Turn<'_>>> {
    let mut turns = Vec::new();
    let (mut role, mut rest) = speaker(prompt)?;
    loop {
        let end = next(rest).unwrap_or(rest.len());
        let said = rest[..end].strip_suffix(BLANK).unwrap_or(&rest[..end]);
        turns.push(Turn { role, parts: vec![Part::Text(Text::Json(said))] });
        match speaker(&rest[end..]) {
            Some(next) => (role, rest) = next,
            None => return Some(turns),
        }
    }
}

fn speaker(text: &[u8]) -> Option<(Role, &[u8])> {
    SPEAKERS.iter().find_map(|(line, role)| text.strip_prefix(*line).map(|rest| (*role, rest)))
}

/// Where the next message begins: behind a blank line.
fn next(text: &[u8]) -> Option<usize> {
    let mut blanks = memchr::memmem::find_iter(text, BLANK).map(|at| at + BLANK.len());
    blanks.find(|&at| speaker(&text[at..]).is_some())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(prompt: &str) -> Option<Vec<(Role, String)>> {
        let turns = turns(prompt.as_bytes())?;
        let said = |turn: &Turn<'_>| turn.texts().map(|text| text.decode().unwrap().into_owned()).collect();
        Some(turns.iter().map(|turn| (turn.role, said(turn))).collect())
    }

    #[test]
    fn a_transcript_is_read_message_by_message() {
        let prompt = r"### System:\nBe brief.\n\n### User:\nWhich is\n\nthe largest?\n\n### Assistant:\nJupiter.\n\n### User:\nAnd?\n\n";
        let wanted = [
            (Role::System, "Be brief."),
            (Role::User, "Which is\n\nthe largest?"),
            (Role::Assistant, "Jupiter."),
            (Role::User, "And?"),
        ];
        assert_eq!(read(prompt).unwrap(), wanted.map(|(role, said)| (role, said.to_owned())));
        let one = |prompt, said: &str| assert_eq!(read(prompt).unwrap(), [(Role::User, said.to_owned())]);
        one(r"### User:\nHi ### User:\n", "Hi ### User:\n");
        one(r"### User:\n\n\n", "");
        one(r"### User:\nHi\n\n### user:\nx", "Hi\n\n### user:\nx");
    }

    #[test]
    fn anything_else_is_not() {
        for prompt in ["", "Hi", r"Hi\n\n### User:\nx", "### User: x", r"## User:\nx", "### User:"] {
            assert_eq!(read(prompt), None, "{prompt}");
        }
    }
}
