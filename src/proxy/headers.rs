//! Headers that are about one connection only, and must not pass to the next.

use http::header::{CONNECTION, CONTENT_LENGTH, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Version};

/// Headers that end at the next hop whether `Connection` names them or not: RFC 9110, section 7.6.1, with the credentials
/// and challenges between a client and its own proxy (section 11.7), and `HTTP2-Settings` (RFC 7540, section 3.2.1).
///
/// `Trailer` is not among them: RFC 9110, section 6.6.2, has it stay with the message; see `trailers`.
pub(super) const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authorization"),
    HeaderName::from_static("http2-settings"),
];

const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Whether a body has no transfer coding but `chunked`, once.
///
/// Any other would be lost with the header, which ends here, and its bytes would go on as what they are not. RFC 9112,
/// section 6.1, has a server answer 501 to what it does not understand.
pub(super) fn framing_is_understood(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter().flat_map(tokens);
    codings.next().is_none_or(|first| first.eq_ignore_ascii_case(b"chunked")) && codings.next().is_none()
}

/// Removes what was meant for us alone: [`HOP_BY_HOP`], whatever `Connection` names, and `TE` but for `trailers`.
///
/// A length beside a transfer coding goes, too: RFC 9112, section 6.3, has the coding win and the length not passed on.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    // Few messages have any, and a look at each name that is there is a fifth of the work of looking up all that might be.
    if !headers.keys().any(|name| *name == TE || HOP_BY_HOP.contains(name)) {
        return;
    }
    let trailers = takes_trailers(headers);
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    for name in named_by_connection(headers) {
        // The length is the message's, whatever a sender says: without it the next hop may read another one.
        if name != CONTENT_LENGTH {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    headers.remove(TE);
    if trailers {
        headers.insert(TE, TRAILERS);
    }
}

/// Whether the sender of these headers takes trailers (RFC 9110, section 10.1.4).
pub(super) fn takes_trailers(headers: &HeaderMap) -> bool {
    has_token(headers, &TE, "trailers")
}

/// The protocols that a request asks to switch to, if it asks for any that can be tunnelled.
///
/// A wish for HTTP/2 in clear text (`h2c`) or for TLS is one that any server may ignore, and is: RFC 9110, section 7.8,
/// has the request answered as it is then. Java's client sends the first with every request.
pub(super) fn upgrade(version: Version, headers: &HeaderMap) -> Option<HeaderValue> {
    if version != Version::HTTP_11 || !has_token(headers, &CONNECTION, "upgrade") {
        return None;
    }
    let mut values = headers.get_all(UPGRADE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let tunnelled = |protocol: &[u8]| {
        let name = protocol.split(|&b| b == b'/').next().unwrap_or_default();
        !name.is_empty() && !name.eq_ignore_ascii_case(b"h2c") && !name.eq_ignore_ascii_case(b"tls")
    };
    tokens(value).any(tunnelled).then(|| value.clone())
}

/// Puts back what makes a message one that switches protocols.
pub(super) fn set_upgrade(headers: &mut HeaderMap, protocols: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocols);
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    // `keep-alive` and `close` name no header, and are all that most messages say here.
    let names = |token: &[u8]| !token.eq_ignore_ascii_case(b"keep-alive") && !token.eq_ignore_ascii_case(b"close");
    let values = headers.get_all(CONNECTION).iter();
    values
        .flat_map(tokens)
        .filter(|token| names(token))
        .filter_map(|token| HeaderName::from_bytes(token).ok())
        .collect()
}

/// Whether a header that is a list has this token; parameters and weights after it are allowed.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let is = |value: &[u8]| {
        let value = value.split(|&b| b == b';').next().unwrap_or_default();
        value.trim_ascii().eq_ignore_ascii_case(token.as_bytes())
    };
    headers.get_all(name).iter().flat_map(tokens).any(is)
}

