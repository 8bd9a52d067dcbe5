//! Text in a user's message that no human typed: the wrappers by which agent harnesses talk to the model.

use crate::dialogue::{Text, Turn};

/// The tags in which known harnesses wrap what they add to a user's message.
const TAGS: [&str; 6] = [
    "system-reminder",
    "system_reminder",
    "environment_context",
    "environment_details",
    "local-command-stdout",
    "command-message",
];

/// Whether every text of a message is a wrapper of a known agent harness, so that no human typed any of it.
pub(super) fn is_wrapper_only(turn: &Turn<'_>) -> bool {
    let mut texts = turn.texts().filter(|text| !text.is_empty()).peekable();
    texts.peek().is_some() && texts.all(|text| is_wrapper(&text))
}

fn is_wrapper(text: &Text<'_>) -> bool {
    // The ends are enough to see how it opens and closes.
    let Some((head, tail)) = text.ends(64, 64) else { return false };
    let (head, tail) = (head.trim_start(), tail.as_deref().unwrap_or(&head).trim_end());
    TAGS.iter().any(|tag| {
        let opens = head.strip_prefix('<').and_then(|h| h.strip_prefix(tag)).is_some_and(|h| h.starts_with(['>', ' ']));
        let closes = tail.strip_suffix('>').and_then(|t| t.strip_suffix(tag)).is_some_and(|t| t.ends_with("</"));
        opens && closes
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::{Part, Role};

    fn turn(texts: &[&'static str]) -> Turn<'static> {
        Turn { role: Role::User, parts: texts.iter().map(|t| Part::Text(Text::Plain(t))).collect() }
    }

    #[test]
    fn wrappers_are_not_human_and_a_word_beside_them_is() {
        let reminder = "<system-reminder>\nThe file changed.\n</system-reminder>\n";
        assert!(is_wrapper_only(&turn(&[reminder])));
        assert!(is_wrapper_only(&turn(&[reminder, ""])));
        assert!(!is_wrapper_only(&turn(&[reminder, "fix it"])));
        assert!(!is_wrapper_only(&turn(&["<system-reminder> what does this tag do?"])));
        assert!(!is_wrapper_only(&turn(&[])));
    }
}
