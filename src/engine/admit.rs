//! The first step: what the head of a request says about whether to read it.

use std::time::Instant;

use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Grounder, Pending};
use crate::dialogue::Bypass;
use crate::observe::Record;
use crate::wire::Dialect;

/// The prefix of all headers of ours.
const PREFIX: &str = "x-groundwire-";

/// Headers by which a body is signed: an edit would break the signature.
///
/// AWS Signature Version 4, RFC 9530 (`Content-Digest`, `Repr-Digest`) and its ancestor RFC 3230 (`Digest`), RFC 1864
/// (`Content-MD5`), RFC 9421 (HTTP message signatures).
const SIGNATURES: [HeaderName; 6] = [
    HeaderName::from_static("x-amz-content-sha256"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("signature-input"),
];

/// Headers that carry the caller's credentials; their hash tells tenants apart.
const CREDENTIALS: [HeaderName; 3] =
    [AUTHORIZATION, HeaderName::from_static("x-api-key"), HeaderName::from_static("api-key")];

/// What is done with a request after a look at its head.
#[derive(Debug)]
#[non_exhaustive]
pub enum Admission {
    /// No chat call of a known dialect: it passes, and only the count shows it.
    NotACall,
    /// A chat call that is left alone for what its head says; it is recorded.
    Pass(Box<Pending>),
    /// A chat call whose body is to be read.
    Read(Box<Admitted>),
}

/// A chat call whose body is to be read.
#[derive(Debug)]
pub struct Admitted {
    pub(super) pending: Pending,
    pub(super) dialect: Dialect,
    pub(super) observe_only: bool,
    pub(super) tenant: Vec<u8>,
    pub(super) conversation: Option<HeaderValue>,
}

impl Admitted {
    /// Leaves the request alone after all, for this reason.
    pub fn bypass(mut self, bypass: Bypass) -> Pending {
        self.pending.record.bypass = Some(bypass);
        self.pending
    }
}

impl Grounder {
    /// Looks at the head of a request that was accepted at `accepted`, and strips from it the headers that are ours.
    pub fn admit(&self, head: &mut Parts, accepted: Instant) -> Admission {
        let ours = take_ours(&mut head.headers);
        let settings = self.settings();
        let dialect = Dialect::recognise(&head.method, &head.uri).filter(|_| may_be_json(&head.headers));
        let Some(dialect) = dialect else {
            self.0.observers.passed(Bypass::NotACall);
            return Admission::NotACall;
        };
        let record = Record::new(dialect, self.0.policy_name.clone(), self.0.config.clone());
        let mut pending = Pending::new(record, self.clone(), accepted);
        let mode = ours.mode.as_ref().filter(|_| settings.trust_mode).map(HeaderValue::as_bytes);
        let bypass = if mode.is_some_and(|mode| !mode.eq_ignore_ascii_case(b"observe")) {
            // "off", or something misspelt: whoever sends this header wants less, not more.
            Some(Bypass::OptedOut)
        } else if is_signed(&head.headers) {
            Some(Bypass::Signed)
        } else if is_encoded(&head.headers) {
            Some(Bypass::Encoded)
        } else {
            None
        };
        if bypass.is_some() {
            pending.record.bypass = bypass;
            return Admission::Pass(Box::new(pending));
        }
        Admission::Read(Box::new(Admitted {
            pending,
            dialect,
            observe_only: mode.is_some_and(|mode| mode.eq_ignore_ascii_case(b"observe")),
            tenant: tenant(&head.headers),
            conversation: ours.conversation.filter(|_| settings.trust_conversation),
        }))
    }
}

#[derive(Default)]
struct Ours {
    mode: Option<HeaderValue>,
    conversation: Option<HeaderValue>,
}

/// Removes the headers that are ours, so that no upstream sees them.
fn take_ours(headers: &mut HeaderMap) -> Ours {
    let names: Vec<HeaderName> = headers.keys().filter(|name| name.as_str().starts_with(PREFIX)).cloned().collect();
    let mut ours = Ours::default();
    for name in names {
        let value = headers.remove(&name);
        match &name.as_str()[PREFIX.len()..] {
            "mode" => ours.mode = value,
            "conversation" => ours.conversation = value,
            _ => {}
        }
    }
    ours
}

/// Whether the body may be JSON: it says so, or it says nothing.
fn may_be_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let essence = value.as_bytes().split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
    let ends =
        |with: &[u8]| essence.len() >= with.len() && essence[essence.len() - with.len()..].eq_ignore_ascii_case(with);
    ends(b"/json") || ends(b"+json")
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|value| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
}

fn is_signed(headers: &HeaderMap) -> bool {
    let aws = |value: &HeaderValue| value.as_bytes().starts_with(b"AWS4-");
    SIGNATURES.iter().any(|name| headers.contains_key(name)) || headers.get_all(AUTHORIZATION).iter().any(aws)
}

fn tenant(headers: &HeaderMap) -> Vec<u8> {
    let mut tenant = Vec::new();
    for name in &CREDENTIALS {
        for value in headers.get_all(name) {
            tenant.extend_from_slice(value.as_bytes());
            tenant.push(b'\n');
        }
    }
    tenant
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|&(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn content_types() {
        for json in ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"] {
            assert!(may_be_json(&headers(&[("content-type", json)])), "{json}");
        }
        assert!(may_be_json(&HeaderMap::new()));
        assert!(!may_be_json(&headers(&[("content-type", "multipart/form-data; boundary=json")])));
    }

    #[test]
    fn signatures_and_encodings() {
        for (name, value) in [
            ("authorization", "AWS4-HMAC-SHA256 Credential=x"),
            ("content-digest", "sha-256=:x:"),
            ("signature-input", "sig1=()"),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ] {
            assert!(is_signed(&headers(&[(name, value)])), "{name}");
        }
        assert!(!is_signed(&headers(&[("authorization", "Bearer x")])));
        assert!(is_encoded(&headers(&[("content-encoding", "gzip")])));
        assert!(!is_encoded(&headers(&[("content-encoding", "identity")])));
    }

    #[test]
    fn ours_are_stripped_even_if_unknown() {
        let mut map = headers(&[("x-groundwire-mode", "off"), ("x-groundwire-future", "1"), ("x-other", "2")]);
        assert!(take_ours(&mut map).mode.is_some());
        assert_eq!(map, headers(&[("x-other", "2")]));
    }
}
