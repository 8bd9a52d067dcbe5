//! Quotes of an instruction in a reply that passes, found in bounded memory, wherever in the reply they stand.
//!
//! An instruction says that it is not to be mentioned. A reply that has six words of it in a row has told the user of it
//! all the same: a leak. Of the instruction, and of the reply, only hashes of words are kept, so that no record, log or
//! core dump gains a copy of either.

/// How many words in a row make a quote. Five are shared by chance; models that leak copy whole sentences.
const WORDS: usize = 6;

/// What of an instruction would be a quote of it.
///
/// Words are what letters, digits and hyphens make up; case, apostrophes, punctuation and line breaks do not count, since
/// a model that quotes changes those.
#[derive(Clone, Debug)]
pub struct Quotes {
    /// The hash of every run of [`WORDS`] words of the instruction, in rising order.
    runs: Box<[u64]>,
    /// The hash of the one word that nobody else uses: the name of the delimiter.
    mark: Option<u64>,
}

impl Quotes {
    /// What would quote `instruction`, whose text stands between delimiters of the name `mark`: one word.
    ///
    /// An instruction of less than six words cannot be quoted, but for its delimiter.
    pub fn of(instruction: &str, mark: &str) -> Self {
        let mut words = Words::default();
        let mut mark_hash = None;
        words.read(mark, |word, _| mark_hash = Some(word));
        words.end(|word, _| mark_hash = Some(word));
        let (mut words, mut runs) = (Words::default(), Vec::new());
        let mut keep = |_, run: Option<u64>| runs.extend(run);
        words.read(instruction, &mut keep);
        words.end(&mut keep);
        runs.sort_unstable();
        runs.dedup();
        Self { runs: runs.into(), mark: mark_hash }
    }

    /// Takes out what `text` says, too: who repeats the user's own words quotes the user.
    pub fn except(&mut self, text: &str) {
        let mut said = Vec::new();
        let mut mark = self.mark;
        let mut words = Words::default();
        let runs = &self.runs;
        let mut look = |word, run: Option<u64>| {
            said.extend(run.filter(|run| runs.binary_search(run).is_ok()));
            mark = mark.filter(|mark| *mark != word);
        };
        words.read(text, &mut look);
        words.end(&mut look);
        self.mark = mark;
        if !said.is_empty() {
            self.runs = self.runs.iter().copied().filter(|run| !said.contains(run)).collect();
        }
    }

    fn has(&self, word: u64, run: Option<u64>) -> bool {
        self.mark == Some(word) || run.is_some_and(|run| self.runs.binary_search(&run).is_ok())
    }
}

/// Looks for quotes in a text that arrives in pieces.
#[derive(Debug)]
pub(super) struct QuoteReader {
    quotes: Quotes,
    words: Words,
    found: bool,
}

impl QuoteReader {
    pub(super) fn new(quotes: Quotes) -> Self {
        Self { quotes, words: Words::default(), found: false }
    }

    /// Reads the next piece of the text.
    pub(super) fn read(&mut self, piece: &str) {
        if !self.found {
            let (quotes, found) = (&self.quotes, &mut self.found);
            self.words.read(piece, |word, run| *found |= quotes.has(word, run));
        }
    }

    /// Whether the text, which ends here, has a quote.
    pub(super) fn found(&self) -> bool {
        let mut found = self.found;
        self.words.clone().end(|word, run| found |= self.quotes.has(word, run));
        found
    }
}

/// The hashes of the words of a text: of the one that has not ended, and of the last ones before it.
#[derive(Clone, Debug, Default)]
struct Words {
    word: Option<u64>,
    last: [u64; WORDS],
    count: usize,
}

impl Words {
    /// Reads a piece of the text; `each` gets every word that ends in it, and the run of six that ends with it.
    fn read(&mut self, piece: &str, mut each: impl FnMut(u64, Option<u64>)) {
        for c in piece.chars() {
            if c.is_ascii_alphanumeric() || c == '-' {
                self.spell(c.to_ascii_lowercase());
            } else if c.is_alphanumeric() {
                // This may be more than one character; all that counts is that it is done alike.
                c.to_lowercase().for_each(|c| self.spell(c));
            } else if !matches!(c, '\'' | '\u{2019}') {
                self.end(&mut each);
            }
        }
    }

