//! What in a user's words says that something has changed, and what they say it has changed from.

use std::ops::Range;

use super::token::{Token, tokens};

/// Phrases that announce a change by themselves.
#[rustfmt::skip]
const STRONG: &[&str] = &[
    "actually", "instead", "make it", "make that", "make the", "make this", "scratch", "correction", "i meant",
    "on second thought", "second thoughts", "changed my mind", "changed our minds", "changed our mind", "changed her mind",
    "changed his mind", "changed their minds", "in place of", "rather than", "let's say", "let's do", "let's go with",
    "let's make", "let's use", "go with", "oh no", "my mistake", "my bad", "i was wrong", "got it wrong", "wrong way round",
    "moved it", "was moved", "been moved", "they moved", "got moved", "postponed", "rescheduled", "push it", "pushed back",
    "push back", "brought forward", "turns out", "turned out", "after all", "you know what", "prefers", "would prefer",
    "i'd prefer", "we'd prefer", "decided on", "decided to", "has decided", "have decided", "we've decided", "i've decided",
    "change the", "change it", "change that", "switch to", "switched to", "switch the", "switch it", "replace", "swap",
    "better make", "no longer", "not anymore", "any more", "anymore", "i misspoke", "i mistyped", "typo", "mixed up",
    "i mixed", "should have said", "should read", "should be", "not just", "it is now", "is now", "are now", "it's now",
    "now it's", "we're now", "revised", "updated", "update :", "new plan", "change of plan", "change of plans",
    "plans changed", "strike that", "raise it", "raise the", "lower it", "lower the", "bump it", "bump the", "cut it to",
    "reduce it", "reduce the", "increase it", "increase the", "extend it", "shorten it", "upped", "more like", "closer to",
    "forget", "never mind", "ignore what", "rename", "revert", "back to", "except make", "changed to", "correct that",
    "got it backwards", "the other way round", "the other way around",
];

/// Words that go with a change as well as with much else.
#[rustfmt::skip]
const WEAK: &[&str] = &[
    "now", "really", "only", "just", "left", "again", "checked", "measured", "weighed", "counted", "recounted", "looked",
    "forgot", "joins", "joined", "joining", "cancelled", "canceled", "dropped out", "bailed", "bad news", "good news",
    "told me", "tells me", "told us", "says", "announced", "came back to me", "got back to me", "heard back", "in the way",
    "more people", "upgraded", "offers", "offered", "chips in", "chip in", "starts later", "that day", "sold", "quit",
    "then .", "fewer", "later", "earlier", "bigger", "smaller", "lower", "higher", "longer", "shorter", "cheaper", "in all",
    "in total", "that makes", "so it's", "so we're", "so we are", "so that's", "wants", "want it", "objects", "insists",
    "too far", "too few", "too many", "too much", "too late", "too early", "too long", "too short", "too expensive",
    "too big", "too small", "is enough", "better", "hm", "hmm", "oh", "ah", "is called", "signed up", "the date is",
    "it's actually", "wrong", "mistake", "confirmed", "moved", "changed", "changes", "delayed", "sorry", "wait", "oops",
    "nope", "confused", "that one's", "closer look", "came in", "ended up", "rather", "prefer", "decided", "remembered",
    "realised", "realized", "noticed", "can't make it", "isn't coming", "is coming", "are coming", "coming too",
    "as well after",
];

/// Words by which a sentence adds to what was said rather than changing it.
#[rustfmt::skip]
const ADDS: &[&str] = &[
    "also", "additionally", "plus", "another", "extra", "add", "include", "append", "second", "third", "besides",
    "furthermore", "each", "every",
];

