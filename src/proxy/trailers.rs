//! Trailers: which may pass, and whether a head may announce any.
//!
//! HTTP/2 carries trailers behind every body. HTTP/1.1 carries them behind a chunked body only, and hyper writes only those
//! that the head announced. A head that announces what cannot follow is a lie to whoever waits for it, so there the
//! announcement stays behind with the trailers: RFC 9110, section 6.5.1, lets a hop drop both.

use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, COOKIE, EXPECT, HOST,
    MAX_FORWARDS, SET_COOKIE, TE, TRAILER, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::headers::{HOP_BY_HOP, tokens};

/// What must not stand in trailers beside what ends at the next hop: framing, routing, credentials, and what says how to
/// read the content. RFC 9110, section 6.5.1.
const NEVER: [HeaderName; 14] = [
    CONTENT_LENGTH,
    TRAILER,
    TE,
    HOST,
    EXPECT,
    MAX_FORWARDS,
    CACHE_CONTROL,
    AUTHORIZATION,
    WWW_AUTHENTICATE,
    COOKIE,
    SET_COOKIE,
    CONTENT_ENCODING,
    CONTENT_TYPE,
    CONTENT_RANGE,
];

/// The prefix of all headers of ours, which no upstream sees.
const OURS: &str = "x-groundwire-";

fn may_pass(name: &HeaderName) -> bool {
    !HOP_BY_HOP.contains(name) && !NEVER.contains(name) && !name.as_str().starts_with(OURS)
}

/// The trailers that may go on; `None` where none is left.
pub(super) fn passing(mut trailers: HeaderMap) -> Option<HeaderMap> {
    let stay: Vec<HeaderName> = trailers.keys().filter(|name| !may_pass(name)).cloned().collect();
    for name in stay {
        trailers.remove(name);
    }
    (!trailers.is_empty()).then_some(trailers)
}

/// Corrects what a head announces: nothing where trailers have no `room`, else only what may pass.
pub(super) fn announce(headers: &mut HeaderMap, room: bool) {
    if !headers.contains_key(TRAILER) {
        return;
    }
    let named = |token: &[u8]| HeaderName::from_bytes(token).is_ok_and(|name| may_pass(&name));
    if !room {
        headers.remove(TRAILER);
    } else if !headers.get_all(TRAILER).iter().flat_map(tokens).all(named) {
        let left: Vec<&[u8]> = headers.get_all(TRAILER).iter().flat_map(tokens).filter(|token| named(token)).collect();
        let left = HeaderValue::from_bytes(&left.join(&b", "[..]));
        headers.remove(TRAILER);
        if let Some(left) = left.ok().filter(|left| !left.is_empty()) {
            headers.insert(TRAILER, left);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for &(name, value) in pairs {
            map.append(name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn what_frames_routes_or_authorises_is_no_trailer() {
        let trailers = map(&[
            ("x-sum", "1"),
            ("x-sum", "2"),
            ("transfer-encoding", "chunked"),
            ("content-length", "9"),
            ("connection", "x-sum"),
            ("host", "evil.example"),
            ("authorization", "Bearer x"),
            ("x-groundwire-mode", "off"),
            ("server-timing", "a"),
        ]);
        assert_eq!(passing(trailers), Some(map(&[("x-sum", "1"), ("x-sum", "2"), ("server-timing", "a")])));
        assert_eq!(passing(map(&[("te", "trailers")])), None);
    }

    #[test]
    fn an_announcement_says_what_may_follow() {
        let announced = |pairs, room| {
            let mut headers = map(pairs);
            announce(&mut headers, room);
            headers
        };
        let plain = [("trailer", "x-sum,X-Other"), ("trailer", "server-timing")];
        assert_eq!(announced(&plain, true), map(&plain), "as it was written");
        assert!(announced(&plain, false).is_empty());
        let mixed = announced(&[("trailer", "content-length, x-sum"), ("trailer", "host , x-b")], true);
        assert_eq!(mixed, map(&[("trailer", "x-sum, x-b")]));
        assert!(announced(&[("trailer", "host, ,")], true).is_empty());
    }

    proptest! {
        #[test]
        fn no_announcement_panics(value in prop::collection::vec(prop::num::u8::ANY, 0..40), room: bool) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::new();
                headers.insert(TRAILER, value);
                announce(&mut headers, room);
            }
        }
    }
}
