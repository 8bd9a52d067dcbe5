//! Which paths speak which dialect, where their form does not say so.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::suggest::nearest;
use super::text::{Wrong, text_value};
use super::{Config, OrOff};
use crate::wire::{Dialect, Route, Routes};

/// One of `[[routes]]`: what requests for some paths are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct DialectRoute {
    /// The whole path as clients send it, without a query; a `*` stands for any characters.
    pub path: RoutePath,
    /// The dialect that these requests speak; off: they are no chat calls, and pass.
    pub dialect: OrOff<DialectName>,
}

/// A path, in which a `*` stands for any characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoutePath(String);

impl FromStr for RoutePath {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let is_path = text.starts_with(['/', '*']) && text.chars().all(|c| c.is_ascii_graphic());
        if !is_path || text.contains(['?', '#']) {
            // What looks like a query may hold a key.
            let shown = if text.contains('?') { "this".to_owned() } else { Wrong::shown(text) };
            let fix = "write a path without a query, such as \"/api/ask\", or \"*/ask\" for any that ends so";
            return Err(Wrong::new(format!("{shown} is no path"), fix));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RoutePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value!(RoutePath, "a path in quotes, such as \"/api/ask\"");

/// The name of a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialectName(pub Dialect);

impl FromStr for DialectName {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        if let Some(dialect) = Dialect::named(text) {
            return Ok(Self(dialect));
        }
        let names: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.as_str()).collect();
        let fix = match nearest(text, &names) {
            Some(name) => format!("did you mean \"{name}\"?"),
            None => format!("write {}", names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")),
        };
        Err(Wrong::new(format!("{} is no dialect", Wrong::shown(text)), fix))
    }
}

impl fmt::Display for DialectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Config {
    /// What requests are, told by their paths, in the order of the configuration.
    pub fn routes(&self) -> Routes {
        let route = |route: &DialectRoute| {
            Route::new(route.path.to_string(), route.dialect.on().map(|DialectName(dialect)| dialect))
        };
        self.routes.iter().map(route).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::Method;

    use super::*;
    use crate::config::Overrides;

    #[test]
    fn routes_are_read_in_order() {
        let text = "upstream = \"http://h\"\n[[routes]]\npath = \"/internal/*\"\ndialect = \"off\"\n\
                    [[routes]]\npath = \"*/ask\"\ndialect = \"messages\"";
        let config = Config::from_toml(text, "g.toml", &Overrides::default()).unwrap();
        let dialect = |path: &str| config.routes().recognise(&Method::POST, &path.parse().unwrap());
        assert_eq!(dialect("/internal/v1/responses"), None);
        assert_eq!(dialect("/v1/ask"), Some(Dialect::AnthropicMessages));
        assert_eq!(dialect("/v1/responses"), Some(Dialect::OpenAiResponses));
        let written = config.to_toml().unwrap();
        assert!(written.contains("dialect = \"anthropic-messages\""), "{written}");
        assert_eq!(Config::from_toml(&written, "g.toml", &Overrides::default()).unwrap(), config);
    }

    #[test]
    fn every_dialect_has_a_long_and_a_short_name() {
        for &dialect in Dialect::ALL {
            assert_eq!(dialect.as_str().parse::<DialectName>().unwrap().0, dialect);
        }
        assert_eq!("chat".parse::<DialectName>().unwrap().0, Dialect::OpenAiChat);
        assert_eq!("responses".parse::<DialectName>().unwrap().0, Dialect::OpenAiResponses);
    }
}
