//! Words as they were meant: lower case, no apostrophes, digits that stand for letters, slips of the finger.

/// Words that are recognised through a slip.
const KEYS: &[&str] = &[
    "suicide",
    "suicidal",
    "myself",
    "overdose",
    "overdosed",
    "living",
    "alive",
    "anymore",
    "reason",
    "ending",
    "killing",
    "want",
    "life",
    "tonight",
    "dying",
    "existing",
    "goodbye",
];

/// Words that are near one of them, and are none.
const WORDS: &[&str] = &["loving", "liking", "lining", "exiting", "reasons", "seasons"];

/// The words of `text`, with what is meant in the place of what is misspelt.
pub(super) fn words(text: &str) -> Vec<String> {
    let plain: String = text
        .to_lowercase()
        .chars()
        .filter(|c| !matches!(c, '\'' | '’' | '`' | '´'))
        .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '!' | '?' | ',') { c } else { ' ' })
        .collect();
    let spaced = plain.replace(['.', '!', '?', ','], " , ");
    spaced.split_whitespace().map(meant).collect()
}

fn meant(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    // "soooo": nobody writes a letter three times.
    letters.dedup_by_key_run();
    let has_letters = letters.iter().any(|c| c.is_alphabetic());
    if has_letters && letters.len() > 2 {
        for letter in &mut letters {
            *letter = match *letter {
                '1' => 'i',
                '3' => 'e',
                '0' => 'o',
                '4' => 'a',
                '5' => 's',
                other => other,
            };
        }
    }
    let word: String = letters.into_iter().collect();
    if KEYS.contains(&word.as_str()) || WORDS.contains(&word.as_str()) {
        return word;
    }
    KEYS.iter().find(|key| is_slip(&word, key)).map_or(word, |key| (*key).to_owned())
}

/// Letters that run three times or more, once.
trait Runs {
    fn dedup_by_key_run(&mut self);
}

impl Runs for Vec<char> {
    fn dedup_by_key_run(&mut self) {
        let mut out: Vec<char> = Vec::with_capacity(self.len());
        let mut at = 0;
        while at < self.len() {
            let run = self[at..].iter().take_while(|c| **c == self[at]).count();
            out.extend(std::iter::repeat_n(self[at], if run >= 3 { 1 } else { run }));
            at += run;
        }
        *self = out;
    }
}

/// Whether `word` is `key` but for one slip: two neighbours swapped or, in a long word, a letter too many, too few or wrong.
fn is_slip(word: &str, key: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), key.chars().collect());
    if a == b || a.first() != b.first() {
        return false;
    }
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (rest, wanted) = (&a[head..], &b[head..]);
    if let ([x, y, rest @ ..], [v, w, wanted @ ..]) = (rest, wanted)
        && x == w
        && y == v
        && rest == wanted
    {
        return true;
    }
    if b.len() < 6 {
        return false;
    }
    let skip = |letters: &'_ [char]| letters.get(1..).map(<[char]>::to_vec).unwrap_or_default();
    rest == skip(wanted) || skip(rest) == wanted || a.len() == b.len() && skip(rest) == skip(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen_through() {
        assert_eq!(words("I wnat, sucide. SOOOO k1ll"), ["i", "want", ",", "suicide", ",", "so", "kill"]);
        for (word, meant) in [("suiside", "suicide"), ("lfie", "life"), ("mysefl", "myself"), ("resaon", "reason")] {
            assert_eq!(words(word), [meant]);
        }
        for word in ["like", "went", "lives", "loving", "season", "wife"] {
            assert_eq!(words(word), [word]);
        }
    }
}