/// How surely a turn changes something: 0 not at all, 2 surely.
///
/// `is_repair` is what a classifier says of the turn, where one was asked.
pub(super) fn strength(sentences: &[&str], is_repair: bool) -> f32 {
    let mut found = if is_repair { 2.0 } else { 0.0 };
    for (place, sentence) in sentences.iter().enumerate() {
        let words = joined(sentence);
        let opens = |opening: &str| words.starts_with(&format!(" {opening} "));
        let strong = STRONG.iter().any(|cue| words.contains(&format!(" {cue} ")));
        let opening = place == 0
            && [
                "no ,",
                "nope",
                "wait",
                "sorry",
                "oops",
                "correction",
                "ah no",
                "oh no",
                "hold on",
                "update",
                "actually",
            ]
            .iter()
            .any(|cue| opens(cue));
        // "Turin it is."
        let inverted = words.trim_end_matches([' ', '.', '!', ',']).ends_with(" it is") || words.contains(" it is , ");
        if strong || opening || inverted {
            found += 2.0;
        }
        found += WEAK.iter().filter(|cue| words.contains(&format!(" {cue} "))).count() as f32 * 0.7;
    }
    f32::min(found, 3.0)
}

/// Whether a sentence adds to what was said.
pub(super) fn adds(sentence: &str) -> bool {
    let words = joined(sentence);
    let replaces = ["instead", "rather", "in place of", "not"].iter().any(|word| words.contains(&format!(" {word} ")));
    let at_end = ["too", "as well"].iter().any(|word| {
        words.match_indices(&format!(" {word} ")).any(|(at, said)| {
            words[at + said.len()..].trim_start().chars().next().is_none_or(|next| ".,!;".contains(next))
        })
    });
    // At the beginning and before a comma it only links.
    let words = words.strip_prefix(" also ,").unwrap_or(&words);
    !replaces && (at_end || ADDS.iter().any(|word| words.contains(&format!(" {word} "))))
}

/// Whether everything said before is void.
pub(super) fn starts_over(sentence: &str) -> bool {
    let words = joined(sentence);
    let all = [
        "start over",
        "start from scratch",
        "starting over",
        "forget everything",
        "forget all that",
        "forget all of that",
        "scrap everything",
        "scrap all of that",
        "scrap all that",
        "scrap the whole thing",
        "new topic :",
        "something completely different",
        "ignore everything",
        "disregard everything",
        "let's begin again",
        "begin from scratch",
    ];
    all.iter().any(|cue| words.contains(&format!(" {cue} ")))
}

/// Whether the last thing said before is taken back: "scratch that", "forget that last one".
pub(super) fn takes_back(sentence: &str) -> bool {
    let words = joined(sentence);
    let verbs = [
        "scratch",
        "strike",
        "forget",
        "ignore",
        "undo",
        "disregard",
        "never mind",
        "nevermind",
        "cancel",
        "drop",
        "skip",
    ];
    let what = [
        "that",
        "that last one",
        "that last bit",
        "that last part",
        "that last thing",
        "the last one",
        "the last bit",
        "the last part",
        "the last thing",
        "my last message",
        "the last message",
        "what i just said",
        "that one",
        "that again",
        "my last request",
        "that request",
        "that idea",
    ];
    let ends = [" ,", " .", " !", " ;", " -", " –", " —", " and", " please", " ", " :", " then"];
    verbs.iter().any(|verb| {
        what.iter().any(|what| {
            words.match_indices(&format!(" {verb} {what}")).any(|(at, said)| {
                let rest = &words[at + said.len()..];
                ends.iter().any(|end| rest == *end || *end != " " && rest.starts_with(end))
            })
        })
    }) || words.contains(" take that back ")
}

/// What a sentence says that something changes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Old {
    /// The words that name it, as tokens of the sentence.
    pub(super) named: Range<usize>,
    /// What takes its place, where the sentence says so right there.
    pub(super) new: Option<Range<usize>>,
    pub(super) how: How,
    /// All of what says so, as tokens: "instead of the voucher".
    pub(super) said: Range<usize>,
}

/// How it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// "instead of X", "rather than X".
    InPlaceOf,
    /// ", not X".
    Not,
    /// "change X to Y".
    Exchange,
    /// "drop X", "forget the X", "no longer need X".
    Retract,
    /// The same in words that say it less surely: "remove X".
    Remove,
}

