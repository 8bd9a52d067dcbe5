//! What steering a call of Gemini comes to, by a slow look at its tree.

use proptest::prelude::*;

use super::Spec;
use super::generate::{self, list, object, string};
use super::tree::Tree;
use crate::wire::Dialect;

pub(super) const SPEC: Spec = Spec { dialect: Dialect::Gemini, last_user_texts, steered, body, own_key };

/// A list, or the one value in its place.
fn items(value: &mut Tree) -> &mut [Tree] {
    match value {
        Tree::List(items) => items,
        value => std::slice::from_mut(value),
    }
}

/// The text that a part says.
fn said(part: &mut Tree) -> Option<String> {
    let thinks = part.get_mut("thought") == Some(&mut Tree::Leaf("true".to_owned()));
    part.get_mut("text").filter(|_| !thinks)?.said()
}

/// Whether this is the user's, and not the result of a function in the user's name.
fn is_users(content: &mut Tree) -> bool {
    let named = content.given("role").and_then(|role| role.said()).unwrap_or_default().to_ascii_lowercase();
    let results = ["functionResponse", "function_response", "toolResponse", "codeExecutionResult"];
    let parts = content.given("parts").map(items).unwrap_or_default();
    let speaks = parts.iter_mut().filter_map(said).any(|text| !text.is_empty());
    let is_result = parts.iter_mut().any(|part| results.iter().any(|name| part.given(name).is_some()));
    matches!(named.as_str(), "" | "user") && (speaks || !is_result)
}

/// The last content of the user's, and whether the model or a function speaks after it.
fn last_user(tree: &mut Tree) -> Option<(&mut Tree, bool)> {
    let contents = items(tree.get_mut("contents")?);
    let at = contents.iter_mut().rposition(is_users)?;
    let (upto, after) = contents.split_at_mut(at + 1);
    let acted = after.iter_mut().any(|content| !content.is("role", &["system"]));
    upto.last_mut().map(|content| (content, acted))
}

fn last_user_texts(tree: &Tree) -> Vec<String> {
    let mut tree = tree.clone();
    let parts = last_user(&mut tree).and_then(|(content, _)| content.given("parts")).map(items).unwrap_or_default();
    parts.iter_mut().filter_map(said).collect()
}

fn steered(tree: &Tree, instruction: &str) -> Option<Tree> {
    let mut tree = tree.clone();
    let (content, false) = last_user(&mut tree)? else { return None };
    match content.given("parts")? {
        Tree::List(parts) => parts.push(Tree::object(&[("text", instruction)])),
        part => {
            said(part)?;
            part.get_mut("text")?.append(instruction);
        }
    }
    Some(tree)
}

/// A key that is read, or a foreign one.
fn own_key() -> BoxedStrategy<String> {
    generate::key_of(&[
        "contents",
        "parts",
        "role",
        "text",
        "thought",
        "inlineData",
        "function_response",
        "systemInstruction",
        "system_instruction",
        "generationConfig",
        "generation_config",
        "tools",
        "toolConfig",
        "cachedContent",
        "labels",
        "c\\u006fntents",
    ])
}

fn part() -> impl Strategy<Value = String> {
    let quoted = |text: &str| format!("\"{text}\"");
    prop_oneof![
        4 => (string(), generate::space()).prop_map(move |(text, space)| object(vec![(quoted("text"), text)], &space)),
        1 => string().prop_map(|text| format!(r#"{{"text":{text},"thought":true}}"#)),
        1 => string().prop_map(|text| format!(r#"{{"thoughtSignature":"x","text":{text},"thought":false}}"#)),
        1 => string().prop_map(|data| format!(r#"{{"inlineData":{{"mimeType":"image/png","data":{data}}}}}"#)),
        1 => generate::value().prop_map(|value| format!(r#"{{"functionResponse":{{"name":"f","response":{value}}}}}"#)),
        1 => Just("{}".to_owned()),
    ]
}

fn content() -> impl Strategy<Value = String> {
    let role = prop::sample::select(vec![
        "\"user\"",
        "\"user\"",
        "\"USER\"",
        "null",
        "\"\"",
        "\"model\"",
        "\"function\"",
        "\"system\"",
    ]);
    let parts = prop_oneof![4 => list(part(), 0..4), 2 => part(), 1 => Just("null".to_owned())];
    (prop::option::weighted(0.9, role), prop::option::weighted(0.9, parts)).prop_flat_map(|(role, parts)| {
        let role = role.map(|role| ("\"role\"".to_owned(), role.to_owned()));
        generate::among(role.into_iter().chain(parts.map(|parts| ("\"parts\"".to_owned(), parts))).collect())
    })
}

/// A body with contents and any number of other keys around them.
fn body(key: BoxedStrategy<String>) -> BoxedStrategy<String> {
    prop_oneof![3 => list(content(), 1..5), 1 => content()]
        .prop_flat_map(move |contents| generate::body(key.clone(), vec![("\"contents\"".to_owned(), contents)]))
        .boxed()
}
