//! The first step: what the head of a request says about whether to read it.

use std::time::Instant;

use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, TRAILER};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::{Grounder, Pending};
use crate::dialogue::Bypass;
use crate::observe::{Record, trace};
use crate::policy::RequestFacts;
use crate::wire::{Codings, Dialect};

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

/// Schemes of `Authorization` by which a request is signed, its body or a hash of that included: those of AWS (Signature
/// Version 4 and 4A), of clouds that follow it (`TC3-HMAC-SHA256`, `ACS3-HMAC-SHA256`, `HMAC-SHA256`), and the draft that
/// became RFC 9421.
fn is_signing(scheme: &[u8]) -> bool {
    let scheme = scheme.to_ascii_uppercase();
    scheme.starts_with(b"AWS4-") || scheme.ends_with(b"HMAC-SHA256") || scheme == b"SIGNATURE"
}

/// Headers that carry the caller's credentials; their hash tells tenants apart.
const CREDENTIALS: [HeaderName; 4] = [
    AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// Parameters of a target that carry them: Google's.
const CREDENTIAL_PARAMETERS: [&str; 2] = ["key", "access_token"];

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
    pub(super) target: Uri,
    pub(super) observe_only: bool,
    pub(super) tenant: Vec<u8>,
    pub(super) conversation: Option<HeaderValue>,
    pub(super) accept_language: Option<HeaderValue>,
    pub(super) request: RequestFacts,
    /// What an experiment assigns, where it is in a header.
    pub(super) unit: Option<HeaderValue>,
    /// What the body is compressed with; it is read without that, and forwarded as it came.
    pub(super) codings: Codings,
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
        let unit = self.unit_in(&head.headers);
        let ours = take_ours(&mut head.headers);
        let settings = self.settings();
        let dialect = settings.routes.recognise(&head.method, &head.uri);
        let dialect = dialect.filter(|dialect| may_be_json(&head.headers, *dialect));
        let Some(dialect) = dialect else {
            self.0.observers.passed(Bypass::NotACall);
            return Admission::NotACall;
        };
        let mut record = Record::new(dialect, self.0.policy_name.clone(), self.0.config.clone());
        record.request_id = trace::request_id(&head.headers).map(str::to_owned);
        record.traceparent = trace::traceparent(&head.headers).map(str::to_owned);
        let mut pending = Pending::new(record, self.clone(), accepted);
        let mode = ours.mode.filter(|_| settings.trust_mode);
        let admitted = if mode == Some(Mode::Off) {
            Err(Bypass::OptedOut)
        } else if is_signed(&head.headers) || is_presigned(&head.uri) {
            Err(Bypass::Signed)
        } else {
            Codings::of(&head.headers).map_err(|_| Bypass::Encoded)
        };
        let codings = match admitted {
            Ok(codings) => codings,
            Err(bypass) => {
                pending.record.bypass = Some(bypass);
                return Admission::Pass(Box::new(pending));
            }
        };
        let domain = ours.domain.filter(|_| settings.trust_domain);
        let request = self.0.looks.at(dialect, head.uri.path(), domain.as_ref(), &head.headers);
        Admission::Read(Box::new(Admitted {
            pending,
            request,
            dialect,
            target: head.uri.clone(),
            observe_only: mode == Some(Mode::Observe),
            tenant: tenant(&head.headers, &head.uri),
            conversation: ours.conversation.filter(|_| settings.trust_conversation),
            accept_language: head.headers.get(ACCEPT_LANGUAGE).cloned(),
            unit,
            codings,
        }))
    }

    /// The unit in the headers, before ours are taken off them.
    fn unit_in(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let experiments = self.0.experiments.as_ref()?;
        let trusted = !experiments.source().is_trusted_user() || self.settings().trust_user;
        experiments.in_headers(headers).filter(|_| trusted)
    }
}

/// What `x-groundwire-mode` asks for; the stricter is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Observe,
    Off,
}

