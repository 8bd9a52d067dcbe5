//! The upstreams of a configuration: which requests go to which, and how each is connected to and authenticated with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use http::uri::PathAndQuery;
use serde::{Deserialize, Serialize};

use super::auth::{AuthScheme, KeyHeader};
use super::forward::ProxyChoice;
use super::text::{Wrong, text_value};
use super::{Config, KeySource, OrOff, UpstreamUrl};

/// One of `[[upstreams]]`: where requests go whose path starts with a prefix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct UpstreamRoute {
    /// Whole segments that the path starts with. Of several that match, the longest counts.
    pub prefix: Prefix,
    /// Where these requests go.
    pub url: UpstreamUrl,
    /// Whether the prefix is taken off the path before it goes on. Unless set, it is.
    #[serde(default = "yes")]
    pub strip_prefix: bool,
    /// A PEM file of certificates that an https upstream is trusted by, in place of those of the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// A PEM file with the certificate (and its chain) that an https upstream is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<PathBuf>,
    /// A PEM file with that certificate's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_key: Option<PathBuf>,
    /// The forward proxy that it is reached through.
    #[serde(default)]
    pub proxy: ProxyChoice,
    /// Where the key is that replaces the callers' own credentials. Unless set, those are passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeySource>,
    /// The header that the key goes into. `authorization` unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_header: Option<KeyHeader>,
    /// What stands before the key. `Bearer` in `authorization` and nothing elsewhere, unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_scheme: Option<OrOff<AuthScheme>>,
}

fn yes() -> bool {
    true
}

/// The beginning of a path, in whole segments: it starts with a slash and ends without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// The path's bytes, as they must stand in a request.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `path` starts with these segments. Escapes are not decoded: what is forwarded is what was compared.
    pub fn matches(&self, path: &str) -> bool {
        path.strip_prefix(&self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for Prefix {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let plain = text.strip_suffix('/').unwrap_or(text);
        let example = "write the first segments of a path, such as \"/anthropic\"";
        if plain.is_empty() {
            return Err(Wrong::new(
                "a prefix that every path has is no prefix",
                format!("{example}; everything else goes to `upstream`"),
            ));
        }
        let is_path = text.parse::<PathAndQuery>().is_ok_and(|path| path.query().is_none() && path.as_str() == text);
        if !plain.starts_with('/') || plain.ends_with('/') || text.contains('#') || !is_path {
            // What looks like a query may hold a key.
            let shown = if text.contains('?') { "this".to_owned() } else { Wrong::shown(text) };
            return Err(Wrong::new(format!("{shown} is no beginning of a path"), example));
        }
        Ok(Self(plain.to_owned()))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value!(Prefix, "the beginning of a path in quotes, such as \"/anthropic\"");

/// One place that requests go to, be it `upstream` or one of `[[upstreams]]`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Destination<'c> {
    /// Which requests go there; `None` for those that no other takes.
    pub prefix: Option<&'c Prefix>,
    /// Where it is.
    pub url: &'c UpstreamUrl,
    /// Whether the prefix is taken off.
    pub strip_prefix: bool,
    /// What it is trusted by, where that is not the platform's.
    pub ca: Option<&'c Path>,
    /// What it is shown: a certificate and its key.
    pub client: Option<(&'c Path, &'c Path)>,
    /// The forward proxy in between.
    pub proxy: &'c ProxyChoice,
    /// The key that it gets in place of the callers' own.
    pub key: Option<&'c KeySource>,
    /// The header that the key goes into.
    pub key_header: Option<&'c KeyHeader>,
    /// What stands before the key.
    pub key_scheme: Option<&'c OrOff<AuthScheme>>,
}

impl Destination<'_> {
    /// What a key of this destination is called in errors: `upstream-ca`, or `ca` of one of `[[upstreams]]`.
    pub fn name(&self, key: &str) -> String {
        match self.prefix {
            None => format!("upstream-{key}"),
            Some(prefix) => format!("`{key}` of the upstream for {prefix}"),
        }
    }
}

impl fmt::Display for Destination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix {
            None => write!(f, "{}", self.url),
            Some(prefix) => write!(f, "{} (for {prefix})", self.url),
        }
    }
}

impl Config {
    /// Every place that requests go to; `upstream` is the first.
    pub fn destinations(&self) -> impl Iterator<Item = Destination<'_>> {
        let default = Destination {
            prefix: None,
            url: &self.upstream,
            strip_prefix: false,
            ca: self.upstream_ca.as_deref(),
            client: self.upstream_client_certificate.as_deref().zip(self.upstream_client_key.as_deref()),
            proxy: &self.upstream_proxy,
            key: self.upstream_key.as_ref(),
            key_header: self.upstream_key_header.as_ref(),
            key_scheme: self.upstream_key_scheme.as_ref(),
        };
        let routed = self.upstreams.iter().map(|route| Destination {
            prefix: Some(&route.prefix),
            url: &route.url,
            strip_prefix: route.strip_prefix,
            ca: route.ca.as_deref(),
            client: route.client_certificate.as_deref().zip(route.client_key.as_deref()),
            proxy: &route.proxy,
            key: route.key.as_ref(),
            key_header: route.key_header.as_ref(),
            key_scheme: route.key_scheme.as_ref(),
        });
        std::iter::once(default).chain(routed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_whole_segments() {
        let prefix: Prefix = "/a%2Fb/c".parse().unwrap();
        for path in ["/a%2Fb/c", "/a%2Fb/c/", "/a%2Fb/c//x", "/a%2Fb/c/.."] {
            assert!(prefix.matches(path), "{path}");
        }
        for path in ["/a%2Fb/cd", "/a%2fb/c", "/a/b/c", "//a%2Fb/c", "/", "*", "", "/x/a%2Fb/c"] {
            assert!(!prefix.matches(path), "{path}");
        }
        assert_eq!("/a/".parse::<Prefix>().unwrap().as_str(), "/a");
        for wrong in ["", "/", "//", "a", "/a?b", "/a#b", "/a//", "http://h/a", "/a b", "*"] {
            assert!(wrong.parse::<Prefix>().is_err(), "{wrong}");
        }
    }
}
