//! Phrases: what is looked for among the words of a turn, written as it would be said.
//!
//! ```text
//! ^ stop|quit *2 asking $
//! ```
//!
//! `a|b` is one of several words, a word with `?` may be missing, `*2` is up to two words of any kind, `$` the end of a
//! clause, `,` a comma. `^` is where a clause begins, after nothing but words such as "please" or "can you": only there is an imperative
//! one, and "how do kids stop asking?" none. A phrase never runs over the end of a clause.

use std::ops::Range;
use std::sync::LazyLock;

use super::cues;
use super::words::{ASK, COLON, LEXICON, PAUSE, STOP, Word, Words, is_break};

/// A list of phrases.
pub(super) struct Phrases {
    phrases: Vec<Phrase>,
    /// By the number of a word, the phrases that may begin with it.
    beginning: Vec<Vec<u16>>,
}

struct Phrase {
    anchored: bool,
    items: Vec<Item>,
}

enum Item {
    /// One of these words; or, where that is among them, the end of a clause.
    One(Vec<Word>, bool),
    /// One of these, or none.
    Maybe(Vec<Word>),
    /// Up to so many words.
    Any(usize),
}

impl Phrases {
    /// Reads a list of phrases, one a line.
    pub(super) fn new(lines: &'static str) -> Self {
        let phrases: Vec<Phrase> =
            cues::lines(lines).filter(|line| !line.starts_with(['@', ']'])).map(Phrase::new).collect();
        let mut beginning = vec![Vec::new(); LEXICON.len()];
        for (i, phrase) in phrases.iter().enumerate() {
            for word in phrase.first_words() {
                // There are some hundreds.
                beginning[usize::from(word)].push(u16::try_from(i).unwrap_or(u16::MAX));
            }
        }
        Self { phrases, beginning }
    }

    /// Whether one of the phrases is among the words, whose clauses begin at `starts`.
    pub(super) fn are_in(&self, words: &Words, starts: &Starts) -> bool {
        self.find(words, starts, false).is_some()
    }

    /// The same, but for sentences that are questions about something else than the two who speak.
    pub(super) fn are_meant_in(&self, words: &Words, starts: &Starts) -> bool {
        self.find(words, starts, true).is_some()
    }

    fn find(&self, words: &Words, starts: &Starts, meant: bool) -> Option<&Phrase> {
        (0..words.of.len()).filter(|at| !meant || !starts.is_about(*at)).find_map(|at| {
            let may =
                self.beginning[usize::from(words.of[at])].iter().filter_map(|&i| self.phrases.get(usize::from(i)));
            may.into_iter()
                .find(|phrase| (!phrase.anchored || starts.at.contains(&at)) && matches(&phrase.items, &words.of[at..]))
        })
    }
}

impl Phrase {
    fn new(line: &'static str) -> Self {
        let mut items: Vec<&str> = line.split_whitespace().collect();
        let anchored = items.first() == Some(&"^");
        if anchored {
            items.remove(0);
        }
        let items = items.into_iter().map(|item| match (item.strip_prefix('*'), item.strip_suffix('?')) {
            (Some(most), _) => Item::Any(most.parse().unwrap_or(1)),
            (_, Some(words)) => Item::Maybe(ids(words)),
            _ => Item::One(ids(item), item.split('|').any(|word| word == "$")),
        });
        Self {
            anchored,
            items: items.collect(),
        }
    }

    /// The words that it may begin with. Every phrase begins with some: a test holds it.
    fn first_words(&self) -> Vec<Word> {
        let mut words = Vec::new();
        for item in &self.items {
            match item {
                Item::Maybe(some) => words.extend(some),
                Item::One(some, _) => {
                    words.extend(some);
                    break;
                }
                Item::Any(_) => break,
            }
        }
        words.sort_unstable();
        words.dedup();
        words
    }
}

/// The numbers of `a|b|@name`.
fn ids(words: &str) -> Vec<Word> {
    let each = words.split('|').filter(|word| *word != "$");
    each.flat_map(|word| match word {
        "," => vec![PAUSE],
        word if word.starts_with('@') => ids(cues::defined(word)),
        word => vec![LEXICON.known(word)],
    })
    .collect()
}

fn matches(items: &[Item], words: &[Word]) -> bool {
    let Some((item, rest)) = items.split_first() else { return true };
    match item {
        Item::One(any, end) => {
            words.first().is_some_and(|word| any.contains(word)) && matches(rest, &words[1..])
                || *end && ends(words) && matches(rest, words)
        }
        Item::Maybe(any) => {
            matches(rest, words) || words.first().is_some_and(|word| any.contains(word)) && matches(rest, &words[1..])
        }
        Item::Any(most) => {
            let free = words.iter().take(*most).take_while(|word| !is_break(**word)).count();
            (0..=free).any(|skip| matches(rest, &words[skip..]))
        }
    }
}

/// Whether a clause ends here.
fn ends(words: &[Word]) -> bool {
    words.first().is_none_or(|word| is_break(*word) || JOINTS.contains(word))
}

/// Words that end one clause and begin the next.
static JOINTS: LazyLock<Vec<Word>> = LazyLock::new(|| known(cues::JOINTS));
/// What stands before an imperative, and changes nothing.
static BEFORE: LazyLock<Vec<Vec<Word>>> = LazyLock::new(|| cues::lines(cues::BEFORE).map(known).collect());
/// Words by which a sentence is a question about something.
static ASKING: LazyLock<Vec<Word>> = LazyLock::new(|| known(cues::ASKING));
static YOU: LazyLock<Vec<Word>> = LazyLock::new(|| known(cues::YOU));

fn known(words: &'static str) -> Vec<Word> {
    words.split_whitespace().map(|word| LEXICON.known(word)).collect()
}

/// Where an imperative may begin, and where none can be.
pub(super) struct Starts {
    at: Vec<usize>,
    about: Vec<Range<usize>>,
}

impl Starts {
    pub(super) fn of(words: &[Word]) -> Self {
        let mut starts = Self { at: Vec::with_capacity(8), about: Vec::new() };
        let mut from = 0;
        while from < words.len() {
            let end =
                words[from..].iter().position(|word| matches!(*word, STOP | ASK)).map_or(words.len(), |n| from + n);
            let sentence = &words[from..end];
            // "How do I stop asking?" is about something else, "can you stop asking?" is not.
            let about = sentence.first().is_some_and(|first| ASKING.contains(first))
                && !sentence.iter().take(3).any(|word| YOU.contains(word));
            if about {
                starts.about.push(from..end);
            } else {
                starts.add(words, from, end);
            }
            from = end + 1;
        }
        starts
    }

    /// Whether a sentence is there that is a question about something.
    fn is_about(&self, at: usize) -> bool {
        self.about.iter().any(|sentence| sentence.contains(&at))
    }

    fn add(&mut self, words: &[Word], from: usize, end: usize) {
        let begins = |at: usize| at == from || words[at - 1] == PAUSE || JOINTS.contains(&words[at - 1]);
        for clause in (from..end).filter(|&at| begins(at)) {
            let mut at = clause;
            while at < end && !self.at.contains(&at) {
                self.at.push(at);
                let skipped = BEFORE.iter().find(|before| words[at..end].starts_with(before)).map(Vec::len);
                match skipped {
                    Some(words) => at += words,
                    None => break,
                }
                // "Note: no questions."
                at += usize::from(words.get(at) == Some(&COLON));
            }
        }
    }
}
