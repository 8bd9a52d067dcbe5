//! Whether the policies of a configuration can be put together, and compare what can be compared.

use std::collections::BTreeMap;

use super::TrustedHeader;
use super::suggest::nearest;
use crate::error::{Error, Result};
use crate::policy::{PRESETS, PolicyTable, Unbuildable, Uncomparable, is_shipped, policy_of};

/// What the names of these policies mean must not depend on a file: the one serves unless somebody says otherwise, the other
/// is how everything is turned off.
const FIXED: [&str; 2] = ["gentle", "off"];

/// Checks what no type can; `blame` makes an error about the value at a path, where a number is a place in a list.
pub(super) fn check(
    policies: &BTreeMap<String, PolicyTable>,
    trusted: &[TrustedHeader],
    blame: &impl Fn(&[&str], &str, &str) -> Error,
) -> Result<()> {
    if let Some(name) = policies.keys().find(|name| FIXED.contains(&name.as_str())) {
        let what = format!("`{name}` is the name of a policy that ships");
        return Err(blame(&["policies", name], &what, "give yours another name"));
    }
    for (name, table) in policies {
        let at = |path: &[&str], what: &str, fix: &str| {
            let path: Vec<&str> = ["policies", name].into_iter().chain(path.iter().copied()).collect();
            blame(&path, what, fix)
        };
        one_kind(name, table, &at)?;
        for (i, rule) in table.rules.iter().flatten().enumerate() {
            if let Some(wrong) = rule.uncomparable() {
                let i = i.to_string();
                return Err(told(
                    &wrong,
                    &format!("rule {} of `{name}`", i.parse::<usize>().unwrap_or(0) + 1),
                    |key, what, fix| at(&["rules", &i, key], what, fix),
                ));
            }
        }
        if let Some(wrong) = table.only_if.as_ref().and_then(|conditions| conditions.uncomparable()) {
            return Err(told(&wrong, &format!("`only-if` of `{name}`"), |key, what, fix| {
                at(&["only-if", key], what, fix)
            }));
        }
        let constants = table.utility.iter().flat_map(|utility| utility.constants());
        if let Some((key, value)) = constants.into_iter().find(|(_, value)| !(0.0..=1000.0).contains(value)) {
            let what = format!("`{key}` of `{name}` is {value}, which is no worth");
            return Err(at(
                &["utility", key],
                &what,
                "write a number of 0 or more, in parts of what the right answer is worth",
            ));
        }
        if table.utility.is_some_and(|utility| utility.answered > 1.0) {
            let what = format!("`answered` of `{name}` is more than 1, which is no probability");
            return Err(at(&["utility", "answered"], &what, "write a number from 0 to 1"));
        }
        let asks_domain = table.only_if.iter().any(|conditions| conditions.domain.is_some())
            || table.rules.iter().flatten().any(|rule| rule.domain.is_some());
        if asks_domain && !trusted.contains(&TrustedHeader::Domain) {
            let what = format!("`{name}` asks for the domain, and `x-groundwire-domain` is not trusted");
            return Err(at(&[], &what, "add \"domain\" to `trust-headers`, or remove the condition"));
        }
    }
    policies
        .keys()
        .try_for_each(|name| policy_of(name, policies).map(drop).map_err(|wrong| unbuildable(&wrong, policies, blame)))
}

/// Checks that `name` is a policy.
pub(super) fn known(
    name: &str,
    policies: &BTreeMap<String, PolicyTable>,
    blame: &impl Fn(&[&str], &str, &str) -> Error,
) -> Result<()> {
    if is_shipped(name) || policies.contains_key(name) {
        return Ok(());
    }
    let what = match name {
        "" => "`policy` is empty".to_owned(),
        name => format!("there is no policy `{name}`"),
    };
    Err(blame(&["policy"], &what, &instead(name, policies)))
}

/// What is meant by a name that is none.
fn instead(name: &str, policies: &BTreeMap<String, PolicyTable>) -> String {
    let own = policies.keys().map(String::as_str).filter(|own| !is_shipped(own));
    let known: Vec<&str> = PRESETS.into_iter().chain(own).collect();
    match nearest(name, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if name.is_empty() => format!("name one of {}", known.join(", ")),
        None => format!("name one of {}, or add a table [policies.{name}]", known.join(", ")),
    }
}

fn one_kind(name: &str, table: &PolicyTable, at: &impl Fn(&[&str], &str, &str) -> Error) -> Result<()> {
    let kinds =
        [("rules", table.rules.is_some()), ("utility", table.utility.is_some()), ("any-of", table.any_of.is_some())];
    let there: Vec<&str> = kinds.into_iter().filter(|(_, there)| *there).map(|(kind, _)| kind).collect();
    match there[..] {
        [kind] if kind == "any-of" && table.any_of.iter().flatten().next().is_none() => Err(at(
            &["any-of"],
            &format!("`any-of` of `{name}` names no policy"),
            "name one or more, such as [\"careful\", \"gentle\"]",
        )),
        [_] => Ok(()),
        [] => {
            let what = format!("the policy `{name}` says not what to do");
            Err(at(&[], &what, "add `rules = [ … ]`, `utility = {}` or `any-of = [ … ]`"))
        }
        [first, second, ..] => {
            let what = format!("`{second}` of `{name}` stands beside `{first}`");
            Err(at(
                &[second],
                &what,
                "keep one of them; a second policy can take it up, and `any-of` put both together",
            ))
        }
    }
}

fn told(wrong: &Uncomparable, whose: &str, at: impl Fn(&str, &str, &str) -> Error) -> Error {
    let Uncomparable { key, what, fix } = wrong;
    at(key, &format!("{whose} {what}"), fix)
}

fn unbuildable(
    wrong: &Unbuildable,
    policies: &BTreeMap<String, PolicyTable>,
    blame: &impl Fn(&[&str], &str, &str) -> Error,
) -> Error {
    match wrong {
        Unbuildable::Unknown { policy, key, name } => {
            blame(&["policies", policy, key], &format!("there is no policy `{name}`"), &instead(name, policies))
        }
        Unbuildable::Circle(names) => {
            let what = format!("these policies are made of each other: {}", names.join(", of "));
            let first = names.first().map_or("", String::as_str);
            blame(&["policies", first, "any-of"], &what, "take one of the names out")
        }
    }
}
