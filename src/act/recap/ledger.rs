//! What the user said so far that still holds, and how a part of it is replaced or taken out.

use std::ops::Range;

use super::token::{related, stem, tokens};
use super::value::{Value, values};

/// One sentence of the user's.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// Which of the user's turns it is from.
    pub(super) turn: usize,
    /// The question that it answers, where it answers one.
    pub(super) question: Option<String>,
    /// The sentence, with what was corrected since put right.
    pub(super) text: String,
    /// The values in it.
    pub(super) values: Vec<Value>,
    /// The stems of the words of meaning in question and answer.
    pub(super) stems: Vec<String>,
}

impl Statement {
    pub(super) fn new(turn: usize, question: Option<String>, text: &str) -> Self {
        let mut statement = Self { turn, question, text: text.to_owned(), values: Vec::new(), stems: Vec::new() };
        statement.changed();
        statement
    }

    /// Question and answer, for words that both may hold.
    fn context(&self) -> String {
        match &self.question {
            Some(question) => format!("{question} {}", self.text),
            None => self.text.clone(),
        }
    }

    /// Puts `with` in the place of the bytes at `at`; an article before it is made to fit.
    pub(super) fn replace(&mut self, at: Range<usize>, with: &str) {
        let before = self.text[..at.start].trim_end().len();
        let article = self.text[..before].rsplit(' ').next().unwrap_or_default();
        let start = before - article.len();
        let own_article = ["a ", "an ", "the "].iter().any(|own| with.starts_with(own));
        let vowel = with.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']);
        let word = with.starts_with(char::is_alphabetic);
        let (from, with) = match article.to_lowercase().as_str() {
            "a" | "an" if own_article => (start, with.to_owned()),
            "a" if vowel && before < at.start => (start, format!("{article}n {with}")),
            "an" if word && !vowel && before < at.start => (start, format!("{} {with}", &article[..1])),
            _ => (at.start, with.to_owned()),
        };
        self.text.replace_range(from..at.end, &with);
        self.changed();
    }

    fn changed(&mut self) {
        self.values = values(&self.text);
        self.stems = stems(&self.context());
    }

    /// The question is not quoted any more: it speaks of what no longer holds.
    pub(super) fn drop_question(&mut self, old: &str) {
        if self.question.as_deref().is_some_and(|question| contains_words(question, old)) {
            self.question = None;
        }
    }

    /// Takes out what the word at `hit` is part of: an item of a list, a clause, or all of it; `false` where nothing is left.
    pub(super) fn take_out(&mut self, hit: Range<usize>) -> bool {
        let Some((cut, joint)) = part_around(&self.text, &hit) else { return false };
        let mut text = self.text.clone();
        text.replace_range(cut, joint);
        let text = text.trim().trim_end_matches([',', ';', ':', '–', '-']).trim().to_owned();
        let rest = tokens(&text).iter().filter(|token| token.is_content()).count();
        if rest == 0 {
            return false;
        }
        let ended = self.text.ends_with('.') && !text.ends_with(['.', '!', '?']);
        self.text = if ended { format!("{text}.") } else { text };
        self.changed();
        true
    }

    /// Where a word related to `word` stands.
    pub(super) fn find(&self, word: &str) -> Option<Range<usize>> {
        tokens(&self.text)
            .into_iter()
            .find(|token| token.is_content() && related(&token.lower, word))
            .map(|token| token.at)
    }
}

/// The stems of the words of meaning in a text, each once.
fn stems(text: &str) -> Vec<String> {
    let mut stems: Vec<String> =
        tokens(text).iter().filter(|t| t.is_content() && !t.is_mark()).map(|t| stem(&t.lower)).collect();
    stems.sort_unstable();
    stems.dedup();
    stems
}

/// Whether `text` holds these words in a row.
pub(super) fn contains_words(text: &str, words: &str) -> bool {
    let (text, words) = (super::cue::joined(text), super::cue::joined(words));
    text.contains(words.trim_end()) && !words.trim().is_empty()
}