impl Mode {
    /// The strictest of a header's values, each of which may be a list: whoever sends it wants less, not more, and that
    /// goes for a misspelt value, too.
    fn strictest<'h>(values: impl Iterator<Item = &'h HeaderValue>) -> Option<Self> {
        let wishes = values.flat_map(|value| value.as_bytes().split(|&b| b == b',')).map(<[u8]>::trim_ascii);
        wishes.map(|wish| if wish.eq_ignore_ascii_case(b"observe") { Self::Observe } else { Self::Off }).max()
    }
}

#[derive(Default)]
struct Ours {
    mode: Option<Mode>,
    conversation: Option<HeaderValue>,
    domain: Option<HeaderValue>,
}

/// Removes the headers that are ours, so that no upstream sees them.
fn take_ours(headers: &mut HeaderMap) -> Ours {
    let names: Vec<HeaderName> = headers.keys().filter(|name| name.as_str().starts_with(PREFIX)).cloned().collect();
    let mut ours = Ours::default();
    for name in names {
        match &name.as_str()[PREFIX.len()..] {
            "mode" => ours.mode = Mode::strictest(headers.get_all(&name).iter()),
            "domain" => ours.domain = only(headers.get_all(&name).iter()),
            "conversation" => ours.conversation = only(headers.get_all(&name).iter()),
            _ => {}
        }
        headers.remove(name);
    }
    ours
}

/// The value that all of a header's values are. Of two that differ, neither is to be believed.
fn only<'h>(mut values: impl Iterator<Item = &'h HeaderValue>) -> Option<HeaderValue> {
    let first = values.next()?;
    values.all(|value| value == first).then(|| first.clone())
}

/// Whether the body may be JSON: it says so, or it says nothing. Ollama does not look at the type, and `curl -d`, as in its
/// documentation, says that it is a form.
fn may_be_json(headers: &HeaderMap, dialect: Dialect) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let essence = value.as_bytes().split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
    let ends =
        |with: &[u8]| essence.len() >= with.len() && essence[essence.len() - with.len()..].eq_ignore_ascii_case(with);
    let is_form = essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded");
    ends(b"/json") || ends(b"+json") || is_form && dialect == Dialect::Ollama
}

/// Whether headers or trailers sign the body, or announce a trailer that will.
pub(crate) fn is_signed(headers: &HeaderMap) -> bool {
    let scheme = |value: &HeaderValue| {
        is_signing(value.as_bytes().trim_ascii_start().split(|&b| b == b' ').next().unwrap_or_default())
    };
    let signs =
        |name: &[u8]| SIGNATURES.iter().any(|signature| name.eq_ignore_ascii_case(signature.as_str().as_bytes()));
    let announces = |value: &HeaderValue| value.as_bytes().split(|&b| b == b',').any(|name| signs(name.trim_ascii()));
    // The names that are there are fewer than those that would have to be looked up.
    headers.keys().any(|name| SIGNATURES.contains(name))
        || headers.get_all(AUTHORIZATION).iter().any(scheme)
        || headers.get_all(TRAILER).iter().any(announces)
}

/// Whether the target carries a signature of AWS's, as presigned URLs do.
fn is_presigned(uri: &Uri) -> bool {
    const NAME: &[u8] = b"x-amz-signature=";
    let starts = |pair: &[u8]| pair.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME));
    uri.query().is_some_and(|query| query.as_bytes().split(|&b| b == b'&').any(starts))
}