pub(super) fn tokens(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse::<HeaderName>().unwrap(), v.parse::<HeaderValue>().unwrap())).collect()
    }

    #[test]
    fn what_is_for_us_alone_ends_here() {
        let mut headers = map(&[
            ("connection", "keep-alive, X-Mine,,content-length"),
            ("connection", "close, x-also"),
            ("x-mine", "1"),
            ("x-also", "2"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic x"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAA"),
            ("te", "gzip, Trailers;q=0.5"),
            ("trailer", "x-checksum"),
            ("content-length", "5"),
            ("authorization", "Bearer x"),
            ("x-other", "3"),
        ]);
        strip_hop_by_hop(&mut headers);
        let left = map(&[
            ("trailer", "x-checksum"),
            ("content-length", "5"),
            ("authorization", "Bearer x"),
            ("x-other", "3"),
            ("te", "trailers"),
        ]);
        assert_eq!(headers, left);
    }

    #[test]
    fn of_two_framings_the_coding_wins_and_only_chunked_is_understood() {
        let mut headers = map(&[("transfer-encoding", "chunked"), ("content-length", "5"), ("x-other", "1")]);
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers, map(&[("x-other", "1")]));
        let understood = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(TRANSFER_ENCODING, value.parse().unwrap());
            }
            framing_is_understood(&headers)
        };
        for values in [&[][..], &["chunked"], &["Chunked"], &[" chunked ,"]] {
            assert!(understood(values), "{values:?}");
        }
        for values in [&["gzip, chunked"][..], &["chunked", "chunked"], &["chunked, chunked"], &["identity"], &["x"]] {
            assert!(!understood(values), "{values:?}");
        }
    }

    #[test]
    fn te_is_kept_for_trailers_even_where_connection_names_it() {
        let mut headers = map(&[("connection", "te"), ("te", "trailers")]);
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers, map(&[("te", "trailers")]));
        let mut headers = map(&[("te", "gzip;q=0.5")]);
        strip_hop_by_hop(&mut headers);
        assert!(headers.is_empty());
    }

    #[test]
    fn only_what_can_be_tunnelled_is() {
        let asks = |connection: &str, protocols: &str, version| {
            upgrade(version, &map(&[("connection", connection), ("upgrade", protocols)])).is_some()
        };
        assert!(asks("Upgrade", "websocket", Version::HTTP_11));
        assert!(asks("keep-alive, upgrade", "WebSocket", Version::HTTP_11));
        assert!(asks("upgrade", "h2c, websocket", Version::HTTP_11));
        assert!(!asks("upgrade", "h2c", Version::HTTP_11));
        assert!(!asks("Upgrade, HTTP2-Settings", "h2c", Version::HTTP_11));
        assert!(!asks("upgrade", "TLS/1.2", Version::HTTP_11));
        assert!(!asks("keep-alive", "websocket", Version::HTTP_11));
        assert!(!asks("upgrade", "websocket", Version::HTTP_10));
        assert!(!asks("upgrade", "websocket", Version::HTTP_2));
        assert!(!asks("upgrade", ",", Version::HTTP_11));
    }

    proptest! {
        /// Whatever `Connection` says, nothing of it is left, and nothing that it does not name is lost.
        #[test]
        fn named_headers_go_and_others_stay(names in prop::collection::hash_set("x-[a-z]{1,6}", 0..8), cut in 0usize..8) {
            let names: Vec<String> = names.into_iter().collect();
            let (listed, others) = names.split_at(cut.min(names.len()));
            let mut headers: HeaderMap = names.iter().map(|n| (n.parse::<HeaderName>().unwrap(), HeaderValue::from_static("v"))).collect();
            headers.insert(CONNECTION, listed.join(" , ").parse().unwrap());
            strip_hop_by_hop(&mut headers);
            prop_assert_eq!(headers.len(), others.len());
            prop_assert!(others.iter().all(|name| headers.contains_key(name)));
        }

        #[test]
        fn no_bytes_panic(value in prop::collection::vec(prop::num::u8::ANY, 0..40)) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::new();
                for name in [CONNECTION, UPGRADE, TE] {
                    headers.insert(name, value.clone());
                }
                let _ = upgrade(Version::HTTP_11, &headers);
                strip_hop_by_hop(&mut headers);
            }
        }
    }
}
