//! What a request's head says, as far as a policy asks for it.

use http::{HeaderMap, HeaderValue};

use crate::wire::Dialect;

/// Where a request goes, and what the application says of it. None of it is the user's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestFacts {
    /// The dialect that it speaks.
    pub dialect: Option<Dialect>,
    /// Its path, without the query.
    pub route: String,
    /// What it is about, as the application says in `x-groundwire-domain`.
    pub domain: Option<String>,
    /// The headers that the policy asks for, by name in small letters, where the request has them.
    pub headers: Vec<(String, String)>,
}

impl RequestFacts {
    /// Nothing is known.
    pub const NONE: Self = Self { dialect: None, route: String::new(), domain: None, headers: Vec::new() };

    /// The value of a header that the policy asked for.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What a policy looks at beside the turn and the words of its history; nothing else of a request is kept, and no more turns
/// are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Headers, by name.
    pub headers: Vec<String>,
    /// Earlier turns, at most two, of which the classifier is asked what they did: what came of the last question, and the
    /// turn before. Each has usually been judged when it was new, and is remembered; a replica that has not seen the
    /// conversation judges it again. Of all other turns their words alone are read.
    pub back: usize,
}

impl Looks {
    /// What is looked at of a request with this head.
    pub(crate) fn at(
        &self,
        dialect: Dialect,
        path: &str,
        domain: Option<&HeaderValue>,
        headers: &HeaderMap,
    ) -> RequestFacts {
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let wanted = self.headers.iter().filter_map(|name| {
            let mut values = headers.get_all(name.as_str()).iter();
            let first = values.next()?;
            // Of two values that differ, neither is to be believed.
            values.all(|value| value == first).then(|| Some((name.clone(), text(first)?)))?
        });
        RequestFacts {
            dialect: Some(dialect),
            route: path.to_owned(),
            domain: domain.and_then(text),
            headers: wanted.collect(),
        }
    }

    /// What either of two policies looks at.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.back = self.back.max(other.back);
        self.headers.extend(other.headers);
        self.headers.sort_unstable();
        self.headers.dedup();
        self
    }
}

/// Whether a header may hold a secret, so that no rule may compare it: whatever is compared shows in a configuration, and
/// whether it matched in a record.
pub(super) fn is_secret(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    ["auth", "cookie", "key", "secret", "token", "password", "credential", "session", "signature", "jwt"]
        .iter()
        .any(|part| header.contains(part))
}
