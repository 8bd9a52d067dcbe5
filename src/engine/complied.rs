//! Whether a reply does what its instruction asked for, as far as its form shows.
//!
//! Two witnesses: the wording at both ends of the reply, and the acts that the classifier reads in it, where it does. A
//! reply is only said not to comply where both could have seen it. What no form shows (that everything asked for was kept in
//! mind, that evidence was given) is not judged.

use crate::dialogue::{AssistantAct, GroundingAct};
use crate::wire::Ends;

/// What the wording of a reply shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signs {
    /// A sentence in it is a question.
    asks: bool,
    /// Its last sentence is a question.
    ends_asking: bool,
    /// It begins by saying which reading or value it takes.
    assumes: bool,
    /// It ends by offering something.
    offers: bool,
}

/// How far from the beginning an assumption is looked for, in bytes: the instruction asks for it first, in one clause.
const OPENING: usize = 320;

/// Ways to say, in English, which reading or value one takes. In lower case, apostrophes straight.
const ASSUMING: [&str; 30] = [
    "assum",
    "presum",
    "suppos",
    "i'll take",
    "i will take",
    "i take ",
    "i'm taking",
    "i am taking",
    "taking ",
    "taken as",
    "taken to mean",
    "interpret",
    "i'll read",
    "i read ",
    "reading ",
    "i'll treat",
    "treating ",
    "i'll use",
    "i'll go with",
    "going with",
    "i'm going by",
    "i'll consider",
    "if you mean",
    "if you meant",
    "by which i understand",
    "i understand ",
    "understood as",
    "on the basis",
    "in case you mean",
    "i have in mind",
];

/// Ways to offer what could come next.
const OFFERING: [&str; 8] = [
    "let me know",
    "would you like",
    "do you want",
    "want me to",
    "shall i",
    "i can also",
    "happy to",
    "if you'd like",
];

impl Signs {
    /// What the two ends of a reply show.
    pub(super) fn of(reply: &Ends) -> Self {
        let (head, tail) = (plain(reply.head()), plain(reply.tail()));
        // A short reply is all head.
        let end = if tail.trim().is_empty() { &head } else { &tail };
        let opening = &head[..head.floor_char_boundary(OPENING)];
        let last = last_sentences(end);
        Self {
            asks: asks(&head) || asks(&tail),
            ends_asking: asks(end) && ends_asking(end),
            assumes: ASSUMING.iter().any(|words| opening.contains(words)),
            offers: OFFERING.iter().any(|words| last.contains(words)),
        }
    }
}

