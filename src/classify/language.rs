//! Whether a turn is plainly not English, the one language that the model reads.
//!
//! A wrong abstention costs a judgement and a wrong judgement costs the user a needless question, so this gate stays
//! shut only for what is plainly foreign. Code, names, typos, a non-native writer's English and a foreign text inside
//! an English request ("Translate to English: …") all pass.

use whatlang::{Lang, Script};

use super::Window;

/// Share of letters of other scripts above which a turn is not Latin.
const OTHER_SCRIPT: f64 = 0.3;
/// Fewer words than this tell nothing of their language.
const FEWEST_WORDS: usize = 5;
/// Nor do fewer letters.
const FEWEST_LETTERS: usize = 25;
/// Share of common English words from which a Latin text passes, whatever else it holds.
const ENGLISH_SHARE: f64 = 0.15;
/// At the beginning or the end of a turn, English words among this many that make an English frame of it.
const FRAME: usize = 10;
/// See [`FRAME`].
const FRAME_WORDS: usize = 3;
/// Share of capitalised words from which a text is taken for names.
const NAMES_SHARE: f64 = 0.7;
/// Share of characters that only code and formulas have so many of.
const CODE_SHARE: f64 = 0.05;

/// Whether the turn that `window` is on is plainly in another language than English.
pub fn is_foreign(window: &Window) -> bool {
    match &window.turn.tail {
        None => is_foreign_text(&window.turn.head),
        Some(tail) => is_foreign_text(&format!("{}\n{tail}", window.turn.head)),
    }
}

fn is_foreign_text(text: &str) -> bool {
    let (mut latin, mut other) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        if is_latin(c) { latin += 1 } else { other += 1 }
    }
    if other > 0 && other as f64 > OTHER_SCRIPT * (latin + other) as f64 {
        return !(has_frame(text) || is_formula(text, other));
    }
    let words: Vec<&str> = words(text).collect();
    if words.len() < FEWEST_WORDS || latin < FEWEST_LETTERS {
        return false;
    }
    let english = words.iter().filter(|word| is_english(word)).count();
    if english as f64 >= ENGLISH_SHARE * words.len() as f64 || has_frame(text) || is_code(text) || is_names(&words) {
        return false;
    }
    whatlang::detect(text)
        .is_some_and(|found| found.script() == Script::Latin && found.lang() != Lang::Eng && found.is_reliable())
}

/// Latin letters, accents and full-width forms included.
fn is_latin(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | 'ª' | 'º' | 'À'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ')
}

/// Words of letters and apostrophes.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphabetic() || c == '\'' || c == '’'))
        .map(|word| word.trim_matches(['\'', '’']))
        .filter(|word| !word.is_empty())
}

/// Whether the turn begins or ends with English around something else.
fn has_frame(text: &str) -> bool {
    let words: Vec<&str> = words(text).collect();
    let english = |words: &[&str]| {
        let mut seen: Vec<&str> = words.iter().copied().filter(|word| is_english(word)).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len()
    };
    let frame = FRAME.min(words.len());
    // A short request around a long quote: "Translate to English", "What does this mean?".
    english(&words[..frame]) >= FRAME_WORDS || english(&words[words.len() - frame..]) >= FRAME_WORDS
}

/// Whether the letters of other scripts are single symbols, as in a formula.
fn is_formula(text: &str, other: usize) -> bool {
    let alone = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() <= 2)
        .flat_map(str::chars)
        .filter(|c| c.is_alphabetic() && !is_latin(*c) && matches!(c, 'Α'..='ω'))
        .count();
    alone * 2 > other
}

fn is_code(text: &str) -> bool {
    let (mut marks, mut all) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        all += 1;
        marks += usize::from("{}[]()<>=;_/\\|$#@^*+&`~".contains(c));
    }
    text.contains("```") || marks as f64 > CODE_SHARE * all as f64
}

/// Whether most words begin with a capital, and not because everything is in capitals.
fn is_names(words: &[&str]) -> bool {
    let capitalised = words
        .iter()
        .filter(|word| {
            let mut chars = word.chars();
            chars.next().is_some_and(char::is_uppercase) && chars.all(|c| !c.is_uppercase())
        })
        .count();
    capitalised as f64 >= NAMES_SHARE * words.len() as f64
}

fn is_english(word: &str) -> bool {
    // The longest entry has ten letters.
    if word.len() > 10 {
        return false;
    }
    let lower = word.to_ascii_lowercase().replace('’', "'");
    ENGLISH.binary_search(&lower.as_str()).is_ok()
}

/// Common English words that are no common words of other languages written in Latin letters; sorted.
///
/// Left out on purpose: *a, an, as, at, do, for, he, in, is, man, me, no, on, or, so, to, was, we, will* and their like,
/// each of which is frequent in another language.
#[rustfmt::skip]
const ENGLISH: &[&str] = &[
    "about", "above", "after", "again", "all", "also", "always", "and", "another", "answer", "any", "are", "aren't",
    "article", "ask", "back", "be", "because", "been", "before", "being", "best", "better", "between", "book", "both",
    "but", "buy", "by", "can", "can't", "cannot", "change", "check", "code", "correct", "could", "create", "day",
    "describe", "did", "didn't", "does", "doesn't", "don't", "down", "each", "email", "english", "essay", "even",
    "every", "example", "explain", "few", "find", "first", "fix", "following", "food", "french", "from", "generate",
    "german", "get", "give", "given", "go", "going", "good", "got", "great", "had", "happy", "has", "have", "help",
    "her", "here", "his", "house", "how", "i'd", "i'll", "i'm", "i've", "if", "into", "isn't", "it", "it's", "its",
    "job", "just", "keep", "know", "language", "last", "less", "let", "let's", "life", "like", "list", "little", "live",
    "long", "look", "lot", "love", "made", "make", "many", "mean", "meaning", "means", "money", "more", "most", "much",
    "must", "my", "name", "need", "never", "new", "next", "not", "now", "of", "off", "old", "one", "only", "other",
    "our", "out", "over", "own", "paragraph", "people", "phrase", "please", "provide", "question", "read", "really",
    "rewrite", "right", "said", "same", "say", "sentence", "she", "short", "should", "show", "some", "someone",
    "something", "spanish", "start", "still", "stop", "story", "such", "suggest", "summarise", "summarize", "summary",
    "take", "tell", "text", "than", "thank", "thanks", "that", "that's", "the", "their", "them", "then", "there",
    "these", "they", "thing", "things", "think", "this", "those", "three", "through", "time", "title", "today", "too",
    "translate", "try", "two", "under", "understand", "up", "use", "used", "using", "very", "want", "wanted", "way",
    "well", "were", "what", "what's", "when", "where", "which", "while", "who", "whose", "why", "with", "without",
    "won't", "word", "words", "work", "world", "would", "write", "writing", "written", "wrong", "year", "years", "yes",
    "you", "you're", "your", "yours",
];

#[cfg(test)]
#[path = "language_tests.rs"]
mod tests;
