//! The identifiers by which others find a request again: `x-request-id`, and `traceparent` of the W3C.
//!
//! Both pass as they came. What is logged and recorded of them is bounded in length and alphabet, since a client writes it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName};

/// `x-request-id`.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// `traceparent` ([Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header), section 3.2).
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Most bytes of a request's identifier that are believed to be one.
const REQUEST_ID_BYTES: usize = 128;

/// The request's identifier, if it has exactly one that is fit to be logged: up to 128 letters, digits, and `-_.:/+=@`.
pub fn request_id(headers: &HeaderMap) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&b);
    only(headers, &REQUEST_ID).filter(|id| (1..=REQUEST_ID_BYTES).contains(&id.len()) && id.bytes().all(plain))
}

/// The request's place in a trace, if it has exactly one and that is valid.
///
/// Version `00` has four parts and ends there; of a later one the first four are as here, and more may follow.
pub fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let text = only(headers, &TRACEPARENT)?;
    let known = text.get(..55)?;
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let zero = |part: &str| part.bytes().all(|b| b == b'0');
    let mut parts = known.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let shaped = hex(version, 2) && hex(trace, 32) && hex(parent, 16) && hex(flags, 2) && parts.next().is_none();
    let ends = text.len() == known.len() || version != "00" && text.as_bytes()[known.len()] == b'-';
    // What follows in a version to come may be anything, and is not kept.
    (shaped && ends && version != "ff" && !zero(trace) && !zero(parent)).then_some(known)
}

fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok()).flatten()
}

/// An identifier for a request without one.
pub fn new_request_id() -> String {
    format!("{:032x}", random())
}

/// The beginning of a trace for a request without one: a random trace and parent, flagged as random and not sampled.
pub fn new_traceparent() -> String {
    // The odds of an identifier of zeros, which would be none, are those of guessing one.
    format!("00-{:032x}-{:016x}-02", random().max(1), (random() as u64).max(1))
}

/// 128 bits that no other call in this or another process gives, from the randomness that the standard library seeds its
/// hash maps with.
pub(super) fn random() -> u128 {
    static KEY: OnceLock<[u8; 32]> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let key = KEY.get_or_init(|| {
        let mut key = [0; 32];
        for chunk in key.chunks_exact_mut(8) {
            chunk.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
        }
        key
    });
    let hash = blake3::keyed_hash(key, &COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_le_bytes(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn a_traceparent_is_believed_where_it_is_one() {
        let longer = format!("{}-more", TRACE.replacen("00", "01", 1));
        for (values, believed) in [
            (&[TRACE][..], Some(TRACE.to_owned())),
            (&[&*longer], Some(longer[..55].to_owned())),
            (&[], None),
            (&[TRACE, TRACE], None),
            (&[&format!("{TRACE}-more")], None),
            (&[&format!("{}x", TRACE.replacen("00", "01", 1))], None),
            (&[&TRACE.replacen("00", "ff", 1)], None),
            (&[&TRACE.to_uppercase()], None),
            (&["00-00000000000000000000000000000000-00f067aa0ba902b7-01"], None),
            (&["00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"], None),
            (&["00-4bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b7-01---"], None),
            (&["00"], None),
            (&["sk-secret"], None),
        ] {
            assert_eq!(traceparent(&headers(&TRACEPARENT, values)), believed.as_deref(), "{values:?}");
        }
    }

    #[test]
    fn a_request_id_is_believed_where_it_may_stand_in_a_log() {
        for id in ["a", "7b3f-00", "req_01:AB/c+d=@", &"x".repeat(128)] {
            assert_eq!(request_id(&headers(&REQUEST_ID, &[id])), Some(id));
        }
        for id in ["", "two words", "a\"b", "a,b", "{}", &"x".repeat(129)] {
            assert_eq!(request_id(&headers(&REQUEST_ID, &[id])), None, "{id}");
        }
        assert_eq!(request_id(&headers(&REQUEST_ID, &["a", "b"])), None);
    }

    #[test]
    fn what_is_made_up_is_believed_and_never_the_same() {
        let made: std::collections::HashSet<_> = (0..100).map(|_| new_traceparent()).collect();
        assert_eq!(made.len(), 100);
        for trace in &made {
            assert_eq!(traceparent(&headers(&TRACEPARENT, &[trace])), Some(&**trace));
        }
        let id = new_request_id();
        assert_eq!(request_id(&headers(&REQUEST_ID, &[&id])), Some(&*id));
        assert_ne!(id, new_request_id());
    }
}
