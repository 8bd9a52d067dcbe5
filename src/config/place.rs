//! Places that the configuration names: where to listen, where to forward, where to write, where to read from.

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, Scheme};

use super::text::{Wrong, text_value};
use crate::dialogue::IdentityKey;
use crate::error::{Error, Result};

/// An address to listen on: an IP address (or `localhost`) and a port. Port 0 takes a free one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl FromStr for Listen {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        local.as_deref().unwrap_or(text).parse().map(Self).map_err(|_| {
            Wrong::new(
                format!("{} is no address to listen on", Wrong::shown(text)),
                "write an IP address and a port, such as \"127.0.0.1:8080\" or, for all interfaces, \"0.0.0.0:8080\"",
            )
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_value!(Listen, "an address and a port in quotes, such as \"127.0.0.1:8080\"");

/// The upstream: scheme, host, possibly a port, possibly a base path that is put before every request's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl {
    scheme: Scheme,
    authority: Authority,
    /// Without its last slash, since every path it is put before starts with one.
    base: String,
}

impl UpstreamUrl {
    /// `http` or `https`.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Host and port.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// What is put before every path, byte for byte; empty where there is nothing.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whether this is the address that `listen` names, as far as can be told without looking a name up.
    pub(super) fn is_at(&self, listen: &Listen) -> bool {
        let port = self.authority.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 });
        let host = self.authority.host().trim_matches(['[', ']']);
        let here = match host.parse::<IpAddr>() {
            Ok(ip) => ip == listen.0.ip() || ip.is_unspecified() || listen.0.ip().is_unspecified() && ip.is_loopback(),
            Err(_) => {
                host.eq_ignore_ascii_case("localhost")
                    && (listen.0.ip().is_loopback() || listen.0.ip().is_unspecified())
            }
        };
        port == listen.0.port() && here
    }

    /// Whether connections are encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }
}

impl FromStr for UpstreamUrl {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        // What is wrong is never repeated: it may hold a password, or a key in its query.
        let wrong = |what: &str, fix: &str| Err(Wrong::new(format!("the upstream {what}"), fix));
        let example = "write a URL such as \"https://api.openai.com\" or \"http://127.0.0.1:8000/v1\"";
        if text.contains('#') {
            return wrong("has a fragment, which no request carries", "leave out the `#` and what follows");
        }
        let Ok(uri) = text.parse::<Uri>() else { return wrong("is no URL", example) };
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return wrong("is no URL with a scheme", example);
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return wrong("is neither http nor https", example);
        }
        if authority.as_str().contains('@') {
            return wrong("holds credentials", "leave them out: clients' own credentials are passed on");
        }
        if authority.host().is_empty()
            || authority.as_str().len() > authority.host().len() && authority.port_u16().is_none()
        {
            return wrong("has no host, or a port that is no number", example);
        }
        let path = parts.path_and_query;
        if path.as_ref().is_some_and(|path| path.query().is_some()) {
            return wrong("has a query", "leave it out: a query comes with each request");
        }
        let base = path.as_ref().map_or("", |path| path.path());
        Ok(Self { scheme, authority, base: base.strip_suffix('/').unwrap_or(base).to_owned() })
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.base)
    }
}

text_value!(UpstreamUrl, "a URL in quotes, such as \"https://api.openai.com\"");

/// Which classifier judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Model {
    /// The one that ships.
    Builtin,
    /// None: everything passes and is counted.
    Off,
    /// The one in this folder: `model.onnx`, `tokenizer.json`, `labels.json`.
    Folder(PathBuf),
}

impl FromStr for Model {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text {
            "builtin" => Ok(Self::Builtin),
            "off" => Ok(Self::Off),
            "" => Err(Wrong::new("the model has no name", "write \"builtin\", \"off\", or the path of a folder")),
            folder => Ok(Self::Folder(folder.into())),
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin => f.write_str("builtin"),
            Self::Off => f.write_str("off"),
            Self::Folder(folder) => folder.display().fmt(f),
        }
    }
}

text_value!(Model, "\"builtin\", \"off\", or the path of a folder in quotes");

/// Where lines of JSON go: records, and the access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordsTo {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// Appended to this file.
    File(PathBuf),
}

impl FromStr for RecordsTo {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text {
            "off" => Ok(Self::Off),
            "stdout" => Ok(Self::Stdout),
            "" => {
                Err(Wrong::new("this names no place to write to", "write \"off\", \"stdout\", or the path of a file"))
            }
            file => Ok(Self::File(file.into())),
        }
    }
}

impl fmt::Display for RecordsTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Stdout => f.write_str("stdout"),
            Self::File(file) => file.display().fmt(f),
        }
    }
}

text_value!(RecordsTo, "\"off\", \"stdout\", or the path of a file in quotes");

/// Where the secret is from which the key of all identities is derived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// In this environment variable.
    Env(String),
    /// In this file.
    File(PathBuf),
}

/// Fewest bytes of a secret that nobody guesses.
const SECRET_BYTES: usize = 16;

impl KeySource {
    /// Reads the secret and derives the key.
    ///
    /// # Errors
    /// If it is not there, or is too short to be a secret.
    pub fn load(&self) -> Result<IdentityKey> {
        let secret = self.read().map_err(|absent| absent.of("identity-key"))?;
        // Editors and `echo` end files with a newline that is no part of the secret.
        let secret = secret.trim_ascii_end();
        if secret.len() < SECRET_BYTES {
            return Err(Error::config(format!(
                "identity-key: the secret in {self} has {} bytes, too few to be one; give at least {SECRET_BYTES}, for example the output of `openssl rand -hex 32`",
                secret.len()
            )));
        }
        Ok(IdentityKey::derive(secret))
    }

