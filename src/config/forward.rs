//! The forward proxy that an upstream is reached through, if any.

use std::fmt;
use std::str::FromStr;

use http::Uri;

use super::text::{Wrong, text_value};

/// Which forward proxy an upstream is reached through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// The one that `https_proxy`, `http_proxy` or `all_proxy` in the environment names, unless `no_proxy` excepts the
    /// upstream.
    #[default]
    Env,
    /// None, whatever the environment says.
    Off,
    /// This one, whatever the environment says.
    At(ProxyUrl),
}

impl FromStr for ProxyChoice {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text {
            "env" => Ok(Self::Env),
            "off" => Ok(Self::Off),
            url if url.contains("://") => url.parse().map(Self::At),
            // A host alone is what the environment may say; here it is more likely a word that was meant as a choice.
            _ => Err(wrong("is no URL")),
        }
    }
}

impl fmt::Display for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env => f.write_str("env"),
            Self::Off => f.write_str("off"),
            Self::At(url) => url.fmt(f),
        }
    }
}

text_value!(ProxyChoice, "\"env\", \"off\", or the URL of a forward proxy in quotes");

/// What is wrong is never repeated: it may hold a password.
fn wrong(what: &str) -> Wrong {
    let fix = "write a URL such as \"http://proxy.example:3128\"; or \"env\" for what the environment says, or \"off\"";
    Wrong::new(format!("the forward proxy {what}"), fix)
}

/// A forward proxy: `http` or `https`, host, possibly a port, possibly a user and a password.
///
/// `Display` and `Debug` show neither of the last two.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    whole: String,
    shown: String,
}

impl ProxyUrl {
    /// The URL with its user and password. Not to be shown.
    pub fn with_credentials(&self) -> &str {
        &self.whole
    }
}

impl FromStr for ProxyUrl {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let wrong = |what: &str| Err(wrong(what));
        // Without a scheme it is http, as curl has it.
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let Ok(uri) = whole.parse::<Uri>() else { return wrong("is no URL") };
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return wrong("is neither http nor https, and no others are spoken to");
        }
        let (Some(authority), "/" | "", None) = (uri.authority(), uri.path(), uri.query()) else {
            return wrong("has a path or a query, which says nothing to a forward proxy");
        };
        let (credentials, place) = match authority.as_str().rsplit_once('@') {
            Some((_, place)) => ("***@", place),
            None => ("", authority.as_str()),
        };
        let named = authority.host();
        if named.is_empty() || place.len() > named.len() && authority.port_u16().is_none() {
            return wrong("has no host, or a port that is no number");
        }
        let shown = format!("{}://{credentials}{place}", uri.scheme_str().unwrap_or_default());
        Ok(Self { whole, shown })
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_kept_and_not_shown() {
        for (text, shown) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("http://proxy:3128/", "http://proxy:3128"),
            ("proxy:3128", "http://proxy:3128"),
            ("https://me:hunter2@proxy", "https://***@proxy"),
            ("me:hunter2@proxy:80", "http://***@proxy:80"),
            ("http://hunter2@[::1]:80", "http://***@[::1]:80"),
        ] {
            let url: ProxyUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("hunter2"));
            assert!(url.with_credentials().contains("hunter2") == text.contains("hunter2"));
        }
        for text in [
            "",
            "socks5://u:hunter2@h",
            "http://",
            "http://h:",
            "h:hunter2",
            "http://h:65536",
            "http://h/hunter2",
            "http://h/?hunter2",
            "hunter2 x",
        ] {
            let wrong = text.parse::<ProxyUrl>().unwrap_err().to_string();
            assert!(!wrong.contains("hunter2"), "{wrong}");
        }
        for (text, choice) in [("env", ProxyChoice::Env), ("off", ProxyChoice::Off)] {
            assert_eq!((text.parse(), choice.to_string().as_str()), (Ok(choice), text));
        }
    }
}
