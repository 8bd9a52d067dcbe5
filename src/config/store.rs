//! `[store]` and `[feedback]`: where turns and what came of them are kept, and who may tell it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text::{Wrong, text_value};
use super::{KeySource, OrOff, Period, Whole};

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Store {
    /// Where it is.
    pub url: StoreUrl,
    /// Whether it holds the conversation's text. This version has no way to, and refuses `true`.
    pub text: bool,
    /// How long turns are kept.
    pub retention: OrOff<Period>,
    /// How long what came of units of experiments is kept.
    pub rollup_retention: OrOff<Period>,
    /// Turns that may wait to be written; past that they are dropped and counted.
    pub queue: Whole<1, 1_000_000>,
    /// Turns that are written in one transaction.
    pub batch: Whole<1, 10_000>,
    /// Longest time that a turn waits before it is written: what is lost if the process is killed.
    pub flush: Period,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: StoreUrl::Auto,
            text: false,
            retention: OrOff::On(Period::secs(90 * 86_400)),
            rollup_retention: OrOff::Off,
            queue: Whole::clamped(8192),
            batch: Whole::clamped(1024),
            flush: Period::millis(500),
        }
    }
}

/// `[feedback]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Feedback {
    /// Where the token is that feedback is sent with; without one, none is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<KeySource>,
    /// Whether it is taken where clients connect, too, and not only among the admin endpoints.
    pub public: bool,
}

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// In `groundwire.db` where an experiment is configured, else nowhere.
    Auto,
    /// Nowhere.
    Off,
    /// In this file.
    Sqlite(PathBuf),
    /// On this server.
    Postgres(ServerUrl),
    /// Where the text says that this names.
    Named(KeySource),
}

/// The file of a store that nothing else is said of.
const USUAL: &str = "groundwire.db";

impl StoreUrl {
    /// Where it is, as the store reads it; `None` where there is none. `experiments` says whether there are any.
    ///
    /// # Errors
    /// If it is named, and not there, or what is there is no such text.
    pub fn resolve(&self, experiments: bool) -> crate::Result<Option<String>> {
        match self {
            Self::Auto => Ok(experiments.then(|| format!("sqlite:{USUAL}"))),
            Self::Off => Ok(None),
            Self::Sqlite(path) => Ok(Some(format!("sqlite:{}", path.display()))),
            Self::Postgres(url) => Ok(Some(url.0.clone())),
            Self::Named(source) => {
                let text = source.read().map_err(|absent| absent.of("store.url"))?;
                let text = String::from_utf8_lossy(text.trim_ascii()).into_owned();
                match text.parse::<Self>() {
                    Ok(Self::Sqlite(_) | Self::Postgres(_)) => Ok(Some(text)),
                    _ => Err(crate::Error::config(format!(
                        "store.url: what is in {source} is no place of a store: put postgres://USER:PASSWORD@HOST:PORT/DATABASE \
                         there, or sqlite:PATH"
                    ))),
                }
            }
        }
    }

    /// The key's secret, where it names one.
    pub(super) fn named(&self) -> Option<&KeySource> {
        match self {
            Self::Named(source) => Some(source),
            _ => None,
        }
    }
}

impl FromStr for StoreUrl {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text {
            "auto" => return Ok(Self::Auto),
            "off" => return Ok(Self::Off),
            _ => {}
        }
        if text.starts_with("env:") || text.starts_with("file:") {
            return text.parse().map(Self::Named);
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" | ":memory:" => {
                    Err(Wrong::new("this names no file", "write the path of a file, such as \"sqlite:groundwire.db\""))
                }
                path if path.contains('?') => Err(Wrong::new(
                    "a store in a file has no options",
                    "write the path of a file and nothing behind it, such as \"sqlite:groundwire.db\"",
                )),
                path => Ok(Self::Sqlite(path.into())),
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return text.parse().map(Self::Postgres);
        }
        // Not shown: it may be a URL with a password in it.
        Err(Wrong::new(
            "this is no place of a store",
            "write \"sqlite:PATH\", \"postgres://USER@HOST:PORT/DATABASE\", \"env:NAME\" or \"file:PATH\" of where such a text is, \
             \"auto\", or \"off\"",
        ))
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Off => f.write_str("off"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
            Self::Named(source) => source.fmt(f),
        }
    }
}

text_value!(StoreUrl, "the place of a store in quotes, such as \"sqlite:groundwire.db\"");

/// The URL of a PostgreSQL server. It may hold a password, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(String);

impl FromStr for ServerUrl {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let wrong = |what: &str| {
            Wrong::new(
                what,
                "write \"postgres://USER@HOST:PORT/DATABASE\", with %XX for special characters in the password, or better \
                 \"env:NAME\" or \"file:PATH\" of where the whole URL is",
            )
        };
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '#') {
            return Err(wrong("the store's URL has a character in it that no URL has"));
        }
        let url = Self(text.to_owned());
        let (_, authority, database) = url.parts();
        let host = authority.rsplit('@').next().unwrap_or_default();
        // A server may also be named among the options.
        if host.is_empty() && !text.contains("host=") {
            return Err(wrong("the store's URL names no server"));
        }
        if database.is_empty() && !text.contains("dbname=") {
            return Err(wrong("the store's URL names no database"));
        }
        Ok(url)
    }
}

impl ServerUrl {
    /// Scheme, authority and database.
    fn parts(&self) -> (&str, &str, &str) {
        let (scheme, rest) = self.0.split_once("://").unwrap_or_default();
        let (rest, _) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may have a slash in it that should have been written %2F.
        let host = rest.rfind('@').map_or(0, |at| at + 1);
        let end = rest[host..].find('/').map_or(rest.len(), |slash| host + slash);
        (scheme, &rest[..end], rest[end..].trim_start_matches('/'))
    }
}

impl fmt::Display for ServerUrl {
    /// Without its password and its options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, authority, database) = self.parts();
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        write!(f, "{scheme}://")?;
        match user.split_once(':') {
            Some((user, _)) => write!(f, "{user}:***@")?,
            None if user.is_empty() => {}
            None => write!(f, "{user}@")?,
        }
        write!(f, "{host}/{database}")
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerUrl({self})")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (text, shown) in [
            ("postgres://gw:hunter2@db:5432/grounding", "postgres://gw:***@db:5432/grounding"),
            ("postgresql://gw@db/grounding?sslmode=require", "postgresql://gw@db/grounding"),
            ("postgres://db/grounding?password=hunter2&user=gw", "postgres://db/grounding"),
            ("postgres://gw:hun/ter2@db/g", "postgres://gw:***@db/g"),
            ("postgres://gw:hun@ter2@db/g", "postgres://gw:***@db/g"),
            ("sqlite:///var/lib/groundwire/store.db", "sqlite:/var/lib/groundwire/store.db"),
            ("env:DATABASE_URL", "env:DATABASE_URL"),
            ("auto", "auto"),
        ] {
            let url: StoreUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("hunter2"), "{url:?}");
        }
        for wrong in
            ["", "groundwire.db", "mysql://u:hunter2@h/d", "sqlite:", "sqlite::memory:", "sqlite:a?mode=ro", "env:"]
        {
            assert!(wrong.parse::<StoreUrl>().is_err(), "{wrong}");
        }
        for wrong in ["postgres://u:hunter2@/d", "postgres://u:hunter2@h", "postgres://u:hunter2@h/d d", "postgres://"]
        {
            let error = wrong.parse::<StoreUrl>().unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
