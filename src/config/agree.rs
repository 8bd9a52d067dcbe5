//! Whether the keys of upstreams and of `[tls]` agree with one another.

use std::collections::HashSet;

use super::Config;
use crate::error::{Error, Result};

/// Checks what no type can; `blame` makes an error about the value at a path, where a number is a place in a list.
pub(super) fn check(config: &Config, blame: impl Fn(&[&str], &str, &str) -> Error) -> Result<()> {
    let top = Keys {
        certificate: config.upstream_client_certificate.is_some(),
        client_key: config.upstream_client_key.is_some(),
        key: config.upstream_key.is_some(),
        header: config.upstream_key_header.is_some(),
        scheme: config.upstream_key_scheme.is_some(),
    };
    top.check("upstream-", |key, what, fix| blame(&[key], what, fix))?;
    let mut seen = HashSet::new();
    for (i, route) in config.upstreams.iter().enumerate() {
        let i = i.to_string();
        let keys = Keys {
            certificate: route.client_certificate.is_some(),
            client_key: route.client_key.is_some(),
            key: route.key.is_some(),
            header: route.key_header.is_some(),
            scheme: route.key_scheme.is_some(),
        };
        keys.check("", |key, what, fix| blame(&["upstreams", &i, key], what, fix))?;
        if !seen.insert(route.prefix.as_str()) {
            let what = format!("two upstreams take the prefix {}", route.prefix);
            return Err(blame(&["upstreams", &i, "prefix"], &what, "give one of them another prefix, or remove it"));
        }
        if route.url.is_at(&config.listen) {
            return Err(blame(
                &["upstreams", &i, "url"],
                "`url` and `listen` are the same address: every request would come back for ever",
                "name the API's own address, or listen on another port",
            ));
        }
    }
    let mut seen = HashSet::new();
    for (i, route) in config.routes.iter().enumerate() {
        if !seen.insert(&route.path) {
            let what = format!("two routes are for the path {}, and the first decides", route.path);
            return Err(blame(&["routes", &i.to_string(), "path"], &what, "remove one of them"));
        }
    }
    for (path, table) in config.tables() {
        if config.store.retention.on().is_some_and(|kept| kept <= table.window) {
            let path: Vec<&str> = path.iter().map(String::as_str).chain(["window"]).collect();
            let what = "turns are dropped from the store before this `window` is over";
            return Err(blame(&path, what, "write a shorter one, or a longer `retention` under [store]"));
        }
    }
    if config.tls.as_ref().is_some_and(|tls| tls.handshake_timeout.0.is_zero()) {
        let fix = "write a length of time above zero";
        return Err(blame(&["tls", "handshake-timeout"], "`handshake-timeout` is no time at all", fix));
    }
    Ok(())
}

/// Which of an upstream's keys are there.
struct Keys {
    certificate: bool,
    client_key: bool,
    key: bool,
    header: bool,
    scheme: bool,
}

impl Keys {
    fn check(&self, before: &str, blame: impl Fn(&str, &str, &str) -> Error) -> Result<()> {
        let full = |key: &str| format!("{before}{key}");
        if self.certificate != self.client_key {
            let halves = ["client-certificate", "client-key"].map(full);
            let [there, missing] = if self.certificate { [&halves[0], &halves[1]] } else { [&halves[1], &halves[0]] };
            let what = format!("`{there}` stands without `{missing}`");
            let fix = format!("add `{missing} = \"PATH\"`, a file in PEM, or remove `{there}`");
            return Err(blame(there, &what, &fix));
        }
        for (is_there, name) in [(self.header, "key-header"), (self.scheme, "key-scheme")] {
            if is_there && !self.key {
                let (name, key) = (full(name), full("key"));
                let what = format!("`{name}` says how a key is sent, and there is no `{key}`");
                return Err(blame(&name, &what, &format!("add `{key} = \"env:NAME\"`, or remove `{name}`")));
            }
        }
        Ok(())
    }
}
