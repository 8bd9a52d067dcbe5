//! Whether a reply does what its instruction asked for, as far as its form shows.
//!
//! Two witnesses: the wording at both ends of the reply, and the acts that the classifier reads in it, where it does. Either
//! is enough, but that a question is none where the classifier sees an answer. What no form shows (that everything asked for
//! was kept in mind, that evidence was given) is not judged.

use crate::dialogue::{AssistantAct, GroundingAct};
use crate::wire::Ends;

/// What the wording of a reply shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// A sentence in it is a question.
    asks: bool,
    /// It begins by saying which reading or value it takes.
    assumes: bool,
    /// It ends by offering something.
    offers: bool,
}

/// How far from the beginning an assumption is looked for, in bytes: the instruction asks for it first, in one clause.
const OPENING: usize = 320;

/// Ways to say, in English, which reading or value one takes. In lower case, apostrophes straight. They are those that assistants
/// use in the training half of `models/corpus`.
const ASSUMING: [&str; 36] = [
    "assum",
    "presum",
    "suppos",
    "guessing",
    "interpret",
    "if you mean",
    "if you meant",
    "in case you mean",
    "i'll take",
    "i will take",
    "i take it",
    "i took",
    "i've taken",
    "i have taken",
    "i'm taking",
    "taking ",
    "taken as",
    "taken to mean",
    "i read ",
    "i'll read",
    "as i read",
    "reading it as",
    "reading that as",
    "reading this as",
    "reading \"",
    "i'll treat",
    "treating ",
    "i'll use",
    "i'll go with",
    "i'll go by",
    "i've gone for",
    "going with",
    "going by",
    "i'll consider",
    "understood as",
    "on the basis",
];

/// How an offer of what could come next begins.
const OFFERING: [&str; 19] = [
    "let me know",
    "would you like",
    "would you want",
    "would it help",
    "do you want",
    "want me to",
    "want a",
    "want two",
    "want some",
    "want the",
    "shall i",
    "shall we",
    "should i",
    "if you like",
    "if you'd like",
    "if you want",
    "if you tell me",
    "i can also",
    "happy to",
];

impl Signs {
    /// What the two ends of a reply show.
    pub(super) fn of(reply: &Ends) -> Self {
        let (head, tail) = match reply.is_cut() {
            true => (prose(reply.head(), false), prose(reply.tail(), reply.tail().matches(FENCE).count() % 2 == 1)),
            false => (prose(&[reply.head(), reply.tail()].concat(), false), String::new()),
        };
        let all: Vec<&str> = sentences(&head).chain(sentences(&tail)).collect();
        let last = all.last().copied().unwrap_or_default();
        let offers = OFFERING.iter().any(|words| last.contains(words));
        // An offer behind something else asks for nothing that is needed.
        let asking = if offers && all.len() > 1 { &all[..all.len() - 1] } else { &all[..] };
        let opening = sentences(&head[..head.floor_char_boundary(OPENING)]);
        Self {
            asks: asking.iter().any(|sentence| is_question(sentence)),
            // Who asks whether a reading is right has not taken it.
            assumes: opening
                .filter(|sentence| !is_question(sentence))
                .any(|sentence| ASSUMING.iter().any(|words| sentence.contains(words))),
            offers,
        }
    }
}

/// Whether a complete reply does what `act` asked for; `None` where its form cannot show it. `acts` are those that the
/// classifier reads in the reply, `None` where it does not.
pub(super) fn complied(act: GroundingAct, signs: Signs, acts: Option<&[AssistantAct]>) -> Option<bool> {
    use AssistantAct::{
        Acknowledgment, Advice, Answer, Assumption, Clarification, Concession, FollowUp, Reflection, UnderstandingCheck,
    };
    let shows = |any: &[AssistantAct]| acts.is_some_and(|acts| acts.iter().any(|act| any.contains(act)));
    match act {
        // A question behind an answer is an offer, not what was asked for.
        GroundingAct::Clarify | GroundingAct::Check => {
            Some(shows(&[Clarification, UnderstandingCheck]) || signs.asks && !shows(&[Answer, FollowUp, Advice]))
        }
        GroundingAct::Assume => Some(shows(&[Assumption]) || signs.assumes),
        GroundingAct::FollowUp => Some(shows(&[FollowUp]) || signs.offers),
        // No few words show these.
        GroundingAct::Reflect => acts.map(|_| shows(&[Reflection, Acknowledgment])),
        GroundingAct::Repair => acts.map(|_| shows(&[Concession, Acknowledgment, UnderstandingCheck])),
        GroundingAct::Branch
        | GroundingAct::Recap
        | GroundingAct::Consolidate
        | GroundingAct::Substantiate
        | GroundingAct::None => None,
    }
}

/// What begins and ends a block of code.
const FENCE: &str = "```";

/// The prose of a text, in lower case: without blocks of code, which hold question marks of their own. Of one that is never
/// closed, all that follows is code; the text may begin inside of one.
fn prose(text: &str, begins_inside: bool) -> String {
    let outside = text.split(FENCE).skip(usize::from(begins_inside)).step_by(2);
    outside.collect::<Vec<_>>().join("\n").to_lowercase().replace('\u{2019}', "'")
}

/// The sentences of `prose`, with the mark that ends each and what closes behind it.
///
/// A mark ends a sentence only where a word stands before it, and nothing but closing marks between it and the next space: so
/// neither `?q=1` nor `a ? b : c` is two of them. Scripts with marks of their own set no space behind those.
fn sentences(prose: &str) -> impl Iterator<Item = &str> {
    let mut rest = prose;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let mut ends = rest.match_indices(['.', '!', '?', '\n', ':', '\u{3002}', '\u{ff1f}', '\u{61f}']).filter_map(
            |(at, mark)| {
                let behind = rest[at + mark.len()..].trim_start_matches(closes);
                let end = rest.len() - behind.len();
                let is_end = !mark.is_ascii() || behind.chars().next().is_none_or(char::is_whitespace) || mark == "\n";
                let has_word = rest[..at].chars().next_back().is_some_and(|c| !c.is_whitespace());
                (is_end && has_word).then_some(end)
            },
        );
        let end = ends.next().unwrap_or(rest.len());
        let (sentence, after) = rest.split_at(end);
        rest = after;
        Some(sentence.trim())
    })
}

fn is_question(sentence: &str) -> bool {
    let marks = ['?', '\u{ff1f}', '\u{61f}'];
    sentence.trim_end_matches(|c| closes(c) && !marks.contains(&c)).ends_with(marks)
}

/// Marks that may stand behind the end of a sentence.
fn closes(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '*' | '_' | '\u{201d}' | '\u{bb}' | '?' | '!' | '\u{ff1f}' | '\u{61f}')
}

#[cfg(test)]
mod tests;