/// The part of a sentence that falls with the word at `hit`, and what stands in its place; `None` for all of it.
fn part_around(text: &str, hit: &Range<usize>) -> Option<(Range<usize>, &'static str)> {
    let joints = joints(text);
    if joints.is_empty() {
        return None;
    }
    let before = joints.iter().rev().find(|joint| joint.end <= hit.start);
    let after = joints.iter().find(|joint| joint.start >= hit.end);
    match (before, after) {
        // In the middle, or at the end: one joint goes with it.
        (Some(before), Some(after)) => Some((before.start..after.start, "")),
        (Some(before), None) => {
            let end = text.trim_end_matches(['.', '!', '?']).len();
            Some((before.start..end.max(hit.end), ""))
        }
        // At the beginning: what governs the list stays, and only the item goes.
        (None, Some(after)) => {
            let head = &text[..hit.start];
            let item = item_start(head);
            // A clause of its own goes whole.
            let clause = text[after.clone()].trim() != "and" && is_clause(&text[after.end..]);
            let from = if clause || item == 0 { 0 } else { item };
            Some((from..after.end, ""))
        }
        (None, None) => None,
    }
}

/// Whether what follows can stand alone: it begins with who does something.
fn is_clause(text: &str) -> bool {
    const WHO: [&str; 20] = [
        "i", "i'm", "i'd", "i've", "we", "we're", "we'd", "we've", "it", "it's", "she", "she's", "he", "he's", "they",
        "they're", "there", "there's", "that's", "please",
    ];
    tokens(text).first().is_some_and(|first| first.is_any(&WHO))
}

/// Where the item begins that ends this beginning of a sentence: behind the last word that is not part of its name.
fn item_start(head: &str) -> usize {
    let all = tokens(head);
    let mut start = head.len();
    for token in all.iter().rev() {
        let of_the_name = token.is_any(&["a", "an", "the", "some", "any", "our", "my"])
            || token.lower.ends_with("y") && token.is_content();
        if !of_the_name {
            return start;
        }
        start = token.at.start;
    }
    0
}

/// What stands between items or clauses: commas, "and", "but", "so".
fn joints(text: &str) -> Vec<Range<usize>> {
    let all = tokens(text);
    let mut joints: Vec<Range<usize>> = Vec::new();
    for (place, token) in all.iter().enumerate() {
        let joins = token.is_any(&[",", ";", "and", "but", "&", "or", "–", "—"])
            || token.is("so") && place > 0 && all[place - 1].is(",");
        if !joins || place == 0 || place + 1 == all.len() {
            continue;
        }
        let end = all[place + 1].at.start;
        let start = all[place - 1].at.end;
        match joints.last_mut() {
            Some(last) if last.end == token.at.start || last.end == start && last.end > start => last.end = end,
            _ => joints.push(start..end),
        }
    }
    joints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str, word: &str) -> Option<String> {
        let mut statement = Statement::new(0, None, text);
        let hit = statement.find(word).unwrap_or_else(|| panic!("{word} in {text}"));
        statement.take_out(hit).then_some(statement.text)
    }

    #[test]
    fn only_the_part_that_is_taken_back_goes() {
        for (text, word, left) in [
            ("I've got chickpeas, spinach and some salmon.", "salmon", Some("I've got chickpeas, spinach.")),
            ("I've got salmon, chickpeas and spinach.", "salmon", Some("I've got chickpeas and spinach.")),
            ("Toppings: cheese, mushrooms, olives", "mushrooms", Some("Toppings: cheese, olives")),
            ("With cheese, mushrooms and olives.", "mushrooms", Some("With cheese and olives.")),
            ("She's Maria Okafor and she's applying as data analyst.", "analyst", Some("She's Maria Okafor.")),
            ("We'd like a lawn for the kids.", "lawn", None),
            ("Maria Okafor, applying as data analyst", "analyst", Some("Maria Okafor")),
            ("Add a map, and I want big type.", "map", Some("I want big type.")),
        ] {
            assert_eq!(without(text, word).as_deref(), left, "{text}");
        }
    }

    #[test]
    fn articles_follow_what_they_stand_before() {
        let replaced = |text: &str, old: &str, with: &str| {
            let mut statement = Statement::new(0, None, text);
            let at = statement.text.find(old).map(|at| at..at + old.len()).unwrap_or(0..0);
            statement.replace(at, with);
            statement.text
        };
        assert_eq!(replaced("Write a sonnet now", "sonnet", "essay"), "Write an essay now");
        assert_eq!(replaced("Write an essay now", "essay", "poem"), "Write a poem now");
        assert_eq!(replaced("Offer a voucher", "voucher", "a refund"), "Offer a refund");
        assert_eq!(replaced("for 4 people", "4", "6"), "for 6 people");
    }
}
