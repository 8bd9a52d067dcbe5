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
pub(super) fn word(quoted: &str) -> String {
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
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Map(entries) => entries.iter_mut().find(|(key, _)| word(key) == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Whether the string under `name` is one of these.
    pub(super) fn is(&mut self, name: &str, wanted: &[&str]) -> bool {
        matches!(self.get_mut(name), Some(Self::Leaf(leaf)) if wanted.contains(&word(leaf).as_str()))
    }

    /// The value under `name`; `None` where there is none, or `null`.
    pub(super) fn given(&mut self, name: &str) -> Option<&mut Self> {
        self.get_mut(name).filter(|value| **value != Self::Leaf("null".to_owned()))
    }

    /// The text of a string, without its quotes and still escaped.
    pub(super) fn said(&self) -> Option<String> {
        match self {
            Self::Leaf(text) if text.starts_with('"') => Some(text[1..text.len() - 1].to_owned()),
            _ => None,
        }
    }

    /// Lets a string go on with `instruction`; whether it is one.
    pub(super) fn append(&mut self, instruction: &str) -> bool {
        match self {
            Self::Leaf(text) if text.starts_with('"') => {
                text.pop();
                text.push_str(&serde_json::to_string(instruction).unwrap_or_default()[1..]);
                true
            }
            _ => false,
        }
    }

    /// An object of strings.
    pub(super) fn object(entries: &[(&str, &str)]) -> Self {
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        Self::Map(entries.iter().map(|(key, value)| (quoted(key), Self::Leaf(quoted(value)))).collect())
    }
}