fn tenant(headers: &HeaderMap, target: &Uri) -> Vec<u8> {
    let mut tenant = Vec::new();
    for name in &CREDENTIALS {
        for value in headers.get_all(name) {
            tenant.extend_from_slice(value.as_bytes());
            tenant.push(b'\n');
        }
    }
    for pair in target.query().into_iter().flat_map(|query| query.split('&')) {
        if let Some((name, value)) = pair.split_once('=')
            && CREDENTIAL_PARAMETERS.contains(&name)
        {
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
            assert!(may_be_json(&headers(&[("content-type", json)]), Dialect::OpenAiChat), "{json}");
        }
        assert!(may_be_json(&HeaderMap::new(), Dialect::OpenAiChat));
        let form = headers(&[("content-type", "application/x-www-form-urlencoded")]);
        assert!(may_be_json(&form, Dialect::Ollama));
        assert!(!may_be_json(&form, Dialect::OpenAiChat) && !may_be_json(&form, Dialect::Gemini));
        let parts = headers(&[("content-type", "multipart/form-data; boundary=json")]);
        assert!(Dialect::ALL.iter().all(|&dialect| !may_be_json(&parts, dialect)));
    }

    #[test]
    fn signatures() {
        for (name, value) in [
            ("authorization", "AWS4-HMAC-SHA256 Credential=x"),
            ("authorization", "AWS4-ECDSA-P256-SHA256 Credential=x"),
            ("authorization", "TC3-HMAC-SHA256 Credential=x"),
            ("authorization", "HMAC-SHA256 Credential=x"),
            ("authorization", "Signature keyId=\"x\",headers=\"digest\""),
            ("digest", "SHA-256=x"),
            ("content-digest", "sha-256=:x:"),
            ("repr-digest", "sha-256=:x:"),
            ("content-md5", "x"),
            // Whatever it covers: a length, a type or an encoding would change with the body, too.
            ("signature-input", "sig1=()"),
            ("x-amz-content-sha256", "e3b0c442"),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            ("trailer", "x-sum, Content-Digest"),
        ] {
            assert!(is_signed(&headers(&[(name, value)])), "{name}");
        }
        for (name, value) in [
            ("authorization", "Bearer AWS4-HMAC-SHA256"),
            ("authorization", "Basic x"),
            ("want-content-digest", "sha-256=10"),
            ("signature", "sig1=:x:"),
            ("x-amz-date", "20260101T000000Z"),
            ("trailer", "x-sum"),
        ] {
            assert!(!is_signed(&headers(&[(name, value)])), "{name}");
        }
        let presigned = |target: &'static str| is_presigned(&Uri::from_static(target));
        assert!(presigned("/v1/chat/completions?a=1&X-Amz-Signature=0f"));
        assert!(
            !presigned("/v1/chat/completions?x=X-Amz-Signature%3D0f&X-Amz-Signatures")
                && !presigned("/x-amz-signature=1")
        );
    }

    #[test]
    fn whoever_has_another_key_is_another_tenant() {
        let of = |pairs, target: &'static str| tenant(&headers(pairs), &Uri::from_static(target));
        assert_eq!(of(&[("x-goog-api-key", "a")], "/"), of(&[], "/x?alt=sse&key=a"));
        assert_eq!(of(&[], "/x?keys=a&monkey=b"), of(&[], "/"));
        assert_ne!(of(&[("x-goog-api-key", "a")], "/"), of(&[("x-goog-api-key", "b")], "/"));
        assert_ne!(of(&[], "/?key=a"), of(&[], "/?key=b"));
    }

    #[test]
    fn ours_are_stripped_even_if_unknown() {
        let mut map = headers(&[("x-groundwire-mode", "off"), ("x-groundwire-future", "1"), ("x-other", "2")]);
        assert!(take_ours(&mut map).mode.is_some());
        assert_eq!(map, headers(&[("x-other", "2")]));
    }

    #[test]
    fn the_strictest_mode_and_the_only_conversation_count() {
        let taken = |pairs: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for &(name, value) in pairs {
                map.append(name, HeaderValue::from_static(value));
            }
            let ours = take_ours(&mut map);
            assert!(map.is_empty(), "{map:?}");
            ours
        };
        let mode =
            |values: &[&'static str]| taken(&values.iter().map(|&v| ("x-groundwire-mode", v)).collect::<Vec<_>>()).mode;
        assert_eq!(mode(&[]), None);
        assert_eq!(mode(&["observe", "Observe"]), Some(Mode::Observe));
        for off in [&["observe", "off"][..], &["off", "observe"], &["observe, off"], &["observe", "of"], &[""]] {
            assert_eq!(mode(off), Some(Mode::Off), "{off:?}");
        }
        let conversation = |values: &[&'static str]| {
            taken(&values.iter().map(|&v| ("x-groundwire-conversation", v)).collect::<Vec<_>>()).conversation
        };
        assert_eq!(conversation(&["a", "a"]), Some(HeaderValue::from_static("a")));
        assert_eq!(conversation(&["a", "b"]), None);
    }
}
