//! Whether an assistant asks something.

use crate::dialogue::Turn;

/// How many bytes at the end of a message may hold the question that it ends with, options and default included.
const QUESTION: usize = 700;

/// Whether an assistant's message asks the user something: near its end a sentence is a question.
///
/// What follows the question does not matter (options, "or something else", which one is taken if none is chosen). An
/// open invitation ("How can I help you today?") asks for nothing in particular, and does not count.
pub fn asks(turn: &Turn<'_>) -> bool {
    let Some(text) = turn.texts().rfind(|text| !text.is_empty()) else { return false };
    let Some((head, tail)) = text.ends(0, QUESTION) else { return false };
    let end = tail.unwrap_or(head);
    // Most messages hold neither mark, and this tells so many times faster. (0xEF begins the full-width one.)
    if memchr::memchr2(b'?', 0xEF, end.as_bytes()).is_none() {
        return false;
    }
    let mut rest = &*end;
    while let Some(at) = rest.find(['?', '？']) {
        let (before, after) = rest.split_at(at);
        let after = after.trim_start_matches(['?', '？']);
        // A question mark inside of a word belongs to a URL or to code.
        let ends_sentence =
            after.chars().next().is_none_or(|c| c.is_whitespace() || !c.is_alphanumeric() && !"=&/[(.".contains(c));
        let start = before.rfind(['.', '!', '?', '\n']).map_or(0, |at| at + 1);
        if ends_sentence && !is_invitation(&before[start..]) {
            return true;
        }
        rest = after;
    }
    false
}

/// Whether a question only opens the floor.
fn is_invitation(sentence: &str) -> bool {
    let sentence = sentence.to_ascii_lowercase();
    let offers = ["how can i", "how may i", "how could i", "what can i", "what may i", "anything else"];
    let of_help = ["help", "assist", "do for you", "today", "you need"];
    offers.iter().any(|offer| sentence.contains(offer)) && of_help.iter().any(|help| sentence.contains(help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::Role;

    #[test]
    fn a_question_counts_whatever_follows_it() {
        for text in [
            "Which city?",
            "Where should it be? For example: (a) a place you know, or something else. If you leave it to me I take 7 pm for two.",
            "What you refer to did not come with your message. Could you paste it here? If you meant something else, tell me which.",
            "Which one do you mean?\n\n- the red one\n- the blue one\n- something else",
            "**Do you want the long version?** 😊",
        ] {
            assert!(asks(&Turn::new(Role::Assistant, text)), "{text}");
        }
    }

    #[test]
    fn answers_urls_code_and_invitations_do_not() {
        let long = format!("Why is the sky blue? {}", "Because of Rayleigh scattering. ".repeat(40));
        for text in [
            "Wellington.",
            "See https://example.com/a?b=c for more.",
            "let x = y?.z; fetch(`/a?b`)",
            "Hello! How can I help you today?",
            "You're welcome. Is there anything else I can help with?",
            &long,
        ] {
            assert!(!asks(&Turn::new(Role::Assistant, text)), "{text}");
        }
    }
}
