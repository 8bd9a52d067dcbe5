//! Which paths speak which dialect, where an operator says so.

use http::{Method, Uri};
use serde::{Serialize, Serializer};

use super::Dialect;

/// What requests for some paths are, whatever their route looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    path: String,
    dialect: Option<Dialect>,
}

impl Route {
    /// Requests for `path` speak `dialect`, or are no chat calls. In `path` a `*` stands for any characters, slashes too.
    pub fn new(path: impl Into<String>, dialect: Option<Dialect>) -> Self {
        Self { path: path.into(), dialect }
    }

    fn takes(&self, path: &str) -> bool {
        let mut pieces = self.path.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = path.strip_prefix(first) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() };
        for piece in pieces {
            match rest.find(piece) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

impl Serialize for Route {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        (&self.path, self.dialect.map_or("off", Dialect::as_str)).serialize(s)
    }
}

/// Every such path, in order: the first that takes a request decides about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Routes(Vec<Route>);

impl FromIterator<Route> for Routes {
    fn from_iter<I: IntoIterator<Item = Route>>(routes: I) -> Self {
        Self(routes.into_iter().collect())
    }
}

impl Routes {
    /// The dialect of a request; where no route says which, [`Dialect::recognise`] does. Only a POST is a chat call.
    pub fn recognise(&self, method: &Method, uri: &Uri) -> Option<Dialect> {
        if self.0.is_empty() {
            return Dialect::recognise(method, uri);
        }
        let path = uri.path();
        match self.0.iter().find(|route| route.takes(path) || path.strip_suffix('/').is_some_and(|p| route.takes(p))) {
            Some(route) => route.dialect.filter(|_| method == Method::POST),
            None => Dialect::recognise(method, uri),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, takes, not) in [
            ("/v1/ask", &["/v1/ask"][..], &["/v1/ask/1", "/v1/as", "/x/v1/ask", ""][..]),
            ("*/ask", &["/ask", "/v1/ask", "/a/b/ask"], &["/v1/asks", "/v1/mask"]),
            ("/bots/*/ask", &["/bots/1/ask", "/bots/a/b/ask", "/bots//ask"], &["/bots/ask", "/bots/1/ask/2"]),
            ("/bots/*", &["/bots/", "/bots/1/2"], &["/bots", "/robots/1"]),
            ("/a*b*c", &["/abc", "/axbxc", "/abbcc"], &["/ac", "/acb", "/ab"]),
            ("*", &["/", "/x", ""], &[]),
        ] {
            let route = Route::new(pattern, None);
            for path in takes {
                assert!(route.takes(path), "{pattern} {path}");
            }
            for path in not {
                assert!(!route.takes(path), "{pattern} {path}");
            }
        }
    }

    #[test]
    fn the_first_route_decides_and_the_rest_is_told_by_its_form() {
        let routes: Routes = [
            Route::new("/internal/*", None),
            Route::new("*/ask", Some(Dialect::AnthropicMessages)),
            Route::new("/internal/ask", Some(Dialect::OpenAiChat)),
        ]
        .into_iter()
        .collect();
        let dialect = |method, uri: &str| routes.recognise(&method, &uri.parse().unwrap_or_default());
        assert_eq!(dialect(Method::POST, "/internal/v1/chat/completions"), None);
        assert_eq!(dialect(Method::POST, "/internal/ask"), None);
        assert_eq!(dialect(Method::POST, "/bot/ask/?x=1"), Some(Dialect::AnthropicMessages));
        assert_eq!(dialect(Method::GET, "/bot/ask"), None);
        assert_eq!(dialect(Method::POST, "/v1/chat/completions"), Some(Dialect::OpenAiChat));
    }
}
