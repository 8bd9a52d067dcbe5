//! Where a request goes: its upstream's address, and the path as the client wrote it.

use bytes::{BufMut, BytesMut};
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::config::Destination;

/// An upstream's address. Nothing in a request changes it.
#[derive(Debug)]
pub(super) struct Target {
    scheme: Scheme,
    authority: Authority,
    base: String,
    /// Bytes at the beginning of the path that stay behind.
    strip: usize,
}

impl Target {
    pub(super) fn new(destination: &Destination<'_>) -> Self {
        let url = destination.url;
        let strip = destination.prefix.filter(|_| destination.strip_prefix).map_or(0, |prefix| prefix.as_str().len());
        Self { scheme: url.scheme().clone(), authority: url.authority().clone(), base: url.base().to_owned(), strip }
    }

    /// `asked` at the upstream: the base path, then path and query byte for byte, but for a prefix that stays behind. `None`
    /// where it has no path.
    ///
    /// Of an absolute URL, as a client sends to what it takes for a forward proxy, scheme and host are not looked at.
    pub(super) fn of(&self, asked: &Uri) -> Option<Uri> {
        let path = asked.path_and_query()?;
        let rest = path.as_str().get(self.strip..)?;
        let path = if self.strip == 0 && (rest.starts_with('/') && self.base.is_empty() || rest == "*") {
            path.clone()
        } else {
            // Of a path that was all prefix, the base path is the whole; but no path is empty.
            let whole = self.strip > 0 && !self.base.is_empty();
            let slash = if rest.starts_with('/') || whole { "" } else { "/" };
            let mut joined = BytesMut::with_capacity(self.base.len() + slash.len() + rest.len());
            joined.put_slice(self.base.as_bytes());
            joined.put_slice(slash.as_bytes());
            joined.put_slice(rest.as_bytes());
            PathAndQuery::from_maybe_shared(joined.freeze()).ok()?
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};
    use proptest::prelude::*;

    fn target(upstream: &str) -> Target {
        Target::new(&Config::default_for(upstream.parse().unwrap()).destinations().next().unwrap())
    }

    /// The target of what starts with `/a`.
    fn routed(upstream: &str, strip: bool) -> Target {
        let text = format!(
            "upstream = \"http://x\"\n[[upstreams]]\nprefix = \"/a\"\nurl = \"{upstream}\"\nstrip-prefix = {strip}"
        );
        let config = Config::from_toml(&text, "f", &Overrides::default()).unwrap();
        Target::new(&config.destinations().nth(1).unwrap())
    }

    #[test]
    fn paths_are_kept_byte_for_byte() {
        for (upstream, asked, there) in [
            ("http://h", "/v1/chat/completions?a=%20&b", "http://h/v1/chat/completions?a=%20&b"),
            ("https://h:8443/openai", "/v1//x/", "https://h:8443/openai/v1//x/"),
            ("http://h", "//double", "http://h//double"),
            ("http://h/b", "//double", "http://h/b//double"),
            ("http://h/b/", "/", "http://h/b/"),
            ("http://h", "/?", "http://h/?"),
            ("http://h", "http://evil.example/x?y", "http://h/x?y"),
            ("http://h/b", "http://evil.example", "http://h/b/"),
            ("http://h", "/a/../b/%2e%2e/", "http://h/a/../b/%2e%2e/"),
        ] {
            assert_eq!(target(upstream).of(&asked.parse().unwrap()).unwrap().to_string(), there);
        }
        assert_eq!(target("http://h/b").of(&"*".parse().unwrap()).unwrap().path(), "*");
        assert!(target("http://h").of(&"evil.example:443".parse().unwrap()).is_none());
    }

    #[test]
    fn a_prefix_stays_behind_and_nothing_else_changes() {
        for (upstream, asked, stripped, whole) in [
            ("http://h", "/a/v1/messages?x=%20&y", "http://h/v1/messages?x=%20&y", "http://h/a/v1/messages?x=%20&y"),
            ("http://h/b", "/a/v1", "http://h/b/v1", "http://h/b/a/v1"),
            ("http://h", "/a", "http://h/", "http://h/a"),
            ("http://h", "/a?k=v", "http://h/?k=v", "http://h/a?k=v"),
            ("http://h/b", "/a?k=v", "http://h/b?k=v", "http://h/b/a?k=v"),
            ("http://h/b", "/a/", "http://h/b/", "http://h/b/a/"),
            ("http://h", "/a//v1/%2e%2E/", "http://h//v1/%2e%2E/", "http://h/a//v1/%2e%2E/"),
            ("http://h", "http://evil.example/a/a", "http://h/a", "http://h/a/a"),
        ] {
            let asked = asked.parse().unwrap();
            assert_eq!(routed(upstream, true).of(&asked).unwrap().to_string(), stripped);
            assert_eq!(routed(upstream, false).of(&asked).unwrap().to_string(), whole);
        }
    }

    proptest! {
        /// Wherever a request says it goes, it goes to the upstream.
        #[test]
        fn only_ever_the_upstream(asked in "(http://[a-z.@:0-9]{1,12})?/[ -~]{0,40}") {
            if let Ok(asked) = asked.parse::<Uri>() {
                let there = target("http://upstream.example/base").of(&asked).unwrap();
                prop_assert_eq!(there.authority().unwrap().as_str(), "upstream.example");
                let path = asked.path_and_query().unwrap().as_str();
                let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
                prop_assert_eq!(there.path_and_query().unwrap().as_str(), format!("/base{path}"));
            }
        }
    }
}
