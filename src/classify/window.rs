//! The window: what of a conversation the model gets to see.
//!
//! A model of 128 tokens cannot see a conversation of 200 kB, and need not: the turn itself, head and tail, then the
//! last messages before it, newest first, then the beginning of the system prompt. What does not fit is told in a few
//! [`Mark`]s. Text is cut *before* it is tokenised, so that the cost is bounded by the window and not by the request.

use std::borrow::Cow;

use crate::dialogue::{Conversation, Part, PartKind, Role, Text, Turn};

/// Bytes of text kept at each end of the judged turn; above what 128 tokens can hold.
const TURN_BYTES: usize = 640;
/// Bytes of text kept at each end of a message before it.
pub(super) const CONTEXT_BYTES: usize = 256;
/// Messages before the turn that are offered to the window.
const CONTEXT_TURNS: usize = 8;
/// A turn longer than this many bytes counts as a long paste.
pub(super) const LONG_BYTES: usize = 700;

/// A fact about the conversation that the model is told by a token of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the documentation; the numbers are fixed by the trained model")]
pub enum Mark {
    /// The judged turn is a user's.
    JudgedUser = 1,
    /// The judged turn is an assistant's.
    JudgedAssistant = 2,
    /// A user's message before the turn begins here.
    User = 3,
    /// An assistant's message before the turn begins here.
    Assistant = 4,
    /// The system prompt begins here.
    System = 5,
    /// Text was left out here.
    Cut = 6,
    Code = 7,
    Quote = 8,
    Table = 9,
    LongText = 10,
    Image = 11,
    File = 12,
    HasSystem = 13,
    HasTools = 14,
    /// Earlier user turns: none.
    Opening = 15,
    /// Earlier user turns: one.
    Second = 16,
    /// Earlier user turns: two or three.
    Early = 17,
    /// Earlier user turns: four or more.
    Late = 18,
    /// The last assistant message ended in a question.
    AfterQuestion = 19,
    /// An image or a file was attached in an earlier message.
    EarlierFile = 20,
    /// An earlier user message holds a long text, code or a table.
    EarlierMaterial = 21,
}

impl Mark {
    /// The vocabulary entry that stands for this mark.
    pub fn token(self) -> String {
        format!("[unused{}]", self as u8)
    }

    /// Every mark.
    pub const ALL: [Mark; 21] = [
        Self::JudgedUser,
        Self::JudgedAssistant,
        Self::User,
        Self::Assistant,
        Self::System,
        Self::Cut,
        Self::Code,
        Self::Quote,
        Self::Table,
        Self::LongText,
        Self::Image,
        Self::File,
        Self::HasSystem,
        Self::HasTools,
        Self::Opening,
        Self::Second,
        Self::Early,
        Self::Late,
        Self::AfterQuestion,
        Self::EarlierFile,
        Self::EarlierMaterial,
    ];
}

/// A message cut to what a window can hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Excerpt {
    /// Who speaks.
    pub role: Role,
    /// The beginning, or all of it.
    pub head: String,
    /// The end, where the middle was left out.
    pub tail: Option<String>,
}

/// What the model gets to see, before tokenising; owned, so that it can go to another thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// The judged turn.
    pub turn: Excerpt,
    /// The messages before it, newest first.
    pub context: Vec<Excerpt>,
    /// The beginning of the system prompt.
    pub system: Option<Excerpt>,
    /// What is told rather than shown, in the order of [`Mark::ALL`].
    pub marks: Vec<Mark>,
}

impl Window {
    /// The window on the message at `at`, which must be a user's or an assistant's.
    ///
    /// `None` if there is no such message, it holds no text, or its text is not UTF-8.
    pub fn of(conversation: &Conversation<'_>, at: usize) -> Option<Self> {
        let judged = conversation.turns.get(at)?;
        let before = &conversation.turns[..at];
        let turn = excerpt(judged, TURN_BYTES)?;
        let context = context(before, |_| CONTEXT_BYTES);
        let system = system(before, CONTEXT_BYTES);
        let mut marks = vec![if judged.role == Role::Assistant { Mark::JudgedAssistant } else { Mark::JudgedUser }];
        marks.extend(turn_marks(&turn, is_long(judged)));
        if judged.has(PartKind::Image) {
            marks.push(Mark::Image);
        }
        if judged.has(PartKind::File) || judged.has(PartKind::Audio) {
            marks.push(Mark::File);
        }
        marks.extend(marks_before(conversation, before));
        Some(Self { turn, context, system, marks })
    }
}

