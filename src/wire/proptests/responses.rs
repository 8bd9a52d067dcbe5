//! What steering a response comes to, by a slow look at its tree.

use proptest::prelude::*;

use super::Spec;
use super::generate::{self, list, object, string, value};
use super::tree::Tree;
use crate::wire::Dialect;

pub(super) const SPEC: Spec = Spec { dialect: Dialect::OpenAiResponses, last_user_texts, steered, body, own_key };

fn is_users(item: &mut Tree) -> bool {
    item.is("role", &["user"]) && (item.given("type").is_none() || item.is("type", &["message"]))
}

/// What the last user said, and whether anything stands behind it but what the product says.
fn last_user(tree: &mut Tree) -> Option<(&mut Tree, bool)> {
    match tree.get_mut("input")? {
        Tree::List(items) => {
            let at = items.iter_mut().rposition(is_users)?;
            let (upto, after) = items.split_at_mut(at + 1);
            let acted = after.iter_mut().any(|item| !item.is("role", &["system", "developer"]));
            upto.last_mut()?.get_mut("content").map(|content| (content, acted))
        }
        input => input.said().is_some().then_some((input, false)),
    }
}

fn last_user_texts(tree: &Tree) -> Vec<String> {
    let mut tree = tree.clone();
    match last_user(&mut tree) {
        Some((Tree::List(parts), _)) => parts
            .iter_mut()
            .filter_map(|part| {
                let is_text = part.is("type", &["input_text", "output_text", "text"]);
                part.get_mut(if is_text { "text" } else { "refusal" }).filter(|_| is_text)?.said()
            })
            .collect(),
        Some((content, _)) => content.said().into_iter().collect(),
        None => Vec::new(),
    }
}

fn steered(tree: &Tree, instruction: &str) -> Option<Tree> {
    let mut tree = tree.clone();
    let (content, false) = last_user(&mut tree)? else { return None };
    match content {
        Tree::List(parts) => parts.push(Tree::object(&[("type", "input_text"), ("text", instruction)])),
        content => return content.append(instruction).then_some(tree),
    }
    Some(tree)
}

/// A key that is read, or a foreign one.
fn own_key() -> BoxedStrategy<String> {
    generate::key_of(&[
        "input",
        "model",
        "stream",
        "instructions",
        "store",
        "metadata",
        "tools",
        "tool_choice",
        "text",
        "previous_response_id",
        "conversation",
        "background",
        "include",
        "role",
        "content",
        "type",
        "in\\u0070ut",
    ])
}

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (string(), generate::space(), any::<bool>()).prop_map(|(text, space, swap)| {
            let mut entries = vec![("\"type\"".to_owned(), "\"input_text\"".to_owned()), ("\"text\"".to_owned(), text)];
            if swap {
                entries.reverse();
            }
            object(entries, &space)
        }),
        1 => value().prop_map(|value| format!(r#"{{"type":"input_image","image_url":{value}}}"#)),
        1 => string(),
    ]
}

fn item() -> impl Strategy<Value = String> {
    let role = prop::sample::select(vec!["user", "user", "user", "assistant", "system", "developer"]);
    let kind = prop::sample::select(vec![None, Some("\"message\""), Some("null")]);
    let content = prop_oneof![3 => string(), 2 => list(part(), 0..4), 1 => Just("null".to_owned())];
    let message = (role, kind, content).prop_flat_map(|(role, kind, content)| {
        let kind = kind.map(|kind| ("\"type\"".to_owned(), kind.to_owned()));
        let said = [("\"role\"".to_owned(), format!("\"{role}\"")), ("\"content\"".to_owned(), content)];
        generate::among(said.into_iter().chain(kind).collect())
    });
    prop_oneof![
        8 => message,
        1 => value().prop_map(|value| format!(r#"{{"type":"function_call","arguments":{value}}}"#)),
        1 => value().prop_map(|value| format!(r#"{{"output":{value},"type":"function_call_output"}}"#)),
        1 => value().prop_map(|value| format!(r#"{{"type":"reasoning","content":{value}}}"#)),
        1 => value().prop_map(|value| format!(r#"{{"id":{value},"type":"item_reference"}}"#)),
        1 => value().prop_map(|value| format!(r#"{{"type":"not yet invented","content":{value}}}"#)),
    ]
}

/// A body with input and any number of other keys around it.
fn body(key: BoxedStrategy<String>) -> BoxedStrategy<String> {
    prop_oneof![3 => list(item(), 1..5), 1 => string()]
        .prop_flat_map(move |input| generate::body(key.clone(), vec![("\"input\"".to_owned(), input)]))
        .boxed()
}
