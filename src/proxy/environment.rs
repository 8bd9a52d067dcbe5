//! Which forward proxy an upstream is reached through: what the configuration says, or the environment as curl reads it.
//!
//! curl's rules (`man curl`, "ENVIRONMENT"): `https_proxy` or `http_proxy` by the upstream's scheme, else `all_proxy`; each in
//! lower case first; none for a host that `no_proxy` lists. An `HTTP_PROXY` that a CGI server may have made of a request's
//! `Proxy` header is not believed (<https://httpoxy.org>).

use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::config::{Destination, ProxyChoice, ProxyUrl};
use crate::error::{Error, Result};

/// The forward proxy that `destination` is reached through from this process.
///
/// # Errors
/// As [`ForwardProxy::of`].
pub(super) fn found(destination: &Destination<'_>) -> Result<Option<ForwardProxy>> {
    // What is no UTF-8 is no URL either.
    ForwardProxy::of(destination, |name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))
}

/// A forward proxy, and who named it.
pub(super) struct ForwardProxy {
    pub(super) at: Intercept,
    pub(super) url: ProxyUrl,
    pub(super) named_by: String,
}

impl ForwardProxy {
    /// The one that `destination` is reached through; `None` where it is reached directly. `variable` reads the
    /// environment.
    ///
    /// # Errors
    /// If the environment names one that cannot be used.
    fn of(destination: &Destination<'_>, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let (url, named_by) = match destination.proxy {
            ProxyChoice::Off => return Ok(None),
            ProxyChoice::At(url) => (url.clone(), destination.name("proxy")),
            ProxyChoice::Env => match from_environment(destination, variable)? {
                None => return Ok(None),
                Some(found) => found,
            },
        };
        let matcher = Matcher::builder().all(url.with_credentials()).build();
        let unusable = || Error::config(format!("{named_by}: the forward proxy {url} cannot be used"));
        let at = intercept(&matcher, destination).ok_or_else(unusable)?;
        Ok(Some(Self { at, url, named_by }))
    }
}

fn intercept(matcher: &Matcher, destination: &Destination<'_>) -> Option<Intercept> {
    let url = format!("{}://{}/", destination.url.scheme(), destination.url.authority());
    matcher.intercept(&url.parse().ok()?)
}

