//! Byte identity: what the client sent is what the upstream gets, for any body in any chunks, unless it is steered.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use groundwire::GroundingLayer;
use groundwire::classify::{Classifier, Judgement, Judging, ModelId};
use groundwire::dialogue::{Conversation, Distribution, Id, UserAct};
use groundwire::engine::Grounder;
use groundwire::layer::RequestBody;
use groundwire::policy::preset;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_layer::Layer;

struct Fixed(f32);

impl Classifier for Fixed {
    fn judge(&self, _: Id, _: &Conversation<'_>, _: usize) -> Judging {
        let one_hot = |n: usize, at: usize| (0..n).map(|i| if i == at { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
        Judging::ready(Ok(Arc::new(Judgement {
            need: Distribution::new(&[1.0 - self.0, 0.0, self.0]).unwrap(),
            gap: Distribution::new(&one_hot(6, 0)).unwrap(),
            user_act: Distribution::new(&one_hot(11, UserAct::Request as usize)).unwrap(),
            emotion: 0.0,
            crisis: None,
            tokens: 1,
            model: ModelId::of(&[]),
        })))
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}

/// A body of given chunks, whose size nobody is told.
struct Chunks(VecDeque<Bytes>);

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|chunk| Ok(Frame::data(chunk))))
    }
}

fn chunks(bytes: &[u8], cuts: &[usize]) -> Chunks {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let mut from = 0;
    let mut out = VecDeque::new();
    for cut in cuts.into_iter().chain([bytes.len()]) {
        out.push_back(Bytes::copy_from_slice(&bytes[from..cut]));
        from = cut;
    }
    Chunks(out)
}

/// What the upstream got and what the client got back, for these chunks each way.
fn exchange(ask: f32, sent: &[u8], cuts: &[usize], answer: &[u8]) -> (Bytes, Bytes) {
    let got = Arc::new(Mutex::new(Bytes::new()));
    let (kept, answer, cuts_back) = (Arc::clone(&got), answer.to_vec(), cuts.to_vec());
    let inner = tower::service_fn(move |request: Request<RequestBody<Chunks>>| {
        let (kept, answer, cuts_back) = (Arc::clone(&kept), answer.clone(), cuts_back.clone());
        async move {
            *kept.lock().unwrap() = request.into_body().collect().await?.to_bytes();
            let response = Response::builder().header("content-type", "text/event-stream");
            Ok::<_, Infallible>(response.body(chunks(&answer, &cuts_back)).unwrap())
        }
    });
    let grounder = Grounder::builder(Fixed(ask), preset("gentle").unwrap()).build();
    let service = GroundingLayer::new(grounder).layer(inner);
    let request = Request::post("/v1/chat/completions").body(chunks(sent, cuts)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let back = runtime
        .block_on(async { service.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes() });
    let got = got.lock().unwrap().clone();
    (got, back)
}

/// Any JSON, with what serialisers do differently: numbers of any length, escapes, nulls.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[1-9][0-9]{0,40}",
        "[0-9]\\.[0-9]{1,20}[eE][+-]?[0-9]{1,3}",
        any::<String>().prop_map(|s| Value::from(s).to_string()),
        Just(r#""\ud83d\ude00 \u0000 \/ \ud800""#.to_owned()),
    ];
    let space = prop_oneof![Just(""), Just(" "), Just("\n\t"), Just("\r\n  ")];
    leaf.prop_recursive(3, 24, 5, move |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..5), space.clone())
                .prop_map(|(items, space)| format!("[{space}{}]", items.join(&format!(",{space}")))),
            (prop::collection::vec((any::<String>(), inner), 0..5), space.clone()).prop_map(|(items, space)| {
                let items: Vec<_> =
                    items.iter().map(|(k, v)| format!("{}{space}:{v}", Value::from(k.as_str()))).collect();
                format!("{{{}{space}}}", items.join(&format!("{space},")))
            }),
        ]
    })
}

