//! Compressed requests through the layer, without a runtime of its own: judged as if they were plain, forwarded as they
//! came, and plain where they are edited.

#![cfg(feature = "codings")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use groundwire::GroundingLayer;
use groundwire::classify::{Classifier, Judging, ModelId};
use groundwire::dialogue::{Bypass, Conversation, Gap, GroundingAct, Id, IdentityKey};
use groundwire::engine::{Grounder, Settings};
use groundwire::layer::RequestBody;
use groundwire::observe::Record;
use groundwire::policy::preset;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use tower_layer::Layer;

#[allow(dead_code)]
#[path = "../src/wire/coding/encoding.rs"]
mod encoding;
#[path = "support/told.rs"]
mod told;

use encoding::encode;
use told::{Records, judgement};

const BODY: &str = r#"{ "model" : "m","messages":[{"role":"user","content":"Hello."},{"role":"assistant","content":"Hi."},
    {"role":"user","content":"Summarize the article below."}], "seed":1e400 }"#;

struct Fixed(f32);

impl Classifier for Fixed {
    fn judge(&self, _: Id, _: &Conversation<'_>, _: usize) -> Judging {
        Judging::ready(Ok(Arc::new(judgement(self.0, Gap::MissingMaterial))))
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}

struct Seen {
    headers: HeaderMap,
    body: Bytes,
    record: Arc<Record>,
}

/// What the inner service got of this request, and the record of it.
fn exchange(ask: f32, encoding: Option<&str>, body: &[u8], change: impl FnOnce(&mut Settings)) -> Seen {
    let (got, records) = (Arc::new(Mutex::new(None)), Records::default());
    let kept = Arc::clone(&got);
    let inner = tower::service_fn(move |request: Request<RequestBody<Full<Bytes>>>| {
        let kept = Arc::clone(&kept);
        async move {
            let (head, body) = request.into_parts();
            *kept.lock().unwrap() = Some((head.headers, body.collect().await?.to_bytes()));
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
        }
    });
    let grounder = Grounder::builder(Fixed(ask), preset("gentle").unwrap())
        .identity_key(IdentityKey::derive(b"a key of this test"))
        .observer(records.clone())
        .configure(change)
        .build();
    let mut request = Request::post("/v1/chat/completions").header("content-length", body.len());
    if let Some(encoding) = encoding {
        request = request.header("content-encoding", encoding);
    }
    let request = request.body(Full::new(Bytes::copy_from_slice(body))).unwrap();
    let service = GroundingLayer::new(grounder).layer(inner);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { service.oneshot(request).await.unwrap().into_body().collect().await.unwrap() });
    let (headers, body) = got.lock().unwrap().take().unwrap();
    Seen { headers, body, record: records.only() }
}

const STACKS: [&[&str]; 6] =
    [&["gzip"], &["deflate"], &["br"], &["zstd"], &["gzip", "br"], &["zstd", "deflate", "gzip"]];

fn stack(names: &[&str], plain: &[u8]) -> (String, Vec<u8>) {
    (names.join(", "), names.iter().fold(plain.to_vec(), |bytes, name| encode(name, &bytes)))
}

#[test]
fn a_compressed_turn_is_the_same_turn_and_passes_as_it_came() {
    let plain = exchange(0.1, None, BODY.as_bytes(), |_| ()).record;
    assert!(plain.turn.is_some() && plain.parent.is_some());
    for names in STACKS {
        let (encoding, body) = stack(names, BODY.as_bytes());
        let seen = exchange(0.1, Some(&encoding), &body, |_| ());
        assert_eq!(seen.body, body, "{encoding}: byte for byte");
        assert_eq!(seen.headers["content-encoding"], *encoding);
        assert_eq!(seen.headers["content-length"], body.len().to_string());
        let record = seen.record;
        assert_eq!(record.bypass, None, "{encoding}");
        assert!(record.judgement.is_some());
        assert_eq!(record.request_bytes, body.len() as u64);
        let identity = |record: &Record| (record.turn, record.parent, record.conversation, record.model.clone());
        assert_eq!(identity(&record), identity(&plain), "{encoding}");
    }
}

#[test]
fn an_edited_one_goes_on_plain_and_says_so() {
    let plain = exchange(0.9, None, BODY.as_bytes(), |_| ());
    assert_ne!(plain.body, BODY.as_bytes());
    for names in STACKS {
        let (encoding, body) = stack(names, BODY.as_bytes());
        let seen = exchange(0.9, Some(&encoding), &body, |_| ());
        assert_eq!(seen.record.act, GroundingAct::Clarify);
        assert_eq!(seen.body, plain.body, "{encoding}: what the plain one becomes");
        assert!(!seen.headers.contains_key("content-encoding"));
        assert_eq!(seen.headers["content-length"], seen.body.len().to_string());
    }
}

#[test]
fn what_cannot_or_may_not_be_decoded_passes_and_says_why() {
    let (_, gzip) = stack(&["gzip"], BODY.as_bytes());
    let (_, bomb) = stack(&["gzip"], &[&b"{\"a\":\""[..], &vec![b'x'; 5 << 20], b"\"}"].concat());
    let (_, nested) = stack(&["gzip", "gzip"], &vec![b' '; 5 << 20]);
    for (encoding, body, bypass) in [
        ("compress", &gzip[..], Bypass::Encoded),
        ("gzip, aws-chunked", &gzip, Bypass::Encoded),
        ("gzip, gzip, gzip, gzip", &gzip, Bypass::Encoded),
        ("gzip", BODY.as_bytes(), Bypass::Undecodable),
        ("zstd", &gzip, Bypass::Undecodable),
        ("gzip", &gzip[..gzip.len() - 1], Bypass::Undecodable),
        ("gzip", b"", Bypass::Undecodable),
        ("gzip", &bomb, Bypass::DecodedTooLarge),
        ("gzip, gzip", &nested, Bypass::DecodedTooLarge),
        ("gzip", &stack(&["gzip"], b"{").1, Bypass::Malformed),
    ] {
        let seen = exchange(0.9, Some(encoding), body, |_| ());
        assert_eq!(seen.record.bypass, Some(bypass), "{encoding}");
        assert_eq!(seen.body, body, "{encoding}: byte for byte");
        assert_eq!(seen.headers["content-encoding"], encoding);
    }
}

#[test]
fn the_bound_is_a_setting() {
    let (encoding, body) = stack(&["br"], BODY.as_bytes());
    let bound = |bytes| exchange(0.1, Some(&encoding), &body, |settings| settings.decoded_cap = bytes).record.bypass;
    assert_eq!(bound(BODY.len()), None);
    assert_eq!(bound(BODY.len() - 1), Some(Bypass::DecodedTooLarge));
}
