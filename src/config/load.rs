//! The configuration from all its sources, and which of them each value comes from.

use std::path::Path;

use super::blame::Source;
use super::file::{self, File};
use super::schema::keys;
use super::{Config, Environment, Overrides, secrets};
use crate::error::{Error, Result};

/// What the file is called where there is none.
const NO_FILE: &str = "the command line";

/// A configuration, and which of its sources each value comes from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Each key, by the tables it stands in, and who set it; keys at their default are not in here.
    set_by: Vec<(Vec<&'static str>, String)>,
}

impl Loaded {
    /// Reads the file at `path`, if there is one, and puts over it what the environment and the command line say.
    ///
    /// # Errors
    /// As [`Config::read`]; and if the environment sets what is no key, or to what is none of its values.
    pub fn from(path: Option<&Path>, environment: &Environment, overrides: &Overrides) -> Result<Self> {
        let (name, text) = match path {
            None => (NO_FILE.to_owned(), String::new()),
            Some(path) => (path.display().to_string(), super::read(path)?),
        };
        let source = Source { name: &name, text: &text };
        let config = file::parse(source, environment, overrides).map_err(|error| match path {
            None if file::lacks_upstream(&error) => Error::usage(
                "no upstream is named: give --upstream URL, name one in a file and give --config FILE, or set \
                 GROUNDWIRE_UPSTREAM",
            ),
            _ => error,
        })?;
        secrets::check(&config, source)?;
        let table: toml::Table = text.parse().unwrap_or_default();
        let set_by = keys::<File>().into_iter().filter_map(|key| {
            let flag = overrides.sets(&key.path).map(|flag| format!("the command line: {flag}"));
            let variable = || environment.sets(&key.path).map(|name| format!("the environment: {name}"));
            let by = flag.or_else(variable).or_else(|| is_in(&table, &key.path).then(|| name.clone()))?;
            Some((key.path, by))
        });
        Ok(Self { config, set_by: set_by.collect() })
    }

    /// The configuration as TOML, each key with the source of its value as a comment. It parses to the same configuration.
    ///
    /// # Errors
    /// As [`Config::to_toml`].
    pub fn explained(&self) -> Result<String> {
        let plain = self.config.to_toml()?;
        let mut out = String::with_capacity(plain.len() * 2);
        let (mut table, mut ours) = (String::new(), true);
        for line in plain.lines() {
            if let Some(head) = line.strip_prefix('[') {
                head.trim_matches(['[', ']']).clone_into(&mut table);
                // What stands in policies is the file's, to the last word; its rules are tables in a list.
                ours = !line.starts_with("[[") && !table.contains('.');
            }
            out.push_str(line);
            if let Some((key, _)) = line.split_once(" = ").filter(|_| ours) {
                let path: Vec<&str> = [table.as_str(), key].into_iter().filter(|part| !part.is_empty()).collect();
                let by = self.set_by.iter().find(|(set, _)| *set == path).map_or("default", |(_, by)| by);
                // Beside each other, so that they can be read down the page.
                let gap = 44_usize.saturating_sub(line.chars().count()).max(1);
                out.extend(std::iter::repeat_n(' ', gap));
                out.push_str("# ");
                out.push_str(by);
            }
            out.push('\n');
        }
        Ok(out)
    }
}

fn is_in(table: &toml::Table, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    match table.get(*first) {
        None => false,
        Some(_) if rest.is_empty() => true,
        Some(value) => value.as_table().is_some_and(|inner| is_in(inner, rest)),
    }
}