const BEFORE: &[(&[&str], How)] = &[
    (&["instead", "of"], How::InPlaceOf),
    (&["rather", "than"], How::InPlaceOf),
    (&["in", "place", "of"], How::InPlaceOf),
    (&["as", "opposed", "to"], How::InPlaceOf),
    (&["minds", "about"], How::Retract),
    (&["mind", "about"], How::Retract),
    (&["objects", "to"], How::Retract),
    (&["objected", "to"], How::Retract),
    (&["against"], How::Remove),
    (&["no", "longer", "need"], How::Retract),
    (&["no", "longer", "want"], How::Retract),
    (&["no", "need", "for"], How::Remove),
    (&["no", "more"], How::Retract),
    (&["don't", "need"], How::Remove),
    (&["don't", "want"], How::Remove),
    (&["get", "rid", "of"], How::Retract),
    (&["forget", "about"], How::Retract),
    (&["said", "about"], How::Retract),
];

/// Verbs in the imperative that take something back.
const RETRACTS: [(&[&str], How); 16] = [
    (&["drop"], How::Retract),
    (&["forget"], How::Retract),
    (&["skip"], How::Retract),
    (&["scrap"], How::Retract),
    (&["ditch"], How::Retract),
    (&["lose"], How::Retract),
    (&["leave", "out"], How::Retract),
    (&["take", "out"], How::Retract),
    (&["never", "mind"], How::Retract),
    (&["nevermind"], How::Retract),
    (&["cancel"], How::Retract),
    (&["scratch"], How::Retract),
    (&["cut"], How::Remove),
    (&["remove"], How::Remove),
    (&["delete"], How::Remove),
    (&["omit"], How::Remove),
];
/// Words after which a verb is in the imperative.
#[rustfmt::skip]
const BEFORE_IMPERATIVES: &[&str] = &[
    "to", ",", ".", ";", ":", "-", "–", "—", "please", "and", "just", "then", "actually", "let's", "also", "so", "but",
    "no", "ok", "okay", "you", "can", "we",
];
const EXCHANGES: [&str; 9] =
    ["change", "switch", "swap", "replace", "rename", "exchange", "turn", "substitute", "update"];
#[rustfmt::skip]
const INTO: &[&str] = &[
    "to", "for", "with", "by", "into",
];
/// Where a name of something ends.
#[rustfmt::skip]
const ENDS: &[&str] = &[
    ",", ".", ";", ":", "!", "?", "-", "–", "—", "(", ")", "and", "but", "so", "please", "because", "since", "then", "now",
    "it", "after", "anymore", "we",
];

