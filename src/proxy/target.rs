//! Where a request goes: the upstream's address, and the path as the client wrote it.

use bytes::{BufMut, BytesMut};
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::config::UpstreamUrl;

/// The upstream's address. Nothing in a request changes it.
#[derive(Debug)]
pub(super) struct Target {
    scheme: Scheme,
    authority: Authority,
    base: String,
}

impl Target {
    pub(super) fn new(url: &UpstreamUrl) -> Self {
        Self { scheme: url.scheme().clone(), authority: url.authority().clone(), base: url.base().to_owned() }
    }

    /// `asked` at the upstream: the base path, then path and query byte for byte. `None` where it has no path.
    ///
    /// Of an absolute URL, as a client sends to what it takes for a forward proxy, scheme and host are not looked at.
    pub(super) fn of(&self, asked: &Uri) -> Option<Uri> {
        let path = asked.path_and_query()?;
        let path = if path.as_str().starts_with('/') && self.base.is_empty() || path.as_str() == "*" {
            path.clone()
        } else {
            let slash = if path.as_str().starts_with('/') { "" } else { "/" };
            let mut joined = BytesMut::with_capacity(self.base.len() + slash.len() + path.as_str().len());
            joined.put_slice(self.base.as_bytes());
            joined.put_slice(slash.as_bytes());
            joined.put_slice(path.as_str().as_bytes());
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
    use proptest::prelude::*;

    fn target(upstream: &str) -> Target {
        Target::new(&upstream.parse().unwrap())
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