/// A chat body around a user's text: unknown fields before, between and after, also twice the same.
fn chat(text: &str, extra: &[String]) -> String {
    let extra = |at: usize| extra.get(at).map_or("null", String::as_str);
    format!(
        r#"{{ "x-{0}" : {1} ,"model":"m","x":{2},"messages": [ {{"role":"system","content":"s","y":{1}}},{{"y":{2},"role":"user" , "content": {3}, "name":"n"}} ], "x":{4}, "seed":18446744073709551617 }}"#,
        extra(0).len(),
        extra(0),
        extra(1),
        Value::from(text),
        extra(2)
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_in_any_chunks_pass_both_ways(
        sent in prop::collection::vec(any::<u8>(), 0..400),
        back in prop::collection::vec(any::<u8>(), 0..400),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let (got, returned) = exchange(0.9, &sent, &cuts, &back);
        prop_assert_eq!(got, sent);
        prop_assert_eq!(returned, back);
    }

    #[test]
    fn any_json_in_any_chunks_passes(body in any_json(), cuts in prop::collection::vec(any::<usize>(), 0..8)) {
        let (got, _) = exchange(0.9, body.as_bytes(), &cuts, b"");
        prop_assert_eq!(got, body);
    }

    #[test]
    fn a_clear_turn_passes_whatever_stands_around_it(
        text in any::<String>(),
        extra in prop::collection::vec(any_json(), 3),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let body = chat(&text, &extra);
        let (got, _) = exchange(0.1, body.as_bytes(), &cuts, b"");
        prop_assert_eq!(got, body);
    }

    #[test]
    fn a_steered_turn_differs_in_one_span_at_the_end_of_the_text(
        text in "[^\\x00]{1,60}",
        extra in prop::collection::vec(any_json(), 3),
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let body = chat(&text, &extra);
        let (got, _) = exchange(0.9, body.as_bytes(), &cuts, b"");
        let quoted = Value::from(text.as_str()).to_string();
        let at = body.rfind(&format!("{quoted}, \"name\"")).unwrap() + quoted.len() - 1;
        prop_assert_eq!(&got[..at], &body.as_bytes()[..at]);
        prop_assert_eq!(&got[got.len() - (body.len() - at)..], &body.as_bytes()[at..]);
        let inserted = std::str::from_utf8(&got[at..got.len() - (body.len() - at)]).unwrap();
        prop_assert!(inserted.starts_with(r"\n\n<grounding-note>\n") && inserted.ends_with("</grounding-note>"), "{}", inserted);
        let unescaped: String = serde_json::from_str(&format!("\"{inserted}\"")).unwrap();
        prop_assert!(unescaped.contains("Do not mention this note."));
    }
}

#[test]
fn an_array_of_parts_gains_one_part() {
    let parts = json!([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}, {"type": "image_url", "image_url": {"url": "x"}}]);
    let body = json!({"messages": [{"role": "user", "content": parts}]}).to_string();
    let (got, _) = exchange(0.9, body.as_bytes(), &[], b"");
    let got: Value = serde_json::from_slice(&got).unwrap();
    let now = got["messages"][0]["content"].as_array().unwrap();
    assert_eq!(now.len(), 3);
    assert_eq!(now[..2], parts.as_array().unwrap()[..]);
    assert_eq!(now[2]["type"], "text");
}

#[test]
fn what_is_no_valid_json_is_never_edited() {
    let valid = br#"{"messages":[{"role":"user","content":"vague"}]}"#;
    for (name, body) in [
        ("broken after the messages", &br#"{"messages":[{"role":"user","content":"vague"}],}"#[..]),
        ("not UTF-8", b"{\"messages\":[{\"role\":\"user\",\"content\":\"vague \xff\"}]}"),
        ("not UTF-8 elsewhere", b"{\"x\":\"\xff\",\"messages\":[{\"role\":\"user\",\"content\":\"vague\"}]}"),
        ("with a byte order mark", b"\xef\xbb\xbf{\"messages\":[{\"role\":\"user\",\"content\":\"vague\"}]}"),
        (
            "two messages keys",
            br#"{"messages":[{"role":"user","content":"a"}],"messages":[{"role":"user","content":"b"}]}"#,
        ),
        ("cut short", &valid[..30]),
        ("empty", b""),
    ] {
        let (got, _) = exchange(0.9, body, &[3], b"");
        assert_eq!(got, body, "{name}");
    }
    let (got, _) = exchange(0.9, valid, &[], b"");
    assert_ne!(got, &valid[..], "and what is valid is");
}
