//! JSON as a tree of its own text: nothing is unescaped, rounded, reordered or merged. Slow, and plain to see through.

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tree {
    /// A number, `true`, `false`, `null`, or a string with its quotes.
    Leaf(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

/// Parses the whole of `text`.
pub(super) fn parse(text: &str) -> Option<Tree> {
    let mut rest = text;
    let tree = value(&mut rest)?;
    rest.trim().is_empty().then_some(tree)
}

/// What a string with its quotes says.
fn word(quoted: &str) -> String {
    serde_json::from_str(quoted).unwrap_or_else(|_| quoted.to_owned())
}

fn value(rest: &mut &str) -> Option<Tree> {
    *rest = rest.trim_start();
    match rest.chars().next()? {
        '[' => {
            let mut items = Vec::new();
            sequence(rest, ']', |rest| {
                items.push(value(rest)?);
                Some(())
            })?;
            Some(Tree::List(items))
        }
        '{' => {
            let mut entries = Vec::new();
            sequence(rest, '}', |rest| {
                *rest = rest.trim_start();
                let key = string(rest)?;
                *rest = rest.trim_start().strip_prefix(':')?;
                entries.push((key, value(rest)?));
                Some(())
            })?;
            Some(Tree::Map(entries))
        }
        '"' => string(rest).map(Tree::Leaf),
        _ => {
            let end = rest.find(|c: char| ",]}".contains(c) || c.is_ascii_whitespace()).unwrap_or(rest.len());
            let (leaf, after) = rest.split_at(end);
            *rest = after;
            Some(Tree::Leaf(leaf.to_owned()))
        }
    }
}

fn sequence(rest: &mut &str, close: char, mut each: impl FnMut(&mut &str) -> Option<()>) -> Option<()> {
    *rest = rest[1..].trim_start();
    if let Some(after) = rest.strip_prefix(close) {
        *rest = after;
        return Some(());
    }
    loop {
        each(rest)?;
        *rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => {
                *rest = rest.strip_prefix(close)?;
                return Some(());
            }
        }
    }
}

fn string(rest: &mut &str) -> Option<String> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let (string, after) = rest.split_at(at + 1);
                *rest = after;
                return Some(string.to_owned());
            }
            _ => {}
        }
    }
    None
}

impl Tree {
    fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Map(entries) => entries.iter_mut().find(|(key, _)| word(key) == name).map(|(_, value)| value),
            _ => None,
        }
    }

    fn is(&mut self, name: &str, wanted: &[&str]) -> bool {
        matches!(self.get_mut(name), Some(Self::Leaf(leaf)) if wanted.contains(&word(leaf).as_str()))
    }

    /// The last user message, and whether the assistant or a tool speaks after it.
    fn last_user(&mut self) -> Option<(&mut Self, bool)> {
        let Self::List(messages) = self.get_mut("messages")? else { return None };
        let at = messages.iter_mut().rposition(|message| message.is("role", &["user"]))?;
        let (upto, after) = messages.split_at_mut(at + 1);
        let acted = after.iter_mut().any(|message| message.is("role", &["assistant", "tool", "function"]));
        upto.last_mut().map(|message| (message, acted))
    }

    /// The texts of the last user message, without their quotes.
    pub(super) fn last_user_texts(&self) -> Vec<String> {
        let unquoted = |leaf: &str| leaf[1..leaf.len() - 1].to_owned();
        let mut tree = self.clone();
        match tree.last_user().and_then(|(message, _)| message.get_mut("content")) {
            Some(Self::Leaf(text)) if text.starts_with('"') => vec![unquoted(text)],
            Some(Self::List(parts)) => parts
                .iter_mut()
                .filter_map(|part| {
                    let name = ["text", "refusal"].into_iter().find(|name| part.is("type", &[name]))?;
                    match part.get_mut(name) {
                        Some(Self::Leaf(text)) => Some(unquoted(text)),
                        _ => None,
                    }
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The tree with `instruction` where it belongs; `None` where there is no place for it.
    pub(super) fn steered(&self, instruction: &str) -> Option<Self> {
        let quoted = serde_json::to_string(instruction).ok()?;
        let mut tree = self.clone();
        let (message, false) = tree.last_user()? else { return None };
        match message.get_mut("content")? {
            Self::Leaf(text) if text.starts_with('"') => {
                text.pop();
                text.push_str(&quoted[1..]);
            }
            Self::List(parts) => {
                let entry = |key: &str, value: &str| (format!("\"{key}\""), Self::Leaf(value.to_owned()));
                parts.push(Self::Map(vec![entry("type", "\"text\""), entry("text", &quoted)]));
            }
            _ => return None,
        }
        Some(tree)
    }
}
