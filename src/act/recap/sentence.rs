//! What a user said, sentence by sentence, without what is no sentence: code, long pastes, courtesies.

/// A turn of more bytes than this carries material, of which only what stands around it is the user's wish.
const MATERIAL: usize = 1_500;
/// A single sentence longer than this is material, too.
pub(super) const LONGEST: usize = 600;

/// Words before whose full stop no sentence ends.
#[rustfmt::skip]
const ABBREVIATIONS: &[&str] = &[
    "mr", "ms", "mrs", "dr", "prof", "st", "no", "nr", "vs", "e.g", "i.e", "eg", "ie", "etc", "approx", "ca", "jr", "sr",
    "inc", "ltd", "co", "fig", "max", "min",
];

/// The sentences of a turn that may say what is wanted, verbatim and in order. Code blocks are left out whole.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let prose = prose(text);
    let is_material = prose.iter().map(|piece| piece.len()).sum::<usize>() > MATERIAL;
    let mut all: Vec<&str> = Vec::new();
    for piece in prose {
        for line in piece.lines() {
            split(line, &mut all);
        }
    }
    all.retain(|sentence| sentence.len() <= LONGEST && sentence.chars().any(char::is_alphanumeric));
    if is_material && all.len() > 8 {
        // What is asked stands before or behind what is pasted.
        let last = all.split_off(all.len() - 3);
        all.truncate(3);
        all.extend(last);
    }
    all
}

/// The pieces of a text outside of fenced code. A fence that does not close holds all that follows.
fn prose(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut from, mut fenced, mut at) = (0, false, 0);
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let mark = line.trim_start();
        if mark.starts_with("```") || mark.starts_with("~~~") {
            if fenced {
                from = end;
            } else {
                pieces.push(&text[from..at]);
            }
            fenced = !fenced;
        }
        at = end;
    }
    if !fenced {
        pieces.push(&text[from..]);
    }
    pieces
}

/// Splits a line at the ends of its sentences.
fn split<'t>(line: &'t str, into: &mut Vec<&'t str>) {
    let line = line.trim();
    let line = line.trim_start_matches(['-', '*', '•', '#', '>']).trim();
    let mut from = 0;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if !matches!(c, '.' | '!' | '?' | '…') {
            continue;
        }
        let end = at + c.len_utf8();
        let closes = line[end..].chars().next().is_none_or(|next| next.is_whitespace() || "\"')”’".contains(next));
        let before = line[from..at].rsplit([' ', '(']).next().unwrap_or_default().to_lowercase();
        let lone = before.chars().count() == 1 && before.chars().all(char::is_alphabetic) && before != "i";
        let numbered =
            !before.is_empty() && before.chars().all(|c| c.is_ascii_digit()) && line[from..at].trim() == before;
        let goes_on = line[end..].trim_start().starts_with(char::is_lowercase);
        let abbreviated = c == '.' && (goes_on || lone || numbered || ABBREVIATIONS.contains(&before.as_str()));
        if !closes || abbreviated || chars.peek().is_some_and(|(_, next)| matches!(next, '.' | '!' | '?')) {
            continue;
        }
        let quote = line[end..].chars().next().filter(|c| "\"')”’".contains(*c)).map_or(0, char::len_utf8);
        let sentence = line[from..end + quote].trim();
        if !sentence.is_empty() {
            into.push(sentence);
        }
        from = end + quote;
    }
    let rest = line[from.min(line.len())..].trim();
    if !rest.is_empty() {
        into.push(rest);
    }
}

/// Openings of sentences that only keep the conversation going.
#[rustfmt::skip]
const COURTESIES: &[&str] = &[
    "thanks", "thank you", "thx", "ok", "okay", "great", "perfect", "nice", "cool", "good", "awesome", "hi", "hello", "hey",
    "good morning", "good evening", "sounds good", "looks good", "got it", "i see", "sure", "yes", "no", "yep", "nope",
    "alright", "all right", "wow", "haha", "lol", "exactly", "right", "please", "bye", "goodbye", "much better", "better",
    "very good", "well done", "that works", "works for me", "fine", "never mind", "nevermind", "love it", "i love it",
    "i like it", "wonderful", "excellent", "super", "brilliant", "lovely", "hm", "hmm", "oh", "wait", "sorry", "oops",
    "cheers", "ta", "thanks a lot", "thank you so much", "thanks so much", "many thanks", "you know what", "let me think",
    "one moment",
];

/// Whether a sentence asks for nothing: thanks, greetings, a nod.
///
/// A nod right after a question is an answer; whoever calls this knows.
pub(super) fn is_courtesy(sentence: &str) -> bool {
    let plain: String =
        sentence.to_lowercase().chars().map(|c| if c.is_alphanumeric() || c == '\'' { c } else { ' ' }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let plain = words.join(" ");
    if words.is_empty() || COURTESIES.contains(&plain.as_str()) {
        return true;
    }
    // Two nods in a row: "ok thanks", "great, thank you".
    words.len() <= 6
        && (1..words.len()).any(|at| {
            COURTESIES.contains(&words[..at].join(" ").as_str()) && COURTESIES.contains(&words[at..].join(" ").as_str())
        })
}

/// Questions about what the assistant said, which ask for an explanation and set no requirement.
#[rustfmt::skip]
const ABOUT_THE_ANSWER: &[&str] = &[
    "are you sure", "why", "why is that", "why not", "how so", "really", "is that right", "is that correct",
    "what do you mean", "what does that mean", "does that make sense", "can you explain that", "how does that work",
    "what's that", "what is that", "how come", "do you have a source", "since when", "who says so", "what else",
    "anything else", "and then", "what now",
];

/// Whether a sentence only asks back.
pub(super) fn is_asking_back(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let plain = lower.trim_end_matches(['?', '!', '.', ' ']).trim();
    ABOUT_THE_ANSWER.contains(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_they_end() {
        assert_eq!(
            sentences("Book at St. Anne's, e.g. at 7.30 p.m. today. Ask Dr. Who! Right?\n- vegan\n1. no nuts"),
            ["Book at St. Anne's, e.g. at 7.30 p.m. today.", "Ask Dr. Who!", "Right?", "vegan", "1. no nuts"]
        );
        assert_eq!(sentences("He said \"stop.\" Then... nothing"), ["He said \"stop.\"", "Then... nothing"]);
    }

    #[test]
    fn code_is_left_out_whole() {
        let text = "Fix this:\n```python\nx = 1. \nprint(x)\n```\nKeep the tabs.\n~~~\nopen. Never closed.";
        assert_eq!(sentences(text), ["Fix this:", "Keep the tabs."]);
    }

    #[test]
    fn of_a_long_paste_the_ends_are_kept() {
        let text = format!("Summarise this. {} Use five bullets.", "It went on for a while. ".repeat(100));
        let kept = sentences(&text);
        assert_eq!((kept.len(), kept[0], kept[5]), (6, "Summarise this.", "Use five bullets."));
        assert!(sentences(&"x".repeat(700)).is_empty());
    }

    #[test]
    fn courtesies_ask_for_nothing() {
        for nod in ["Thanks!", "ok, great", "Perfect. ", "Hi", "Good morning!", "OK thank you"] {
            assert!(is_courtesy(nod), "{nod}");
        }
        for wish in ["Thanks, now make it shorter", "No nuts", "ok but in red", "Good wine", "yes, for six"] {
            assert!(!is_courtesy(wish), "{wish}");
        }
        assert!(is_asking_back("Are you sure?") && !is_asking_back("Why is the sky blue?"));
    }
}