/// The last messages of users and assistants, newest first, each with at most `bytes` of its place at each end.
pub(super) fn context(before: &[Turn<'_>], bytes: impl Fn(usize) -> usize) -> Vec<Excerpt> {
    let said = before.iter().rev().filter(|m| matches!(m.role, Role::User | Role::Assistant)).take(CONTEXT_TURNS);
    said.enumerate().filter_map(|(place, message)| excerpt(message, bytes(place))).collect()
}

pub(super) fn system(before: &[Turn<'_>], bytes: usize) -> Option<Excerpt> {
    before.iter().find(|m| m.role == Role::System).and_then(|m| excerpt(m, bytes))
}

/// What the judged turn's text holds.
pub(super) fn turn_marks(turn: &Excerpt, is_long: bool) -> impl Iterator<Item = Mark> {
    let holds = [
        (Mark::Code, has_code(turn)),
        (Mark::Quote, has_quote(turn)),
        (Mark::Table, has_table(turn)),
        (Mark::LongText, is_long),
    ];
    holds.into_iter().filter(|(_, holds)| *holds).map(|(mark, _)| mark)
}

/// What the messages before the judged turn hold.
pub(super) fn marks_before(conversation: &Conversation<'_>, before: &[Turn<'_>]) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut add = |mark, holds: bool| {
        if holds {
            marks.push(mark);
        }
    };
    add(Mark::HasSystem, before.iter().any(|m| m.role == Role::System));
    add(Mark::HasTools, conversation.tools);
    match before.iter().filter(|m| m.is_user_text()).count() {
        0 => add(Mark::Opening, true),
        1 => add(Mark::Second, true),
        2 | 3 => add(Mark::Early, true),
        _ => add(Mark::Late, true),
    }
    let last_assistant = before.iter().rev().find(|m| m.role == Role::Assistant);
    add(Mark::AfterQuestion, last_assistant.is_some_and(ends_in_question));
    add(Mark::EarlierFile, before.iter().any(|m| m.has(PartKind::Image) || m.has(PartKind::File)));
    add(Mark::EarlierMaterial, before.iter().any(|m| m.role == Role::User && is_long(m)));
    marks
}

/// Whether a message's last sentence is a question, as written.
pub fn ends_in_question(turn: &Turn<'_>) -> bool {
    let Some(text) = turn.texts().rfind(|text| !text.is_empty()) else { return false };
    let Some((head, tail)) = text.ends(0, 80) else { return false };
    let end = tail.unwrap_or(head);
    let end = end.trim_end_matches(|c: char| c.is_whitespace() || "\"')]*_.…😊🙂".contains(c));
    end.ends_with(['?', '？'])
}

fn is_long(turn: &Turn<'_>) -> bool {
    // No text is longer decoded, nor shorter than a sixth: few need to be looked at.
    let raw: usize = turn.texts().map(|text| text.raw().len()).sum();
    raw > LONG_BYTES
        && (raw > 6 * LONG_BYTES || turn.texts().map(|text| text.decoded_len()).sum::<usize>() > LONG_BYTES)
}

fn has_code(turn: &Excerpt) -> bool {
    any_piece(turn, |text| text.contains("```") || text.contains("\n    ") || text.contains("\n\t"))
}

fn has_quote(turn: &Excerpt) -> bool {
    any_piece(turn, |text| {
        let quoted = |open: char, close: char| {
            text.split_once(open)
                .and_then(|(_, rest)| rest.split_once(close))
                .is_some_and(|(inside, _)| inside.len() >= 40)
        };
        text.lines().any(|line| line.starts_with("> ")) || quoted('"', '"') || quoted('“', '”') || quoted('«', '»')
    })
}