    /// Reads what is there, as it is.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Absent> {
        match self {
            Self::Env(name) => std::env::var_os(name).map(OsString::into_encoded_bytes).ok_or_else(|| Absent {
                what: format!("the environment has no variable {name}"),
                fix: "set it, or name another".to_owned(),
                cause: None,
            }),
            Self::File(path) => std::fs::read(path).map_err(|e| Absent {
                what: format!("the file {} cannot be read", path.display()),
                fix: format!("name a file that this user may read ({e})"),
                cause: Some(e),
            }),
        }
    }
}

/// A secret that is not where it is said to be.
#[derive(Debug)]
pub(crate) struct Absent {
    pub(super) what: String,
    pub(super) fix: String,
    cause: Option<std::io::Error>,
}

impl Absent {
    /// The error of whoever needs the secret for the key `name`.
    pub(crate) fn of(self, name: &str) -> Error {
        match self.cause {
            None => Error::config(format!("{name}: {}; {}", self.what, self.fix)),
            Some(cause) => Error::config(format!("{name}: {}", self.what)).with(cause),
        }
    }
}

/// What the values of `table` name that say where a secret is, with `before` it: "env:" for variables, "file:" for files.
///
/// Wherever a secret is named, it is named alike.
pub(super) fn named_in(table: &toml::Table, before: &str) -> Vec<String> {
    fn walk(value: &toml::Value, before: &str, names: &mut Vec<String>) {
        match value {
            toml::Value::String(text) => names.extend(text.strip_prefix(before).map(str::to_owned)),
            toml::Value::Array(items) => items.iter().for_each(|item| walk(item, before, names)),
            toml::Value::Table(table) => table.values().for_each(|value| walk(value, before, names)),
            _ => {}
        }
    }
    let mut names = Vec::new();
    table.values().for_each(|value| walk(value, before, &mut names));
    names
}

impl FromStr for KeySource {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text.split_once(':') {
            Some(("env", name)) if is_variable(name) => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            // Not shown: it may be the secret itself.
            _ => Err(Wrong::new(
                "this says not where the secret is",
                "write \"env:NAME\" or \"file:PATH\"; the secret itself never stands in the configuration",
            )),
        }
    }
}

/// Whether this may be the name of an environment variable (POSIX.1-2024, base definitions, section 8.1). The secret
/// itself, which some would write here, is hardly ever one, and a name is shown in errors.
fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

text_value!(KeySource, "\"env:NAME\" or \"file:PATH\"");

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn upstream_urls() {
        for (text, authority, base) in [
            ("https://api.openai.com", "api.openai.com", ""),
            ("https://api.openai.com/", "api.openai.com", ""),
            ("http://127.0.0.1:8000/v1", "127.0.0.1:8000", "/v1"),
            ("http://[::1]:8000//a/", "[::1]:8000", "//a"),
            ("http://h/a%2Fb", "h", "/a%2Fb"),
        ] {
            let url: UpstreamUrl = text.parse().unwrap();
            assert_eq!((url.authority().as_str(), url.base()), (authority, base), "{text}");
            assert_eq!(url.to_string().parse::<UpstreamUrl>().unwrap(), url);
        }
        for text in [
            "",
            "api.openai.com",
            "/v1",
            "ftp://h",
            "unix:/x",
            "http://",
            "http://u:p@h",
            "http://h/?q",
            "http://h#f",
            "http://h:",
            "http://h:https",
            "http://h:65536",
        ] {
            assert!(text.parse::<UpstreamUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_is_not_repeated() {
        for text in ["http://me:hunter2@h", "http://h/?key=hunter2", "http://h#hunter2", "hunter2"] {
            let wrong = text.parse::<UpstreamUrl>().unwrap_err();
            assert!(!wrong.to_string().contains("hunter2"), "{wrong}");
        }
        for text in ["hunter2", "env:hunter2-hunter2", "env:2hunter2"] {
            let wrong = text.parse::<KeySource>().unwrap_err();
            assert!(!wrong.to_string().contains("hunter2"), "{wrong}");
        }
    }

    #[test]
    fn places() {
        assert_eq!("localhost:80".parse::<Listen>().unwrap().to_string(), "127.0.0.1:80");
        assert_eq!("[::]:0".parse::<Listen>().unwrap().to_string(), "[::]:0");
        for text in ["8080", ":8080", "example.com:80", "127.0.0.1", "127.0.0.1:99999"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
        for text in ["builtin", "off", "models/ambiguity"] {
            assert_eq!(text.parse::<Model>().unwrap().to_string(), text);
        }
        for text in ["stdout", "off", "/var/log/turns.jsonl"] {
            assert_eq!(text.parse::<RecordsTo>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_secret_is_long_enough_and_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let source: KeySource = format!("file:{}", path.display()).parse().unwrap();
        assert!(source.load().unwrap_err().to_string().contains("cannot be read"));
        std::fs::write(&path, "short\n").unwrap();
        assert!(source.load().unwrap_err().to_string().contains("has 5 bytes"));
        std::fs::write(&path, "0123456789abcdef\n").unwrap();
        assert!(source.load().is_ok());
        let none: KeySource = "env:GROUNDWIRE_NO_SUCH_VARIABLE".parse().unwrap();
        assert!(none.load().unwrap_err().is_config());
    }
}