fn from_environment(
    destination: &Destination<'_>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<(ProxyUrl, String)>> {
    // An empty one is as good as none.
    let first = |names: &[&'static str]| {
        names
            .iter()
            .find_map(|name| variable(name).filter(|value| !value.trim().is_empty()).map(|value| (*name, value)))
    };
    let by_scheme: &[&str] = match (destination.url.is_https(), variable("REQUEST_METHOD")) {
        (true, _) => &["https_proxy", "HTTPS_PROXY"],
        (false, None) => &["http_proxy", "HTTP_PROXY"],
        (false, Some(_)) => &["http_proxy"],
    };
    let Some((name, value)) = first(by_scheme).or_else(|| first(&["all_proxy", "ALL_PROXY"])) else { return Ok(None) };
    if let Some((_, excepted)) = first(&["no_proxy", "NO_PROXY"]) {
        // The matcher takes a `*` for names alone.
        if excepted.split(',').any(|entry| entry.trim() == "*") {
            return Ok(None);
        }
        // Any proxy will do to see whether the host is excepted.
        let matcher = Matcher::builder().all("http://proxy.invalid").no(excepted).build();
        if intercept(&matcher, destination).is_none() {
            return Ok(None);
        }
    }
    let url = value.trim().parse::<ProxyUrl>().map_err(|wrong| {
        let what = wrong.to_string().replacen('\n', "; ", 1);
        let setting = destination.name("proxy");
        Error::config(format!("the environment variable {name}: {what} (or set {setting} = \"off\" to do without)"))
    })?;
    Ok(Some((url, format!("the environment variable {name}"))))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};

    /// Which proxy is found for an upstream in this environment.
    fn found(upstream: &str, more: &str, environment: &[(&str, &str)]) -> Result<Option<String>> {
        let config =
            Config::from_toml(&format!("upstream = \"{upstream}\"\n{more}"), "f", &Overrides::default()).unwrap();
        let variable = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        let destination = config.destinations().next().unwrap();
        ForwardProxy::of(&destination, variable).map(|found| found.map(|found| found.at.uri().to_string()))
    }

    #[test]
    fn the_scheme_chooses_and_lower_case_wins() {
        let all = [
            ("HTTP_PROXY", "http://a"),
            ("http_proxy", "http://b"),
            ("HTTPS_PROXY", "http://c"),
            ("https_proxy", "https://d:1"),
            ("ALL_PROXY", "http://e"),
        ];
        let of = |upstream: &str, environment: &[(&str, &str)]| found(upstream, "", environment).unwrap();
        assert_eq!(of("http://h", &all).as_deref(), Some("http://b/"));
        assert_eq!(of("https://h", &all).as_deref(), Some("https://d:1/"));
        assert_eq!(of("http://h", &[("HTTP_PROXY", "a:3128")]).as_deref(), Some("http://a:3128/"));
        assert_eq!(of("https://h", &[("HTTP_PROXY", "http://a")]), None);
        assert_eq!(of("https://h", &[("all_proxy", "http://e"), ("https_proxy", " ")]).as_deref(), Some("http://e/"));
        assert_eq!(of("http://h", &[("http_proxy", ""), ("HTTP_PROXY", "http://a")]).as_deref(), Some("http://a/"));
        assert_eq!(of("http://h", &[]), None);
    }

    #[test]
    fn a_variable_that_a_request_may_have_set_is_not_believed() {
        let cgi = ("REQUEST_METHOD", "GET");
        assert_eq!(found("http://h", "", &[cgi, ("HTTP_PROXY", "http://evil")]).unwrap(), None);
        assert_eq!(found("http://h", "", &[cgi, ("http_proxy", "http://a")]).unwrap().as_deref(), Some("http://a/"));
        assert_eq!(found("https://h", "", &[cgi, ("HTTPS_PROXY", "http://a")]).unwrap().as_deref(), Some("http://a/"));
    }

    #[test]
    fn hosts_are_excepted_by_name_address_and_network() {
        let direct = |upstream: &str, excepted: &str| {
            found(upstream, "", &[("all_proxy", "http://p"), ("no_proxy", excepted)]).unwrap().is_none()
        };
        for (upstream, excepted) in [
            ("https://api.example.com", "example.com"),
            ("https://api.example.com", "other, .example.com"),
            ("https://example.com", ".example.com"),
            ("https://API.Example.com:8443", "api.example.COM"),
            ("http://10.1.2.3:8000", "10.1.2.3"),
            ("http://10.1.2.3", "192.168.0.0/16,10.0.0.0/8"),
            ("http://[fd00::1]:80", "fd00::/8"),
            ("http://[::1]", "::1"),
            ("http://anything", "*"),
            ("http://10.1.2.3", "a, *"),
        ] {
            assert!(direct(upstream, excepted), "{upstream} {excepted}");
        }
        for (upstream, excepted) in [
            ("https://notexample.com", "example.com"),
            ("https://example.com.evil.net", "example.com"),
            ("http://11.1.2.3", "10.0.0.0/8"),
            ("http://localhost", ""),
            ("http://localhost", "127.0.0.1"),
        ] {
            assert!(!direct(upstream, excepted), "{upstream} {excepted}");
        }
        // Upper case counts where there is no lower one, and only then.
        let both = [("all_proxy", "http://p"), ("no_proxy", "a"), ("NO_PROXY", "h")];
        assert!(found("http://h", "", &both).unwrap().is_some());
        assert!(found("http://h", "", &[both[0], both[2]]).unwrap().is_none());
    }

    #[test]
    fn the_configuration_wins() {
        let environment = [("all_proxy", "http://p"), ("no_proxy", "*")];
        let with = |choice: &str| found("http://h", &format!("upstream-proxy = \"{choice}\""), &environment).unwrap();
        assert_eq!(with("http://u:p@q:1").as_deref(), Some("http://q:1/"));
        assert_eq!(with("env"), None);
        assert_eq!(found("http://h", "upstream-proxy = \"off\"", &environment[..1]).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_used_is_an_error_without_its_password() {
        for value in ["socks5://u:hunter2@h", "http://u:hunter2@", "http://h/hunter2", "::hunter2::"] {
            let error = found("https://h", "", &[("HTTPS_PROXY", value)]).unwrap_err();
            let message = error.to_string();
            assert!(
                error.is_config() && message.contains("HTTPS_PROXY") && message.contains("upstream-proxy"),
                "{message}"
            );
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            // Nobody asks for it where it is not used.
            assert!(found("http://h", "", &[("HTTPS_PROXY", value)]).unwrap().is_none());
            assert!(found("https://h", "", &[("HTTPS_PROXY", value), ("no_proxy", "h")]).unwrap().is_none());
        }
    }
}
