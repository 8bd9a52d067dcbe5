//! Whether a turn is plainly not English, the one language that the model reads.
//!
//! A wrong abstention costs a judgement and a wrong judgement costs the user a needless question, so this gate stays
//! shut only for what is plainly foreign. Code, names, typos, a non-native writer's English and a foreign text inside
//! an English request ("Translate to English: …") all pass.

use whatlang::{Detector, Lang, Script};

use super::Window;

/// Share of letters of other scripts above which a turn is not Latin.
const OTHER_SCRIPT: f64 = 0.3;
/// Fewer words than this tell nothing of their language.
const FEWEST_WORDS: usize = 5;
/// Nor do fewer letters.
const FEWEST_LETTERS: usize = 25;
/// Share of common English words from which a Latin text passes, whatever else it holds.
const ENGLISH_SHARE: f64 = 0.15;
/// The same where words count that other languages share, beside at least one that they do not.
const SHARED_SHARE: f64 = 0.3;
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

/// Whether a turn is plainly English, so that its user is answered in English whatever their browser prefers.
pub(crate) fn is_english(text: &str) -> bool {
    let text = &text[..text.floor_char_boundary(2_000)];
    let words: Vec<&str> = words(text).collect();
    let (english, shared) = count_english(&words);
    english > 0 && ((english + shared) * 3 >= words.len() || has_frame(text))
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
    let (english, shared) = count_english(&words);
    let at_least = |count: usize, share: f64| count as f64 >= share * words.len() as f64;
    if at_least(english, ENGLISH_SHARE) || (english > 0 && at_least(english + shared, SHARED_SHARE)) {
        return false;
    }
    if has_frame(text) || is_code(text) || is_names(&words) {
        return false;
    }
    // What matters is the distance to English, not to the nearest of all languages: Spanish and Portuguese are often
    // too close for the detector to tell apart.
    whatlang::detect_lang(text).filter(|&lang| lang != Lang::Eng).is_some_and(|lang| {
        let found = Detector::with_allowlist(vec![lang, Lang::Eng]).detect(text);
        found.is_some_and(|found| found.script() == Script::Latin && found.lang() == lang && found.is_reliable())
    })
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

/// Whether the turn begins or ends with English around something else: "Translate to English: …", "… What is this?"
fn has_frame(text: &str) -> bool {
    let words: Vec<&str> = words(text).collect();
    let english = |words: &[&str]| {
        let mut seen: Vec<&str> = words.iter().copied().filter(|word| is_english_word(word)).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len()
    };
    let frame = FRAME.min(words.len());
    if english(&words[..frame]) >= FRAME_WORDS || english(&words[words.len() - frame..]) >= FRAME_WORDS {
        return true;
    }
    let ends = [':', '\n', '"', '“', '«', '„', '?', '!', '.', '：'];
    let mut clauses = text.split(ends).filter(|clause| !clause.trim().is_empty());
    let (first, last) = (clauses.next(), clauses.next_back());
    first.into_iter().chain(last).any(is_english_clause)
}

/// Whether nearly all words are English, those included that other languages have too.
fn is_english_clause(clause: &str) -> bool {
    let words: Vec<&str> = words(clause).collect();
    let (english, shared) = count_english(&words);
    words.len() >= 2 && english >= 1 && (english + shared) * 3 >= words.len() * 2
}

/// How many of the words are English, and how many may be.
fn count_english(words: &[&str]) -> (usize, usize) {
    let english = words.iter().filter(|word| is_english_word(word)).count();
    let shared = words.iter().filter(|word| SHARED.iter().any(|shared| word.eq_ignore_ascii_case(shared))).count();
    (english, shared)
}

/// Whether the letters of other scripts are single symbols, as in a formula.
fn is_formula(text: &str, other: usize) -> bool {
    let alone = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() <= 3)
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

fn is_english_word(word: &str) -> bool {
    // The longest entry has ten letters.
    if word.len() > 10 {
        return false;
    }
    let lower = word.to_ascii_lowercase().replace('’', "'");
    ENGLISH.binary_search(&lower.as_str()).is_ok()
}

/// Common English words that are no common words of other languages written in Latin letters; sorted.
#[rustfmt::skip]
const ENGLISH: &[&str] = &[
    "about", "above", "after", "again", "against", "always", "and", "another", "answer", "any", "anything", "aren't",
    "around", "article", "ask", "because", "before", "being", "best", "better", "between", "book", "buy", "can't",
    "cannot", "change", "cheap", "check", "correct", "could", "create", "describe", "did", "didn't", "does",
    "doesn't", "doing", "don't", "down", "during", "each", "either", "english", "enough", "essay", "every",
    "everything", "example", "explain", "find", "first", "fix", "following", "french", "from", "generate", "german",
    "get", "give", "given", "going", "good", "great", "happy", "have", "having", "he's", "hello", "help", "hey",
    "house", "how", "i'd", "i'll", "i'm", "i've", "into", "isn't", "it's", "just", "keep", "know", "language", "less",
    "let's", "life", "like", "little", "lot", "love", "made", "make", "many", "may", "mean", "meaning", "means",
    "might", "money", "more", "much", "my", "need", "never", "next", "nothing", "now", "old", "only", "other", "our",
    "out", "own", "paragraph", "people", "phrase", "please", "provide", "question", "read", "really", "rewrite",
    "right", "said", "same", "say", "sentence", "shall", "short", "should", "should've", "show", "since", "some",
    "someone", "something", "spanish", "still", "story", "such", "suggest", "summarise", "summarize", "summary",
    "sure", "take", "tell", "than", "thank", "thanks", "that", "that's", "the", "their", "them", "then", "there",
    "these", "they", "thing", "things", "think", "this", "those", "though", "three", "through", "today", "too",
    "translate", "try", "understand", "until", "up", "used", "using", "very", "wanted", "way", "well", "were", "what",
    "what's", "when", "where", "whether", "which", "while", "who", "whose", "why", "with", "without", "won't", "words",
    "work", "world", "would", "write", "writing", "written", "wrong", "year", "years", "you", "you're", "your",
    "yours",
];

/// Common English words that other languages have too; they count only beside the others. Sorted.
#[rustfmt::skip]
const SHARED: &[&str] = &[
    "a", "all", "also", "am", "an", "are", "as", "at", "back", "be", "been", "both", "but", "by", "can", "code",
    "day", "do", "email", "even", "few", "food", "for", "go", "got", "had", "has", "he", "her", "here", "his", "i",
    "if", "in", "is", "it", "its", "job", "last", "let", "list", "live", "long", "look", "me", "most", "must", "name",
    "new", "no", "not", "of", "off", "on", "one", "or", "over", "she", "so", "start", "stop", "text", "time", "title",
    "to", "two", "under", "use", "want", "was", "we", "will", "word", "yes",
];

#[cfg(test)]
#[path = "language_tests.rs"]
mod tests;