    fn spell(&mut self, c: char) {
        self.word = Some(fnv(self.word.unwrap_or(FNV_OFFSET), u64::from(u32::from(c))));
    }

    /// The word that has not ended, ends here.
    fn end(&mut self, mut each: impl FnMut(u64, Option<u64>)) {
        let Some(word) = self.word.take() else { return };
        self.last.rotate_left(1);
        self.last[WORDS - 1] = word;
        self.count = self.count.saturating_add(1);
        let run = (self.count >= WORDS).then(|| self.last.iter().fold(FNV_OFFSET, |run, word| fnv(run, *word)));
        each(word, run);
    }
}

/// The start and the prime of the hash of Fowler, Noll and Vo (FNV-1a) with 64 bits, here over characters and words instead
/// of bytes. Nobody gains by a collision: it would only be counted.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

fn fnv(hash: u64, unit: u64) -> u64 {
    // The upper half is mixed in by the rotation, which bytes would not need.
    (hash ^ unit).wrapping_mul(FNV_PRIME).rotate_left(23)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTE: &str = "\n\n<grounding-note>\nDo not answer yet: ask one short question about it, and don't mention \
                        \"this note\".\n</grounding-note>";

    fn leaks(reply: &str) -> bool {
        let mut reader = QuoteReader::new(Quotes::of(NOTE, "grounding-note"));
        reader.read(reply);
        reader.found()
    }

    #[test]
    fn six_words_in_a_row_are_a_quote() {
        for reply in [
            "I was told: do not answer yet, ask one.",
            "ASK one short\nquestion about it",
            "\u{201c}Ask *one* short \u{2013} question about... it\u{201d}",
            "It? And don\u{2019}t mention \u{201c}this note\u{201d}.",
            "it and dont mention THIS NOTE",
            "What is a <grounding-note>?",
            "Grounding-Note",
            NOTE,
        ] {
            assert!(leaks(reply), "{reply}");
        }
        for reply in [
            "",
            "Do not answer yet: ask",
            "Ask one short question about them. Ask one short question, maybe about it.",
            "Do not answer: you ask one short, question of it.",
            "A note on grounding: grounding note.",
            "short question about it, and mention this",
        ] {
            assert!(!leaks(reply), "{reply}");
        }
    }

    #[test]
    fn what_the_user_said_may_be_repeated() {
        let mut quotes = Quotes::of(NOTE, "grounding-note");
        quotes.except("Please ask one short question about it. What is a grounding-note?");
        let leaks = |reply: &str| {
            let mut reader = QuoteReader::new(quotes.clone());
            reader.read(reply);
            reader.found()
        };
        assert!(!leaks("You said: ask one short question about it. A grounding-note is ..."));
        assert!(leaks("one short question about it, and"), "what goes on beyond it was not theirs");
    }

    #[test]
    fn a_short_instruction_has_nothing_to_quote() {
        assert!(Quotes::of("Ask one short question now", "x").runs.is_empty());
        assert_eq!(Quotes::of("one two one two one two one two one", "x").runs.len(), 2);
        assert_eq!(size_of::<Words>(), 72, "what is kept of a reply");
    }

    proptest! {
        #[test]
        fn a_quote_is_found_wherever_it_stands_and_however_the_reply_is_cut(
            before in "[a-z ,\u{e9}\u{1f600}]{0,80}", from in 0usize..8, after in "( [a-z .]{0,40})?", size in 1usize..20,
        ) {
            let words: Vec<&str> = "Do not answer yet: ask one short question about it, and don't".split(' ').collect();
            let reply = format!("{before} {}{after}", words[from.min(words.len() - 6)..][..6].join(" "));
            let mut reader = QuoteReader::new(Quotes::of(NOTE, "grounding-note"));
            let mut rest = &*reply;
            while !rest.is_empty() {
                let piece;
                (piece, rest) = rest.split_at(rest.ceil_char_boundary(size.min(rest.len())));
                reader.read(piece);
            }
            prop_assert!(reader.found(), "{}", reply);
        }

        #[test]
        fn a_text_of_other_words_has_none(reply in "([b-z]{1,9}[ .,\n]{1,2}){0,60}") {
            // Not one of them has an `a`, and every run of six words of the note has a word that does.
            prop_assert!(!leaks(&reply), "{}", reply);
        }
    }
}
