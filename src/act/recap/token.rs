//! Words of a sentence with their places, and which of them mean the same.

use std::ops::Range;

use super::lexicon;

/// One word, number or sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) at: Range<usize>,
    pub(super) text: &'t str,
    pub(super) lower: String,
}

impl Token<'_> {
    pub(super) fn is(&self, word: &str) -> bool {
        self.lower == word
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.contains(&self.lower.as_str())
    }

    pub(super) fn is_capitalised(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }

    /// Whether it is a word that carries meaning.
    pub(super) fn is_content(&self) -> bool {
        self.lower.chars().next().is_some_and(char::is_alphanumeric) && !lexicon::is_stopword(&self.lower)
    }

    /// Whether it only separates.
    pub(super) fn is_mark(&self) -> bool {
        !self.lower.chars().any(|c| c.is_alphanumeric() || "%€$£".contains(c))
    }
}

/// The tokens of `text`. Numbers, versions, dates, addresses and names of files are one token each.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let char_at = |i: usize| chars.get(i).map(|(_, c)| *c);
    let place = |i: usize| chars.get(i).map_or(text.len(), |(at, _)| *at);
    let mut tokens = Vec::new();
    let mut i = 0;
    while let Some(c) = char_at(i) {
        let from = i;
        if c.is_whitespace() {
            i += 1;
            continue;
        }
        if c.is_alphanumeric() || c == '_' {
            i += 1;
            while let Some(c) = char_at(i) {
                let (before, after) = (char_at(i - 1), char_at(i + 1));
                let between = |is: fn(char) -> bool| before.is_some_and(is) && after.is_some_and(is);
                let joins = match c {
                    c if c.is_alphanumeric() || c == '_' => true,
                    '\'' | '’' | '-' | '@' | '&' | '/' | '+' => between(|c| c.is_alphanumeric() || c == '_'),
                    '.' => between(char::is_alphanumeric) && !after.is_some_and(char::is_uppercase),
                    ',' | ':' => between(|c| c.is_ascii_digit()),
                    _ => false,
                };
                if !joins {
                    break;
                }
                i += 1;
            }
        } else {
            i += 1;
        }
        let at = place(from)..place(i);
        let text = &text[at.clone()];
        tokens.push(Token { at, text, lower: text.to_lowercase().replace('’', "'") });
    }
    tokens
}

/// The word without its ending, as far as that can be told without a dictionary.
pub(super) fn stem(word: &str) -> String {
    let word = word.strip_suffix("'s").unwrap_or(word);
    let mut stem = word.to_owned();
    if let Some(base) = stem.strip_suffix("ies").filter(|base| base.len() > 2) {
        stem = format!("{base}y");
    } else if stem.len() > 4 && ["sses", "shes", "ches", "xes"].iter().any(|end| stem.ends_with(end)) {
        stem.truncate(stem.len() - 2);
    } else if stem.len() > 3 && stem.ends_with('s') && !["ss", "us", "is"].iter().any(|end| stem.ends_with(end)) {
        stem.pop();
    }
    let ending = ["ing", "ed"].into_iter().find(|end| stem.ends_with(end) && stem.len() > end.len() + 3);
    if let Some(end) = ending {
        stem.truncate(stem.len() - end.len());
        let mut last = stem.chars().rev();
        if let (Some(a), Some(b)) = (last.next(), last.next())
            && a == b
            && !"lsz".contains(a)
        {
            stem.pop();
        }
    }
    if stem.len() > 4 && stem.ends_with('e') {
        stem.pop();
    }
    stem
}

/// Whether two words mean the same thing: the same stem, a long common beginning, or a kind and one of its kind.
pub(super) fn related(a: &str, b: &str) -> bool {
    let (x, y) = (stem(a), stem(b));
    if x == y || lexicon::are_akin(&x, &y) {
        return true;
    }
    let common = x.bytes().zip(y.bytes()).take_while(|(a, b)| a == b).count();
    common >= 5 && x.is_ascii() && y.is_ascii() && common * 2 > x.len().max(y.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_files_are_one_token() {
        let words = |text| tokens(text).into_iter().map(|token| token.text.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            words("It's 180,000 euros at 3.9 %, e-mail me@h.de."),
            ["It's", "180,000", "euros", "at", "3.9", "%", ",", "e-mail", "me@h.de", "."]
        );
        assert_eq!(words("2024-05-31_001; a.csv"), ["2024-05-31_001", ";", "a.csv"]);
        assert_eq!(words("ok.Then 9:30"), ["ok", ".", "Then", "9:30"]);
    }

    #[test]
    fn endings_do_not_tell_words_apart() {
        for (a, b) in [
            ("names", "name"),
            ("filling", "fill"),
            ("running", "run"),
            ("litres", "litre"),
            ("parties", "party"),
            ("analytics", "analyst"),
            ("salmon", "fish"),
            ("lawn", "grass"),
        ] {
            assert!(related(a, b), "{a} {b}");
        }
        for (a, b) in [("row", "road"), ("date", "data"), ("count", "account"), ("contract", "contact")] {
            assert!(!related(a, b), "{a} {b}");
        }
    }
}
