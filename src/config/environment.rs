//! The configuration from environment variables, as containers are configured: `GROUNDWIRE_LIMITS__MAX_BODY=4MiB`.
//!
//! A variable's name is the key's in capitals, with `_` for `-` and `__` between a table and its key. The command line wins
//! over the environment, the environment over the file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::explain::{Place, explain};
use super::place::named_in;
use super::schema::{Key, Kind, keys};
use super::suggest::nearest;
use crate::error::{Error, Result};

/// What all names begin with.
const PREFIX: &str = "GROUNDWIRE_";

/// Where the file is.
const FILE: &str = "GROUNDWIRE_CONFIG";

/// Names with that beginning that are no keys: where the file is, the name under which the manual keeps the identity key's
/// secret (of use where `identity-key` says so), and what the build of the binary asks.
const NO_KEYS: [&str; 3] = [FILE, "GROUNDWIRE_KEY", "GROUNDWIRE_ONNXRUNTIME"];

/// The variables of a process that concern groundwire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        // What is no Unicode is no value of any key; with a character in the place of each wrong byte it is an error.
        std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into(), value.to_string_lossy().into()))
            .collect()
    }

    /// Where the configuration is (`GROUNDWIRE_CONFIG`), for who has no place to write `--config`.
    pub fn file(&self) -> Option<PathBuf> {
        self.0.get(FILE).filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    /// The name of the variable that sets the key at `path`, if one does.
    pub(super) fn sets(&self, path: &[&str]) -> Option<String> {
        let name = name(path);
        self.0.contains_key(&name).then_some(name)
    }

    /// Those that are to set a key.
    fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let settings = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        settings.filter(|(name, _)| !NO_KEYS.contains(name) && !is_of_a_service(name))
    }

    /// Puts what the variables say over `table`, the content of the file; `T` is the shape of both.
    ///
    /// # Errors
    /// If a variable names no key, has a value that is none of the key's, or holds a secret that no key asks for.
    pub(super) fn over<T: DeserializeOwned>(&self, table: &mut Table) -> Result<()> {
        let keys = keys::<T>();
        let mut unknown = Vec::new();
        for (variable, text) in self.settings() {
            let Some(key) = keys.iter().find(|key| name(&key.path) == variable) else {
                unknown.push(variable);
                continue;
            };
            let value = value(key.kind, text);
            let mut alone = Table::new();
            insert(&mut alone, &key.path, value.clone());
            // Of a table with keys that must be there, the others may be in the file, or in variables that come later.
            T::deserialize(alone).map(drop).or_else(|e| {
                let lacks = e.message().starts_with("missing field");
                if lacks { Ok(()) } else { Err(wrong(variable, key, &e)) }
            })?;
            insert(table, &key.path, value);
        }
        // What a key refers to is known only now: a variable may set that key, too.
        let secrets = named_in(table, "env:");
        match unknown.into_iter().find(|variable| !secrets.iter().any(|name| name == variable)) {
            None => Ok(()),
            Some(variable) => Err(Error::config(format!(
                "the environment variable {variable} sets no key, and no `env:{variable}` refers to it: {}",
                suggestion(variable, &keys)
            ))),
        }
    }
}

impl FromIterator<(String, String)> for Environment {
    /// Of these variables, those that concern groundwire.
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect())
    }
}

fn name(path: &[&str]) -> String {
    format!("{PREFIX}{}", path.join("__").replace('-', "_").to_ascii_uppercase())
}

/// Whether this is a variable by which Kubernetes (and Docker's links before it) tells every container of a service called
/// `groundwire…`: `GROUNDWIRE_SERVICE_HOST`, `GROUNDWIRE_PORT_8080_TCP_ADDR` and their like.
fn is_of_a_service(name: &str) -> bool {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_exposed = |rest: &str| {
        let mut parts = rest.split('_');
        let (port, protocol, what) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        is_port(port)
            && matches!(protocol, Some("TCP" | "UDP" | "SCTP"))
            && matches!(what, None | Some("PROTO" | "PORT" | "ADDR"))
            && parts.next().is_none()
    };
    let exposed = name.match_indices("_PORT_").any(|(at, mark)| is_exposed(&name[at + mark.len()..]));
    exposed || name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.ends_with("_PORT")
}

/// The text as a value of this kind; as it is where it is none, so that the key's own type says what is wrong.
fn value(kind: Kind, text: &str) -> Value {
    let parsed = match kind {
        Kind::Flag => text.parse().ok().map(Value::Boolean),
        Kind::Whole => text.parse().ok().map(Value::Integer),
        Kind::Number => text.parse().ok().map(Value::Float),
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        Kind::Text | Kind::Table => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn insert(table: &mut Table, path: &[&str], value: Value) {
    let [tables @ .., last] = path else { return };
    let mut table = table;
    for name in tables {
        let inner = table.entry(*name).or_insert_with(|| Value::Table(Table::new()));
        // The file was read before, so that a table is one.
        let Value::Table(inner) = inner else { return };
        table = inner;
    }
    table.insert((*last).to_owned(), value);
}

fn wrong(variable: &str, key: &Key, error: &toml::de::Error) -> Error {
    let (what, fix) =
        explain(error.message(), &Place::at(key.path.last().copied().unwrap_or_default()), "something else");
    // Whoever sets a variable writes no quotes.
    Error::config(format!(
        "the environment variable {variable}: {what}: {}",
        fix.replace(" in quotes", "").replace('"', "")
    ))
}

/// About a table that is there only for a variable, and lacks what it must have.
pub(super) fn incomplete(error: &toml::de::Error) -> Error {
    let (what, fix) = explain(error.message(), &Place::default(), "");
    Error::config(format!("with what the environment says, {what}: {fix}"))
}

fn suggestion(variable: &str, keys: &[Key]) -> String {
    let names: Vec<String> = keys.iter().map(|key| name(&key.path)).collect();
    // Distances are told of words in small letters with `-`; the prefix that all have says nothing.
    let plain = |name: &str| name[PREFIX.len()..].to_ascii_lowercase().replace('_', "-");
    let words: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let known: Vec<&str> = words.iter().map(String::as_str).collect();
    let near = nearest(&plain(variable), &known)
        // The table left out, or one `_` where two belong.
        .or_else(|| known.iter().copied().find(|word| word.rsplit("--").next() == Some(&plain(variable))))
        .or_else(|| known.iter().copied().find(|word| word.replace("--", "-") == plain(variable).replace("--", "-")));
    match near.and_then(|word| words.iter().position(|known| known == word)) {
        Some(at) => format!("did you mean {}?", names[at]),
        None => "unset it, or see `groundwire check` for the keys there are".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_services_are_not_ours() {
        for name in [
            "GROUNDWIRE_SERVICE_HOST",
            "GROUNDWIRE_SERVICE_PORT",
            "GROUNDWIRE_SERVICE_PORT_HTTP",
            "GROUNDWIRE_ADMIN_SERVICE_HOST",
            "GROUNDWIRE_PORT",
            "GROUNDWIRE_PORT_8080_TCP",
            "GROUNDWIRE_PORT_8080_TCP_PROTO",
            "GROUNDWIRE_ADMIN_PORT_9090_TCP_ADDR",
        ] {
            assert!(is_of_a_service(name), "{name}");
        }
        for name in ["GROUNDWIRE_LISTEN", "GROUNDWIRE_PORTS", "GROUNDWIRE_PORT_X_TCP", "GROUNDWIRE_PORT_80_TCP_ADDR_X"]
        {
            assert!(!is_of_a_service(name), "{name}");
        }
    }
}
