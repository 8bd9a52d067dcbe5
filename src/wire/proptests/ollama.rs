//! What steering a call of Ollama comes to, by a slow look at its tree.

use proptest::prelude::*;

use super::Spec;
use super::generate::{self, list, string, value};
use super::tree::{Tree, word};
use crate::wire::Dialect;

pub(super) const SPEC: Spec = Spec { dialect: Dialect::Ollama, last_user_texts, steered, body, own_key };

fn role(message: &mut Tree) -> String {
    match message.get_mut("role") {
        Some(Tree::Leaf(role)) => word(role).to_ascii_lowercase(),
        _ => String::new(),
    }
}

/// What the user said last, and whether the assistant or a tool speaks after it.
fn last_user(tree: &mut Tree) -> Option<(Option<&mut Tree>, bool)> {
    if tree.get_mut("messages").is_none() {
        let prompt = tree.get_mut("prompt").filter(|prompt| prompt.said().is_some_and(|said| !said.is_empty()));
        return prompt.map(|prompt| (Some(prompt), false));
    }
    let Tree::List(messages) = tree.get_mut("messages")? else { return None };
    let at = messages.iter_mut().rposition(|message| role(message) == "user")?;
    let (upto, after) = messages.split_at_mut(at + 1);
    let acted = after.iter_mut().any(|message| matches!(&*role(message), "assistant" | "tool"));
    upto.last_mut().map(|message| (message.get_mut("content"), acted))
}

fn last_user_texts(tree: &Tree) -> Vec<String> {
    let mut tree = tree.clone();
    last_user(&mut tree).and_then(|(content, _)| content?.said()).into_iter().collect()
}

fn steered(tree: &Tree, instruction: &str) -> Option<Tree> {
    let mut tree = tree.clone();
    let (content, false) = last_user(&mut tree)? else { return None };
    content?.append(instruction).then_some(tree)
}

/// A key that is read, or a foreign one.
fn own_key() -> BoxedStrategy<String> {
    generate::key_of(&[
        "messages",
        "prompt",
        "model",
        "stream",
        "system",
        "images",
        "context",
        "tools",
        "format",
        "options",
        "raw",
        "suffix",
        "role",
        "content",
        "pr\\u006fmpt",
    ])
}

fn message() -> impl Strategy<Value = String> {
    let role = prop::sample::select(vec!["user", "user", "User", "assistant", "system", "tool"]);
    let content = prop_oneof![4 => string(), 1 => Just("null".to_owned())];
    (role, prop::option::weighted(0.9, content), prop::option::weighted(0.2, value())).prop_flat_map(
        |(role, content, images)| {
            let content = content.map(|content| ("\"content\"".to_owned(), content));
            let images = images.map(|images| ("\"images\"".to_owned(), images));
            let role = ("\"role\"".to_owned(), format!("\"{role}\""));
            generate::among([role].into_iter().chain(content).chain(images).collect())
        },
    )
}

/// A body that says something, in either form, and any number of other keys around that.
fn body(key: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let said = prop_oneof![
        list(message(), 0..5).prop_map(|messages| ("\"messages\"".to_owned(), messages)),
        string().prop_map(|prompt| ("\"prompt\"".to_owned(), prompt)),
    ];
    said.prop_flat_map(move |said| {
        generate::body(key.clone(), vec![("\"model\"".to_owned(), "\"m\"".to_owned()), said])
    })
    .boxed()
}
