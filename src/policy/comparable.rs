//! Whether conditions compare what can be compared.

use super::conditions::When;
use super::request::is_secret;
use crate::wire::Dialect;

/// Why a condition makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uncomparable {
    /// The key.
    pub key: &'static str,
    /// What is wrong with it, to stand after whose it is.
    pub what: String,
    /// How to mend it.
    pub fix: String,
}

impl Uncomparable {
    fn new(key: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Option<Self> {
        Some(Self { key, what: what.into(), fix: fix.into() })
    }
}

impl When<'_> {
    /// The first condition that makes no sense.
    pub(super) fn uncomparable(&self) -> Option<Uncomparable> {
        self.no_probability().or_else(|| self.no_list()).or_else(|| self.no_count()).or_else(|| self.no_request())
    }

    fn no_probability(&self) -> Option<Uncomparable> {
        let all = [
            ("ambiguity", self.ambiguity),
            ("underspecified", self.underspecified),
            ("gap-probability", self.gap_probability),
            ("emotion", self.emotion),
            ("user-act-probability", self.user_act_probability),
        ];
        let (key, p) = all.into_iter().find_map(|(key, p)| p.filter(|p| !(0.0..=1.0).contains(p)).map(|p| (key, p)))?;
        Uncomparable::new(key, format!("compares with {p}, which is no probability"), "write a number from 0 to 1")
    }

    fn no_list(&self) -> Option<Uncomparable> {
        for (key, of, probability, list) in [
            ("gap-probability", "gap", self.gap_probability, self.gap.is_some()),
            ("user-act-probability", "user-act", self.user_act_probability, self.user_act.is_some()),
        ] {
            if probability.is_some() && !list {
                return Uncomparable::new(
                    key,
                    format!("has `{key}` without `{of}`"),
                    format!("add `{of} = [ … ]`, whose probability it is"),
                );
            }
        }
        let empty = [
            ("need", self.need.is_some_and(<[_]>::is_empty)),
            ("gap", self.gap.is_some_and(<[_]>::is_empty)),
            ("user-act", self.user_act.is_some_and(<[_]>::is_empty)),
            ("domain", self.domain.is_some_and(<[_]>::is_empty)),
            ("route", self.route.is_some_and(<[_]>::is_empty)),
            ("dialect", self.dialect.is_some_and(<[_]>::is_empty)),
            ("header", self.header.is_some_and(|headers| headers.is_empty())),
        ];
        let (key, _) = empty.into_iter().find(|(_, empty)| *empty)?;
        Uncomparable::new(
            key,
            format!("can never match: `{key}` is empty"),
            "name what it is to match, or remove the key",
        )
    }

    fn no_count(&self) -> Option<Uncomparable> {
        if self.every == Some(0) {
            return Uncomparable::new(
                "every",
                "says that something recurs after no turn",
                "write a whole number of 1 or more",
            );
        }
        if self.every.is_some() && self.user_turns.is_none() && self.requirements.is_none() {
            let fix = "add `user-turns` or `requirements`, the first time";
            return Uncomparable::new("every", "says not from when on something recurs", fix);
        }
        if let (Some(from), Some(until)) = (self.user_turns, self.until_turn)
            && from > until
        {
            let what = format!("can never match: from turn {from} on, and until turn {until}");
            return Uncomparable::new("until-turn", what, "write a number that is not below `user-turns`");
        }
        None
    }

    fn no_request(&self) -> Option<Uncomparable> {
        if let Some(route) =
            self.route.into_iter().flatten().find(|route| !route.starts_with('/') || route.contains(['?', '#']))
        {
            let shown = if route.contains('?') { "what is there" } else { route.as_str() };
            let what = format!("compares the route with no path: {shown}");
            return Uncomparable::new("route", what, "write the first segments of a path, such as \"/v1/chat\"");
        }
        let known: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.as_str()).collect();
        if let Some(dialect) = self.dialect.into_iter().flatten().find(|dialect| !known.contains(&dialect.as_str())) {
            let what = format!("names a dialect that is none: {dialect}");
            return Uncomparable::new("dialect", what, format!("what may stand here: {}", known.join(", ")));
        }
        let names = self.header.into_iter().flatten().map(|(name, _)| name);
        for name in names {
            if name.parse::<http::HeaderName>().is_err() {
                return Uncomparable::new(
                    "header",
                    "compares what is no header's name",
                    "write names such as \"x-tier\"",
                );
            }
            if is_secret(name) {
                let fix = "have the application say what matters in a header of its own, such as \"x-tier\"";
                return Uncomparable::new("header", format!("compares `{name}`, which may hold a secret"), fix);
            }
        }
        None
    }
}