/// Whether a complete reply does what `act` asked for; `None` where its form cannot show it. `acts` are those that the
/// classifier reads in the reply, `None` where it does not.
pub(super) fn complied(act: GroundingAct, signs: Signs, acts: Option<&[AssistantAct]>) -> Option<bool> {
    use AssistantAct::{
        Acknowledgment, Answer, Assumption, Clarification, Concession, FollowUp, Reflection, UnderstandingCheck,
    };
    let shows = |any: &[AssistantAct]| acts.is_some_and(|acts| acts.iter().any(|act| any.contains(act)));
    match act {
        // A question behind an answer is an offer, not what was asked for.
        GroundingAct::Clarify | GroundingAct::Check => {
            Some(shows(&[Clarification, UnderstandingCheck]) || signs.asks && !shows(&[Answer, FollowUp]))
        }
        GroundingAct::Assume => Some(shows(&[Assumption]) || signs.assumes),
        GroundingAct::FollowUp => Some(shows(&[FollowUp]) || signs.ends_asking || signs.offers),
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

/// The prose of a text, in lower case: without blocks of code, which hold question marks of their own.
fn plain(text: &str) -> String {
    // What stands between two fences is code; of one that is never closed, all that follows.
    let prose: String = text.split("```").step_by(2).collect::<Vec<_>>().join("\n");
    prose.to_lowercase().replace('\u{2019}', "'")
}

/// Whether a sentence of `prose` is a question: a question mark ends a word, and nothing but marks follows it.
fn asks(prose: &str) -> bool {
    prose.match_indices(['?', '\u{ff1f}', '\u{61f}']).any(|(at, mark)| {
        let before = prose[..at].chars().next_back();
        let after = prose[at + mark.len()..].chars().find(|c| !closes(*c));
        // Scripts with a question mark of their own set no space behind it.
        before.is_some_and(|c| !c.is_whitespace()) && (mark != "?" || after.is_none_or(char::is_whitespace))
    })
}

/// Whether `prose` ends with a question.
fn ends_asking(prose: &str) -> bool {
    prose.trim_end().trim_end_matches(closes).ends_with(['?', '\u{ff1f}', '\u{61f}'])
}

/// Marks that may stand behind the end of a sentence.
fn closes(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '*' | '_' | '\u{201d}' | '\u{bb}' | '?' | '!' | '<' | '/')
}

/// The last two sentences or so.
fn last_sentences(prose: &str) -> &str {
    let prose = prose.trim_end();
    &prose[prose.ceil_char_boundary(prose.len().saturating_sub(200))..]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;
    use crate::wire::{Dialect, ResponseReader};

    /// The ends of a reply, as they are kept when it passes.
    fn ends(text: &str) -> Ends {
        let headers =
            HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let mut reader = ResponseReader::new(Dialect::Ollama, StatusCode::OK, &headers);
        reader.feed(serde_json::json!({"response": text, "done": true}).to_string().as_bytes());
        reader.finish().text
    }

    fn by_words(act: GroundingAct, reply: &str) -> Option<bool> {
        complied(act, Signs::of(&ends(reply)), None)
    }

    #[test]
    fn a_question_is_told_by_its_words() {
        let long = "It depends on where you are. ".repeat(80);
        for reply in [
            "Which city do you mean?",
            "Which one do you mean: \"the first\", or \"the second?\"",
            "**Which city?**\n\n- Lisbon\n- Porto\n- something else",
            "Do you mean this?\n```sh\nls\n```\n",
            "どの都市ですか？東京を仮定します。",
            &format!("{long}\n\nWhere do you live?"),
            &format!("Where do you live? {long}"),
        ] {
            assert_eq!(by_words(GroundingAct::Clarify, reply), Some(true), "{reply}");
        }
        for reply in [
            "Lisbon is lovely in May.",
            "See https://example.org/?q=1 and a ? b : c.",
            "Run this:\n```c\nx = a? b : c; // what?\n```\nThat is all.",
            "```\nwhat?",
            "",
            &long,
        ] {
            assert_eq!(by_words(GroundingAct::Clarify, reply), Some(false), "{reply}");
        }
    }

    #[test]
    fn an_assumption_is_told_by_its_beginning() {
        for reply in [
            "Assuming you mean the planet: it has no moon.",
            "I\u{2019}ll take \u{201c}it\u{201d} to be the report. Here is the summary.",
            "Taking May as the month, go to Lisbon.",
            "If you mean Python 3, use pathlib.",
            "Sure. I'm going with US dollars here.",
        ] {
            assert_eq!(by_words(GroundingAct::Assume, reply), Some(true), "{reply}");
        }
        let late = format!("{} I assume you are fine with that.", "It has three parts. ".repeat(40));
        for reply in ["Mercury has no moon.", &late] {
            assert_eq!(by_words(GroundingAct::Assume, reply), Some(false), "{reply}");
        }
    }

    #[test]
    fn acts_that_were_read_count_too() {
        use AssistantAct::{Acknowledgment, Advice, Answer, Assumption, Clarification, FollowUp, Reflection};
        for (act, reply, acts, wanted) in [
            (GroundingAct::Clarify, "Tell me which city you mean.", &[Clarification][..], Some(true)),
            (GroundingAct::Clarify, "Go to Lisbon. Shall I book it?", &[Answer, FollowUp], Some(false)),
            (GroundingAct::Clarify, "Which city?", &[], Some(true)),
            (GroundingAct::Check, "So by train, yes?", &[Acknowledgment], Some(true)),
            (GroundingAct::Assume, "For a family of four, take the train.", &[Assumption, Answer], Some(true)),
            (GroundingAct::Assume, "Take the train.", &[Answer], Some(false)),
            (GroundingAct::Reflect, "That sounds hard.", &[Reflection], Some(true)),
            (GroundingAct::Reflect, "Try to sleep more.", &[Advice], Some(false)),
            (GroundingAct::FollowUp, "It is 42. Let me know if you want the proof.", &[Answer], Some(true)),
            (GroundingAct::FollowUp, "It is 42.", &[Answer], Some(false)),
            (GroundingAct::Recap, "It is 42.", &[Answer], None),
        ] {
            assert_eq!(complied(act, Signs::of(&ends(reply)), Some(acts)), wanted, "{act}: {reply}");
        }
        assert_eq!(by_words(GroundingAct::Reflect, "That sounds hard."), None, "nobody has read it");
        assert_eq!(by_words(GroundingAct::Repair, "You are right."), None);
    }
}
