//! What steering a message comes to, by a slow look at its tree.

use proptest::prelude::*;

use super::Spec;
use super::generate::{self, list, object, string, value};
use super::tree::Tree;
use crate::wire::Dialect;

pub(super) const SPEC: Spec = Spec { dialect: Dialect::AnthropicMessages, last_user_texts, steered, body, own_key };

fn is_result(block: &mut Tree) -> bool {
    block.is("type", &["tool_result"])
}

/// What a person may have typed last: a string, or the last blocks in a row that are no results of tools.
fn last_user_texts(tree: &Tree) -> Vec<String> {
    let mut tree = tree.clone();
    let Some(Tree::List(messages)) = tree.get_mut("messages") else { return Vec::new() };
    for message in messages.iter_mut().rev().filter_map(|message| message.is("role", &["user"]).then_some(message)) {
        match message.get_mut("content") {
            Some(Tree::List(blocks)) if !blocks.is_empty() => {
                let Some(end) = blocks.iter_mut().rposition(|block| !is_result(block)) else { continue };
                let start = blocks[..=end].iter_mut().rposition(is_result).map_or(0, |at| at + 1);
                let texts = blocks[start..=end].iter_mut().filter(|block| (*block).clone().is("type", &["text"]));
                return texts.filter_map(|block| block.get_mut("text")?.said()).collect();
            }
            content => return content.and_then(|content| content.said()).into_iter().collect(),
        }
    }
    Vec::new()
}

fn steered(tree: &Tree, instruction: &str) -> Option<Tree> {
    let mut tree = tree.clone();
    let Tree::List(messages) = tree.get_mut("messages")? else { return None };
    let at = messages.iter_mut().rposition(|message| message.is("role", &["user"]))?;
    let (upto, after) = messages.split_at_mut(at + 1);
    if after.iter_mut().any(|message| message.is("role", &["assistant"])) {
        return None;
    }
    match upto.last_mut()?.get_mut("content")? {
        Tree::List(blocks) => {
            if blocks.last_mut().is_some_and(is_result) {
                return None;
            }
            blocks.push(Tree::object(&[("type", "text"), ("text", instruction)]));
        }
        content => return content.append(instruction).then_some(tree),
    }
    Some(tree)
}

/// A key that is read, or a foreign one.
fn own_key() -> BoxedStrategy<String> {
    generate::key_of(&[
        "messages",
        "model",
        "max_tokens",
        "stream",
        "system",
        "metadata",
        "tools",
        "tool_choice",
        "output_config",
        "output_format",
        "thread",
        "cache_control",
        "role",
        "content",
        "type",
        "text",
        "syste\\u006d",
    ])
}

fn block() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (string(), generate::space(), any::<bool>()).prop_map(|(text, space, swap)| {
            let mut entries = vec![("\"type\"".to_owned(), "\"text\"".to_owned()), ("\"text\"".to_owned(), text)];
            if swap {
                entries.reverse();
            }
            object(entries, &space)
        }),
        2 => value().prop_map(|value| format!(r#"{{"content":{value},"type":"tool_result"}}"#)),
        1 => value().prop_map(|value| format!(r#"{{"type":"image","source":{value}}}"#)),
        1 => value().prop_map(|value| format!(r#"{{"type":"thinking","signature":{value}}}"#)),
        1 => string(),
    ]
}

fn message() -> impl Strategy<Value = String> {
    let role = prop::sample::select(vec!["user", "user", "user", "assistant", "system"]);
    let content = prop_oneof![3 => string(), 3 => list(block(), 0..4), 1 => Just("null".to_owned())];
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
