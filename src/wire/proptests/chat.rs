//! What steering a chat completion comes to, by a slow look at its tree.

use proptest::prelude::*;

use super::Spec;
use super::generate::{self, list, object, string, value};
use super::tree::Tree;
use crate::wire::Dialect;

pub(super) const SPEC: Spec = Spec { dialect: Dialect::OpenAiChat, last_user_texts, steered, body, own_key };

/// The last user message, and whether the assistant or a tool speaks after it.
fn last_user(tree: &mut Tree) -> Option<(&mut Tree, bool)> {
    let Tree::List(messages) = tree.get_mut("messages")? else { return None };
    let at = messages.iter_mut().rposition(|message| message.is("role", &["user"]))?;
    let (upto, after) = messages.split_at_mut(at + 1);
    let acted = after.iter_mut().any(|message| message.is("role", &["assistant", "tool", "function"]));
    upto.last_mut().map(|message| (message, acted))
}

fn last_user_texts(tree: &Tree) -> Vec<String> {
    let mut tree = tree.clone();
    match last_user(&mut tree).and_then(|(message, _)| message.get_mut("content")) {
        Some(Tree::List(parts)) => parts
            .iter_mut()
            .filter_map(|part| {
                let name = ["text", "refusal"].into_iter().find(|name| part.is("type", &[name]))?;
                part.get_mut(name)?.said()
            })
            .collect(),
        Some(content) => content.said().into_iter().collect(),
        None => Vec::new(),
    }
}

fn steered(tree: &Tree, instruction: &str) -> Option<Tree> {
    let mut tree = tree.clone();
    let (message, false) = last_user(&mut tree)? else { return None };
    match message.get_mut("content")? {
        Tree::List(parts) => parts.push(Tree::object(&[("type", "text"), ("text", instruction)])),
        content => return content.append(instruction).then_some(tree),
    }
    Some(tree)
}

/// A key that is read, or a foreign one.
fn own_key() -> BoxedStrategy<String> {
    generate::key_of(&[
        "messages",
        "model",
        "stream",
        "stream_options",
        "metadata",
        "tools",
        "functions",
        "response_format",
        "tool_choice",
        "n",
        "modalities",
        "role",
        "content",
        "type",
        "text",
        "str\\u0065am",
        "include_usage",
    ])
}

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (string(), generate::space(), any::<bool>()).prop_map(|(text, space, swap)| {
            let mut entries = vec![("\"type\"".to_owned(), "\"text\"".to_owned()), ("\"text\"".to_owned(), text)];
            if swap {
                entries.reverse();
            }
            object(entries, &space)
        }),
        1 => value().prop_map(|value| format!(r#"{{"type":"image_url","image_url":{value}}}"#)),
        1 => string(),
    ]
}

fn message() -> impl Strategy<Value = String> {
    let role = prop::sample::select(vec!["user", "user", "user", "assistant", "system", "developer", "tool"]);
    let content = prop_oneof![3 => string(), 2 => list(part(), 0..4), 1 => Just("null".to_owned())];
    (role, content).prop_flat_map(|(role, content)| {
        generate::among(vec![("\"role\"".to_owned(), format!("\"{role}\"")), ("\"content\"".to_owned(), content)])
    })
}

/// A body with messages and any number of other keys around them.
fn body(key: BoxedStrategy<String>) -> BoxedStrategy<String> {
    list(message(), 1..5)
        .prop_flat_map(move |messages| generate::body(key.clone(), vec![("\"messages\"".to_owned(), messages)]))
        .boxed()
}