/// Everything that a sentence says something changes from.
pub(super) fn olds(all: &[Token<'_>]) -> Vec<Old> {
    let mut olds = Vec::new();
    let matches = |at: usize, words: &[&str]| {
        all.len() >= at + words.len() && all[at..].iter().zip(words).all(|(token, word)| token.is(word))
    };
    for at in 0..all.len() {
        let name = |from: usize, most: usize| {
            let long = all[from.min(all.len())..].iter().take(most).take_while(|token| !token.is_any(ENDS)).count();
            (long > 0).then_some(from..from + long)
        };
        let mut add = |named: Option<Range<usize>>, how| {
            if let Some(named) = named {
                olds.push(Old { said: at..named.end, named, new: None, how });
            }
        };
        if let Some((words, how)) = BEFORE.iter().find(|(words, _)| matches(at, words)) {
            add(name(at + words.len(), 5), *how);
        }
        let starts = at == 0 || all[at - 1].is_any(BEFORE_IMPERATIVES);
        if let Some((words, how)) = RETRACTS.iter().find(|(words, _)| starts && matches(at, words)) {
            add(name(at + words.len(), 5), *how);
        }
        if all[at].is("not")
            && at > 0
            && all[at - 1].is_any(&[",", "and", "but", "–", "-", "—"])
            && !matches(at, &["not", "more", "than"])
        {
            add(name(at + 1, 5), How::Not);
        }
        // "Not X but Y".
        if all[at].is("not")
            && let Some(but) = (at + 2..all.len().min(at + 8)).find(|but| all[*but].is("but"))
            && !all[at + 1..but].iter().any(|token| token.is_any(&[",", ".", "only", "just"]))
        {
            olds.push(Old { named: at + 1..but, new: None, how: How::Not, said: at..but + 1 });
        }
        if starts && all[at].is_any(&EXCHANGES) {
            let into = (at + 2..all.len().min(at + 9)).find(|into| all[*into].is_any(INTO));
            if let Some(into) = into
                && !all[at + 1..into].iter().any(|token| token.is_any(&[",", ".", ";", "and", "but"]))
                && let Some(new) = name(into + 1, 8)
            {
                let said = at..new.end;
                olds.push(Old { named: at + 1..into, new: Some(new), how: How::Exchange, said });
            }
        }
    }
    olds
}

/// Whether the value that begins at this token is what something changes from: "not four", "three was too few".
pub(super) fn is_old(all: &[Token<'_>], value: &Range<usize>) -> bool {
    let before = |back: usize| value.start.checked_sub(back).map(|at| &all[at]);
    let is = |back: usize, words: &[&str]| before(back).is_some_and(|token| token.is_any(words));
    let skip = 1 + usize::from(is(1, &["the", "a", "an", "my", "our", "at", "on", "in", "for", "just", "only"]));
    let after = all.get(value.end);
    let from = is(skip, &["from"]) && all[value.end..].iter().take(4).any(|token| token.is("to"));
    is(skip, &["not", "than", "was", "were"])
        && !(is(skip, &["than"]) && is(skip + 1, &["more", "less", "fewer", "later", "earlier"]))
        || is(skip, &["of"]) && is(skip + 1, &["instead", "place"])
        || from
        || after.is_some_and(|token| token.is_any(&["was", "were", "didn't", "isn't", "doesn't", "won't"]))
}

/// The words of a text with a blank around each, in lower case.
pub(super) fn joined(text: &str) -> String {
    let words: Vec<String> = tokens(text).into_iter().map(|token| token.lower).collect();
    format!(" {} ", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_by_its_words() {
        for turn in [
            "Actually Thursday.",
            "No, blue.",
            "Turin it is!",
            "Let's do six instead",
            "Work got in the way, it's May now",
            "Sorry, the 5th",
        ] {
            assert!(strength(&[turn], false) >= 1.4, "{turn}");
        }
        for turn in ["It should be vegan.", "Use tabs.", "The budget is 300 euros", "What about Friday?"] {
            assert!(strength(&[turn], false) < 2.1, "{turn}");
        }
        assert!(adds("Also add a table") && !adds("Make it six"));
    }

    #[test]
    fn what_is_taken_back() {
        for sentence in
            ["Scratch that.", "No, scratch that last one, fish for all", "Forget that", "never mind that, ok"]
        {
            assert!(takes_back(sentence), "{sentence}");
        }
        for sentence in ["Forget that it rains", "Scratch the car", "ignore that column"] {
            assert!(!takes_back(sentence), "{sentence}");
        }
        assert!(starts_over("Let's start over.") && !starts_over("The story starts over there"));
    }

    #[test]
    fn what_something_changes_from_is_named() {
        let named = |text: &str| {
            let all = tokens(text);
            let olds = olds(&all);
            olds.iter()
                .map(|old| (old.how, text[all[old.named.start].at.start..all[old.named.end - 1].at.end].to_owned()))
                .collect::<Vec<_>>()
        };
        for (text, how, old) in [
            ("give her a refund instead of the voucher", How::InPlaceOf, "the voucher"),
            ("keep the newest, not the oldest.", How::Not, "the oldest"),
            ("Forget the fish, it smells", How::Retract, "the fish"),
            ("please drop the olives and the nuts", How::Retract, "the olives"),
            ("change the title to Dawn", How::Exchange, "the title"),
            ("We changed our minds about the grass.", How::Retract, "the grass"),
            ("We no longer need parking.", How::Retract, "parking"),
        ] {
            assert_eq!(named(text), [(how, old.to_owned())], "{text}");
        }
        assert_eq!(named("no more than six"), [(How::Retract, "than six".to_owned())]);
        assert_eq!(named("It should remove duplicates"), []);
    }
}
