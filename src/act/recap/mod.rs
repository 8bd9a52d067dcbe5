//! Recap: what of everything that the user said still holds.
//!
//! Models lose what is told to them piece by piece, and most of the loss is won back by saying it once more, together
//! (Laban et al., "LLMs Get Lost in Multi-Turn Conversation", 2025, section 7: recap 66.5 and 76.6 against 50.4 and 59.1).
//! So what is restated must be the user's own, in their own words and whole; and it must not bring back what they have
//! corrected or taken back since.
//!
//! No model is asked. Sentences are kept verbatim, but for courtesies and code; a value that a later turn gives anew is put
//! in the place of the old one, a part that a later turn takes back is taken out. Where it is not sure what a correction
//! corrects, both stay, in their order, and the words around them say that the later one holds.

mod correct;
mod cue;
mod frame;
mod ledger;
mod lexicon;
mod number;
mod sentence;
mod token;
mod value;
mod when;

use ledger::Statement;

use crate::dialogue::{Conversation, Role, Turn, UserAct};

/// Bytes of what is restated; of a longer list the oldest sentences are kept, since they are farthest from the tail.
const MOST: usize = 4_000;
/// Sentences that are looked at; a conversation of more is not told piece by piece.
const MOST_SENTENCES: usize = 200;
/// Bytes of a question that is quoted with its answer.
const QUESTION: usize = 300;
/// Bytes of a user's turn that are looked at.
const TURN: usize = 32 * 1024;

/// What holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recap {
    /// The user's sentences, oldest first.
    pub lines: Vec<String>,
    /// Whether some were left out for length.
    pub more: bool,
}

/// What of the user turns before the one at `at` still holds, with regard to that one, too.
///
/// The turn at `at` itself is not restated: it stands right above. `act_of` says what the user turn at a position does,
/// where somebody knows; without it, only the words tell.
pub fn recap(conversation: &Conversation<'_>, at: usize, act_of: &dyn Fn(usize) -> Option<UserAct>) -> Recap {
    let mut statements: Vec<Statement> = Vec::new();
    let mut last_assistant: Option<&Turn<'_>> = None;
    let turns = &conversation.turns[..conversation.turns.len().min(at + 1)];
    for (place, turn) in turns.iter().enumerate() {
        match turn.role {
            Role::Assistant => last_assistant = Some(turn),
            Role::User if turn.is_user_text() => {
                let text = text_of(turn);
                let question = last_assistant.take().and_then(question_of);
                take(&mut statements, place, &text, question, act_of(place));
            }
            _ => {}
        }
        statements.truncate(MOST_SENTENCES);
    }
    statements.retain(|statement| statement.turn != at);
    assemble(&statements)
}

/// Takes one user turn into account: what it corrects, and then what it says.
fn take(statements: &mut Vec<Statement>, turn: usize, text: &str, question: Option<String>, act: Option<UserAct>) {
    let sentences = sentence::sentences(text);
    let answers = question.is_some();
    // A nod to a question is an answer; to anything else it is nothing.
    let says = |place: usize, sentence: &str| {
        answers && place == 0 || !(sentence::is_courtesy(sentence) || sentence::is_asking_back(sentence))
    };
    let said: Vec<&str> =
        sentences.iter().enumerate().filter(|(place, sentence)| says(*place, sentence)).map(|(_, s)| *s).collect();
    let is_repair = act == Some(UserAct::Repair);
    let corrected = correct::apply(statements, &said, is_repair);
    for (place, sentence) in corrected.into_iter().enumerate() {
        let question = question.clone().filter(|_| place == 0);
        if let Some(sentence) = sentence {
            statements.push(Statement::new(turn, question, &sentence));
        }
    }
}

/// The lines to restate, within the bound.
fn assemble(statements: &[Statement]) -> Recap {
    let mut recap = Recap::default();
    let mut bytes = 0;
    for statement in statements {
        let line = match &statement.question {
            Some(question) => format!("(asked: {question}) {}", statement.text),
            None => statement.text.clone(),
        };
        bytes += line.len() + 3;
        if bytes > MOST {
            recap.more = true;
            break;
        }
        if !recap.lines.contains(&line) {
            recap.lines.push(line);
        }
    }
    recap
}

/// A user's turn as text, at most so much of each of its parts' ends as anybody types.
fn text_of(turn: &Turn<'_>) -> String {
    let mut all = String::new();
    for text in turn.texts() {
        let Some((head, tail)) = text.ends(TURN, TURN / 4) else { continue };
        for piece in [Some(head), tail].into_iter().flatten() {
            if !all.is_empty() {
                all.push('\n');
            }
            all.push_str(&piece);
        }
    }
    all
}

/// The question that an assistant's message ends with, with its options; `None` where it asks nothing.
fn question_of(turn: &Turn<'_>) -> Option<String> {
    if !crate::policy::asks(turn) {
        return None;
    }
    let text = turn.texts().rfind(|text| !text.is_empty())?;
    let (head, tail) = text.ends(0, 4 * QUESTION)?;
    let end = tail.unwrap_or(head);
    let mark = end.rfind(['?', '？'])?;
    let sentences = sentence::sentences(&end);
    let from = sentences.iter().position(|sentence| sentence.contains(['?', '？']))?;
    let last = sentences.iter().rposition(|sentence| sentence.contains(['?', '？']))?;
    // Options that follow as a list belong to the question.
    let listed: Vec<&str> = end[mark + 1..]
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with(['-', '*', '•']) || line.starts_with(|c: char| c.is_ascii_digit() || c == '('))
        .take(6)
        .collect();
    let mut question = sentences[from..=last].join(" ");
    if !listed.is_empty() {
        question.push(' ');
        question.push_str(&listed.join(" "));
    }
    (question.len() <= QUESTION).then_some(question).or_else(|| {
        let last = sentences[last];
        (last.len() <= QUESTION).then(|| last.to_owned())
    })
}

#[cfg(test)]
mod tests;
