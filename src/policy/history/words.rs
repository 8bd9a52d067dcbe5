//! What is looked for in a turn's text: words as numbers, with the breaks between clauses.
//!
//! People type in a hurry. Case, apostrophes and letters drawn out do not count, and a word that matters is known with one
//! slip in it. What stands in quotation marks or in a code block is somebody else's, and is left out.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::cues;
use crate::dialogue::{Text, Turn};

/// Bytes read at the beginning of a message, and at its end: whoever asks for something says so there.
const HEAD: usize = 320;
/// See [`HEAD`].
const TAIL: usize = 200;

/// A word's number. The first few are no words.
pub(super) type Word = u16;

/// A word that no phrase holds.
pub(super) const OTHER: Word = 0;
/// The end of a sentence.
pub(super) const STOP: Word = 1;
/// A pause inside of one: a comma, a dash, a bracket.
pub(super) const PAUSE: Word = 2;
/// A colon: what follows may be somebody else's words.
pub(super) const COLON: Word = 3;
/// The end of a question.
pub(super) const ASK: Word = 4;

/// Whether this is the end of a clause, and no word.
pub(super) fn is_break(word: Word) -> bool {
    (STOP..=ASK).contains(&word)
}

/// The words that phrases are made of.
pub(super) struct Lexicon(HashMap<&'static str, Word>);

/// Every word of every phrase.
pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let mut words = HashMap::new();
    for word in cues::vocabulary() {
        // There are some hundreds.
        let next = Word::try_from(words.len() + 5).unwrap_or(OTHER);
        words.entry(word).or_insert(next);
    }
    Lexicon(words)
});

impl Lexicon {
    /// More than any word's number.
    pub(super) fn len(&self) -> usize {
        self.0.len() + 5
    }

    /// The number of a word that a phrase holds.
    pub(super) fn known(&self, word: &str) -> Word {
        self.0.get(word).copied().unwrap_or(OTHER)
    }

    /// The number of a word as somebody typed it, in small letters.
    fn typed(&self, word: &str) -> Word {
        match self.known(word) {
            OTHER => cues::meant(word).map_or(OTHER, |meant| self.known(meant)),
            known => known,
        }
    }
}

/// The words at both ends of a message.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Numbers of words, and breaks.
    pub(super) of: Vec<Word>,
    /// A hash of each word of four letters or more, in order: what the message is about.
    pub(super) content: Vec<u32>,
    /// How many words there are.
    pub(super) count: usize,
    /// A hash of all of them, so that the same said again is known.
    pub(super) whole: u64,
}

impl Words {
    pub(super) fn of(turn: &Turn<'_>) -> Self {
        let mut words = Self::default();
        let mut texts = turn.texts().filter(|text| !text.is_empty());
        let first = texts.next();
        // Of several parts the first and the last are read: what is between them was pasted.
        for text in first.into_iter().chain(texts.next_back()) {
            words.read(&text);
        }
        words
    }

    fn read(&mut self, text: &Text<'_>) {
        let Some((head, tail)) = text.ends(HEAD, TAIL) else { return };
        self.add(&head);
        if let Some(tail) = tail {
            self.add(&tail);
        }
    }

    fn add(&mut self, text: &str) {
        let lexicon = &*LEXICON;
        let mut word = String::with_capacity(16);
        let mut chars = text.char_indices().peekable();
        let mut code = false;
        while let Some((at, c)) = chars.next() {
            if c == '`' && text[at..].starts_with("```") {
                code = !code;
                self.end(&mut word, lexicon);
                chars.nth(1);
                continue;
            }
            if code {
                continue;
            }
            if c.is_alphanumeric() {
                // "pleeease" is "pleease": no English word has a letter three times in a row.
                if !word.ends_with(c) || !word[..word.len() - c.len_utf8()].ends_with(c) {
                    word.extend(c.to_lowercase());
                }
                continue;
            }
            if matches!(c, '\'' | '’') && !word.is_empty() {
                continue;
            }
            self.end(&mut word, lexicon);
            match c {
                '"' | '“' | '„' | '«' => {
                    let close = match c {
                        '“' | '„' => ['”', '“'],
                        '«' => ['»'; 2],
                        _ => ['"'; 2],
                    };
                    // A mark that nothing closes is an inch, or a slip.
                    if let Some(end) = text[at + c.len_utf8()..].find(close) {
                        let end = at + c.len_utf8() + end;
                        while chars.next_if(|(at, _)| *at <= end).is_some() {}
                        self.of.push(OTHER);
                        self.count += 1;
                    }
                }
                '.' | '!' | ';' | '\n' | '…' => self.stop(STOP),
                '?' | '？' => self.stop(ASK),
                ',' | '(' | ')' | '–' | '—' => self.stop(PAUSE),
                '-' if !chars.peek().is_some_and(|(_, next)| next.is_alphanumeric()) => self.stop(PAUSE),
                ':' => self.stop(COLON),
                _ => {}
            }
        }
        self.end(&mut word, lexicon);
        self.stop(STOP);
    }

    fn end(&mut self, word: &mut String, lexicon: &Lexicon) {
        if word.is_empty() {
            return;
        }
        self.of.push(lexicon.typed(word));
        if word.len() > 3 {
            // FNV-1a: which words two messages share need not be kept from anybody.
            let hash =
                word.bytes().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
            self.content.push(hash);
        }
        // The same hash as above, in its longer form; a word's end counts as a letter.
        let spelt = word.bytes().chain([0]);
        self.whole = spelt.fold(self.whole, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
        self.count += 1;
        word.clear();
    }

    fn stop(&mut self, mark: Word) {
        match self.of.last_mut() {
            // "?!" and "...?" are questions.
            Some(last) if is_break(*last) => *last = if mark == ASK || *last == ASK { ASK } else { mark.min(*last) },
            Some(_) => self.of.push(mark),
            None => {}
        }
    }

    /// How much of this message's content is in the other's: from 0 to 1.
    pub(super) fn shared_with(&self, other: &Self) -> f64 {
        let mut mine = self.content.clone();
        mine.sort_unstable();
        mine.dedup();
        if mine.len() < 3 || other.content.len() < 3 {
            return 0.0;
        }
        let both = mine.iter().filter(|hash| other.content.contains(hash)).count();
        both as f64 / mine.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::Role;

    fn shape(text: &str) -> Vec<Word> {
        Words::of(&Turn::new(Role::User, text)).of
    }

    #[test]
    fn spelling_and_case_do_not_count() {
        let plain = shape("just answer, don't ask");
        for other in ["JUST ANSWER, DONT ASK", "jsut anwser, don’t ask", "juuust answerrr, dont ask!!"] {
            assert_eq!(shape(other), plain, "{other}");
        }
        assert!(!plain.contains(&OTHER));
    }

    #[test]
    fn what_is_quoted_or_code_is_not_said() {
        assert_eq!(shape("paint \"stop asking\""), [OTHER, OTHER, STOP]);
        assert_eq!(shape("“stop asking” „stop asking“"), [OTHER, OTHER, STOP]);
        assert_eq!(shape("```\nstop asking\n``` why"), shape("why"));
        assert_eq!(shape("6\" stop"), [OTHER, LEXICON.known("stop"), STOP], "an inch");
    }

    #[test]
    fn only_the_ends_are_read() {
        let long = format!("stop {} asking", "x ".repeat(100_000));
        let words = Words::of(&Turn::new(Role::User, &long));
        assert!(words.of.len() < HEAD + TAIL);
        assert_eq!(words.of[0], LEXICON.known("stop"));
        assert_eq!(words.of[words.of.len() - 2], LEXICON.known("asking"));
    }
}
