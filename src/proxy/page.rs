//! The page for people at `/` of the admin listener: one file without anything from elsewhere.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use bytes::Bytes;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::Full;

const PAGE: &str = include_str!("page.html");
/// Where the page's own script and style carry the mark by which they are told from anything that might get into it.
const NONCE: &str = "{{nonce}}";

/// Whether the client names HTML among what it takes: a browser does, `curl` does not.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let names = |value: &HeaderValue| value.to_str().is_ok_and(|value| value.contains("text/html"));
    headers.get_all(ACCEPT).iter().any(names)
}

/// The page. It runs its own script and talks to this listener, and to nobody else.
pub(super) fn response() -> Response<Full<Bytes>> {
    let nonce = nonce();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let mut response = Response::new(Full::new(Bytes::from(PAGE.replace(NONCE, &nonce))));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // Hexadecimal digits and fixed words.
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    as_it_is_now(headers);
    response
}

/// What stands at `/` depends on who asks, and on when.
pub(super) fn as_it_is_now(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept"));
}

/// Digits that nobody can foresee, from the randomness that the standard library seeds its hash maps with.
fn nonce() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_self_contained() {
        for elsewhere in ["http://", "https://", "src=", "@import", "url(", " style=\"", " onclick"] {
            let found = PAGE.find(elsewhere).map(|at| &PAGE[at..PAGE.ceil_char_boundary(at + 60)]);
            // A name for SVG elements is no address.
            assert!(found.is_none_or(|found| found.starts_with("http://www.w3.org/2000/svg")), "{found:?}");
        }
        assert_eq!(PAGE.matches(NONCE).count(), 2, "the style and the script");
    }

    #[test]
    fn script_and_style_carry_a_nonce_of_their_own_response() {
        let nonce_of = |response: &Response<Full<Bytes>>| {
            let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
            policy.split("nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned()
        };
        let (one, two) = (nonce_of(&response()), nonce_of(&response()));
        assert!(one.len() == 32 && one != two);
    }
}