fn has_table(turn: &Excerpt) -> bool {
    any_piece(turn, |text| text.lines().filter(|line| line.matches(['|', '\t', ';']).count() >= 2).count() >= 2)
}

fn any_piece(turn: &Excerpt, holds: impl Fn(&str) -> bool) -> bool {
    holds(&turn.head) || turn.tail.as_deref().is_some_and(holds)
}

/// A message's text with at most `bytes` at each end; `None` where it has none or it is not UTF-8.
fn excerpt(turn: &Turn<'_>, bytes: usize) -> Option<Excerpt> {
    let mut texts = turn.parts.iter().filter_map(|part| match part {
        Part::Text(text) if !text.is_empty() => Some(*text),
        _ => None,
    });
    let first = texts.next()?;
    let Some(second) = texts.next() else {
        let (head, tail) = first.ends(bytes, bytes)?;
        return Some(Excerpt { role: turn.role, head: head.into_owned(), tail: tail.map(Cow::into_owned) });
    };
    // Several texts: join what is kept of each, and cut the whole once more.
    let mut joined = String::new();
    for text in [first, second].into_iter().chain(texts) {
        let (head, tail) = text.ends(bytes, bytes)?;
        for piece in [Some(head), tail].into_iter().flatten() {
            if !joined.is_empty() {
                joined.push('\n');
            }
            joined.push_str(&piece);
        }
    }
    let (head, tail) = Text::Plain(&joined).ends(bytes, bytes)?;
    Some(Excerpt { role: turn.role, head: head.into_owned(), tail: tail.map(Cow::into_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(turns: &[(Role, &str)]) -> Window {
        let turns: Vec<_> = turns.iter().map(|&(role, text)| Turn::new(role, text)).collect();
        let at = turns.len() - 1;
        Window::of(&Conversation { turns, tools: false }, at).unwrap()
    }

    #[test]
    fn context_is_newest_first_and_the_system_prompt_apart() {
        let w = window(&[
            (Role::System, "be brief"),
            (Role::User, "hi"),
            (Role::Assistant, "Which one?"),
            (Role::User, "the red one"),
        ]);
        assert_eq!(w.turn.head, "the red one");
        assert_eq!(w.context.iter().map(|e| &*e.head).collect::<Vec<_>>(), ["Which one?", "hi"]);
        assert_eq!(w.system.unwrap().head, "be brief");
        assert_eq!(w.marks, [Mark::JudgedUser, Mark::HasSystem, Mark::Second, Mark::AfterQuestion]);
    }

    #[test]
    fn a_long_turn_keeps_head_and_tail_and_costs_no_more() {
        let text = format!("Summarise this:{}Thanks.", " lorem ipsum".repeat(100_000));
        let w = window(&[(Role::User, &text)]);
        assert!(w.turn.head.starts_with("Summarise this:") && w.turn.head.len() <= TURN_BYTES);
        assert!(w.turn.tail.as_ref().unwrap().ends_with("Thanks."));
        assert!(w.marks.contains(&Mark::LongText) && w.marks.contains(&Mark::Opening));
    }

    #[test]
    fn material_is_marked() {
        assert!(window(&[(Role::User, "fix:\n```\nlet x;\n```")]).marks.contains(&Mark::Code));
        assert!(window(&[(Role::User, "a | b | c\n1 | 2 | 3\n")]).marks.contains(&Mark::Table));
        let quote = "\"The quick brown fox jumps over the lazy dog again\" – who said it?";
        assert!(window(&[(Role::User, quote)]).marks.contains(&Mark::Quote));
        assert!(!window(&[(Role::User, "what is \"vim\"?")]).marks.contains(&Mark::Quote));
    }

    #[test]
    fn questions_are_seen_through_trailing_marks() {
        let ends = |text: &str| ends_in_question(&Turn::new(Role::Assistant, text));
        assert!(ends("Which city? 😊") && ends("**Which one?**") && ends("ok?\n"));
        assert!(!ends("Why? Because it rains."));
    }
}
