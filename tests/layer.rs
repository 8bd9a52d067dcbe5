//! The tower layer's contract, driven by mocks: readiness, cancellation, trailers, size hints, bodies that break.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use groundwire::GroundingLayer;
use groundwire::classify::{Answer, Classifier, Judgement, Judging, ModelId};
use groundwire::dialogue::{Bypass, Conversation, Gap, GroundingAct, Id};
use groundwire::engine::Grounder;
use groundwire::layer::{RequestBody, ResponseBody};
use groundwire::observe::Ending;
use groundwire::policy::{Decision, RulePolicy, Situation, preset};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Channel, Full};
use tower_layer::Layer;
use tower_service::Service;
use tower_test::mock;

#[path = "support/told.rs"]
mod told;

use told::{Records, judgement};

type Wrapped = RequestBody<TestBody>;

/// A body that a test feeds, with trailers and errors.
type TestBody = http_body_util::combinators::UnsyncBoxBody<Bytes, &'static str>;

fn full(text: &str) -> TestBody {
    Full::new(Bytes::copy_from_slice(text.as_bytes())).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// A classifier whose answers the test gives.
#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<Vec<Answer>>>);

impl Classifier for Scripted {
    fn judge(&self, _: Id, _: &Conversation<'_>, _: usize) -> Judging {
        let (judging, answer) = Judging::pending();
        self.0.lock().unwrap().push(answer);
        judging
    }

    fn model(&self) -> Option<ModelId> {
        Some(ModelId::of(&[b"scripted"]))
    }
}

/// A classifier that says this of every turn.
struct Says(Judgement);

impl Classifier for Says {
    fn judge(&self, _: Id, _: &Conversation<'_>, _: usize) -> Judging {
        Judging::ready(Ok(Arc::new(self.0.clone())))
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}

/// A classifier that finds every turn to need this.
fn always(ask: f32, gap: Gap) -> Says {
    Says(judgement(ask, gap))
}

fn chat(body: TestBody) -> Request<TestBody> {
    Request::post("http://upstream/v1/chat/completions").header("content-type", "application/json").body(body).unwrap()
}

const VAGUE: &str = r#"{"model":"m","messages":[{"role":"user","content":"Summarize the article below."}]}"#;

fn grounder(classifier: impl Classifier, policy: RulePolicy, records: &Records) -> Grounder {
    Grounder::builder(classifier, policy).observer(records.clone()).build()
}

/// The layer over a mock, spawned so that it can be polled by hand.
macro_rules! spawned {
    ($grounder:expr) => {
        mock::spawn_with(|inner: mock::Mock<Request<Wrapped>, Response<TestBody>>| {
            GroundingLayer::new($grounder.clone()).layer(inner)
        })
    };
}

/// The same, made ready for one call.
macro_rules! ready {
    ($grounder:expr) => {{
        let (mut service, handle) = spawned!($grounder);
        assert!(service.poll_ready().is_ready());
        (service, handle)
    }};
}

#[tokio::test]
async fn readiness_is_the_inner_services() {
    let records = Records::default();
    let grounder = grounder(always(0.0, Gap::VagueGoal), preset("gentle").unwrap(), &records);
    let (mut service, mut handle) = spawned!(grounder);
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
}

/// A service that must be polled ready before each call, and knows if it was not.
#[derive(Clone)]
struct Strict {
    ready: bool,
    calls: Arc<AtomicUsize>,
}

impl Service<Request<Wrapped>> for Strict {
    type Response = Response<TestBody>;
    type Error = &'static str;
    type Future = std::future::Ready<Result<Self::Response, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Wrapped>) -> Self::Future {
        assert!(self.ready, "called without having been polled ready");
        self.ready = false;
        self.calls.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(Response::new(full("ok"))))
    }
}

#[tokio::test]
async fn the_service_that_was_polled_is_the_one_called() {
    let calls = Arc::new(AtomicUsize::new(0));
    let grounder = grounder(always(0.0, Gap::VagueGoal), preset("gentle").unwrap(), &Records::default());
    let mut service = GroundingLayer::new(grounder).layer(Strict { ready: false, calls: calls.clone() });
    for _ in 0..2 {
        std::future::poll_fn(|cx| Service::<Request<TestBody>>::poll_ready(&mut service, cx)).await.unwrap();
        service.call(chat(full(VAGUE))).await.unwrap();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_inner_error_comes_back_as_it_is() {
    let records = Records::default();
    let grounder = grounder(always(0.0, Gap::VagueGoal), preset("gentle").unwrap(), &records);
    let (mut service, mut handle) = ready!(grounder);
    let response = tokio::spawn(service.call(chat(full(VAGUE))));
    let (_, reply) = handle.next_request().await.unwrap();
    reply.send_error("the inner service's own words");
    let error = response.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the inner service's own words");
    assert_eq!(records.only().ending, Ending::UpstreamFailed);
}

#[tokio::test]
async fn a_clear_turn_goes_on_byte_for_byte_with_its_trailers() {
    let records = Records::default();
    let grounder = grounder(always(0.0, Gap::VagueGoal), preset("gentle").unwrap(), &records);
    let (mut service, mut handle) = ready!(grounder);

    let (mut feed, body) = Channel::<Bytes, &'static str>::new(8);
    let response = tokio::spawn(service.call(chat(body.boxed_unsync())));
    let (first, second) = VAGUE.split_at(17);
    feed.send_data(Bytes::copy_from_slice(first.as_bytes())).await.unwrap();
    feed.send_data(Bytes::copy_from_slice(second.as_bytes())).await.unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("42"));
    feed.send_trailers(trailers.clone()).await.unwrap();
    drop(feed);

    let (request, reply) = handle.next_request().await.unwrap();
    let hint = request.body().size_hint();
    assert_eq!((hint.lower(), hint.exact()), (VAGUE.len() as u64, None), "an exact size has no room for trailers");
    assert!(!request.body().is_end_stream());
    let collected = request.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers(), Some(&trailers));
    assert_eq!(collected.to_bytes(), VAGUE);

    let (mut feed, body) = Channel::<Bytes, &'static str>::new(8);
    reply.send_response(Response::new(body.boxed_unsync()));
    let response = response.await.unwrap().unwrap();
    assert_eq!(response.headers()["x-groundwire-act"], "none");
    assert_eq!(response.headers()["x-groundwire-turn"].len(), 32);
    feed.send_data(Bytes::from_static(b"{}")).await.unwrap();
    feed.send_trailers(trailers.clone()).await.unwrap();
    drop(feed);
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers(), Some(&trailers));
    assert_eq!(collected.to_bytes(), "{}");
    let record = records.only();
    assert_eq!((record.ending, record.status, record.response_bytes), (Ending::Complete, Some(200), 2));
    assert_eq!((record.act, record.bypass), (GroundingAct::None, None));
}

#[tokio::test]
async fn a_response_is_complete_once_its_trailers_are_there() {
    let records = Records::default();
    let grounder = grounder(always(0.0, Gap::VagueGoal), preset("gentle").unwrap(), &records);
    let (mut service, mut handle) = ready!(grounder);
    let response = tokio::spawn(service.call(chat(full(VAGUE))));
    let (_, reply) = handle.next_request().await.unwrap();
    let (mut feed, body) = Channel::<Bytes, &'static str>::new(8);
    reply.send_response(Response::new(body.boxed_unsync()));
    let mut body = response.await.unwrap().unwrap().into_body();
    feed.send_data(Bytes::from_static(b"{}")).await.unwrap();
    feed.send_trailers(HeaderMap::new()).await.unwrap();
    // As servers do: nothing is polled behind the trailers, and the body is dropped.
    while !body.frame().await.unwrap().unwrap().is_trailers() {}
    drop(body);
    assert_eq!(records.only().ending, Ending::Complete);
}

#[tokio::test]
async fn a_vague_turn_is_steered_in_one_span_and_its_length_corrected() {
    let records = Records::default();
    let grounder = grounder(always(0.9, Gap::MissingMaterial), preset("gentle").unwrap(), &records);
    let (mut service, mut handle) = ready!(grounder);
    let mut request = chat(full(VAGUE));
    request.headers_mut().insert("content-length", HeaderValue::from(VAGUE.len()));
    let _response = tokio::spawn(service.call(request));
    let (request, _reply) = handle.next_request().await.unwrap();
    let length: usize = request.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let sent = request.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(sent.len(), length);
    let at = VAGUE.find("below.").unwrap() + "below.".len();
    assert_eq!(&sent[..at], &VAGUE.as_bytes()[..at], "what stands before the span");
    assert_eq!(&sent[sent.len() - (VAGUE.len() - at)..], &VAGUE.as_bytes()[at..], "what stands after it");
    let text: serde_json::Value = serde_json::from_slice(&sent).unwrap();
    let text = text["messages"][0]["content"].as_str().unwrap();
    assert!(text.starts_with("Summarize the article below.\n\n<grounding-note>\n"), "{text}");
    assert!(text.ends_with("</grounding-note>"), "{text}");
}

#[tokio::test]
async fn what_the_classifier_holds_for_a_crisis_is_left_alone() {
    for (crisis, left_alone) in [(0.49, false), (0.5, true)] {
        let records = Records::default();
        let judged = Judgement { crisis: Some(crisis), ..judgement(0.9, Gap::MissingMaterial) };
        let grounder = grounder(Says(judged), preset("gentle").unwrap(), &records);
        let (mut service, mut handle) = ready!(grounder);
        let call = tokio::spawn(service.call(chat(full(VAGUE))));
        let (request, reply) = handle.next_request().await.unwrap();
        let sent = request.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(&sent[..] == VAGUE.as_bytes(), left_alone, "{crisis}");
        reply.send_response(Response::new(full("")));
        drop(call.await.unwrap().unwrap());
        let record = records.only();
        assert_eq!((record.act == GroundingAct::None, record.triggered), (left_alone, !left_alone), "{crisis}");
    }
}

#[tokio::test]
async fn a_reply_of_ours_never_calls_the_inner_service_and_frees_it() {
    let records = Records::default();
    let mut rules = preset("gentle").unwrap();
    rules.rules[1].delivery = groundwire::dialogue::Delivery::Reply;
    let grounder = grounder(always(0.9, Gap::MissingMaterial), rules, &records);
    let limit = tower::limit::ConcurrencyLimit::new(
        tower::service_fn(|_: Request<Wrapped>| async { Err::<Response<TestBody>, _>("called") }),
        1,
    );
    let mut service = GroundingLayer::new(grounder).layer(limit);
    for _ in 0..3 {
        // With a limit of one, this hangs if the last reply kept the reserved place.
        std::future::poll_fn(|cx| Service::<Request<TestBody>>::poll_ready(&mut service, cx)).await.unwrap();
        let response = service.call(chat(full(VAGUE))).await.unwrap();
        assert_eq!(response.headers()["x-groundwire-act"], "clarify");
        let hint = response.body().size_hint().exact().unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(hint, body.len() as u64);
        let reply: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(reply["object"], "chat.completion");
        assert_eq!(reply["model"], "m");
    }
    let records = records.all();
    assert_eq!(records.len(), 3);
    assert!(records.iter().all(|r| r.status == Some(200) && r.ending == Ending::Complete));
}

#[tokio::test]
async fn a_client_that_leaves_while_judging_is_recorded_and_its_judgement_abandoned() {
    let records = Records::default();
    let scripted = Scripted::default();
    let grounder = grounder(scripted.clone(), preset("gentle").unwrap(), &records);
    let (mut service, mut handle) = ready!(grounder);
    let mut call = tokio_test::task::spawn(service.call(chat(full(VAGUE))));
    assert!(call.poll().is_pending());
    let answer = scripted.0.lock().unwrap().pop().expect("the turn was handed to the classifier");
    assert!(!answer.is_abandoned());
    drop(call);
    assert!(answer.is_abandoned());
    assert!(tokio_test::task::spawn(handle.next_request()).poll().is_pending(), "upstream was never called");
    assert_eq!(records.only().ending, Ending::ClientLeft);
}

#[tokio::test]
async fn an_unanswered_judgement_is_a_passthrough() {
    let records = Records::default();
    let scripted = Scripted::default();
    let grounder = grounder(scripted.clone(), preset("gentle").unwrap(), &records);
    let (mut service, mut handle) = ready!(grounder);
    let mut call = tokio_test::task::spawn(service.call(chat(full(VAGUE))));
    assert!(call.poll().is_pending());
    drop(scripted.0.lock().unwrap().pop());
    assert!(call.is_woken(), "the dropped answer wakes the request");
    assert!(call.poll().is_pending());
    let (request, reply) = handle.next_request().await.unwrap();
    assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), VAGUE);
    reply.send_response(Response::new(full("")));
    let response: Response<ResponseBody<TestBody>> = call.await.unwrap();
    drop(response);
    assert_eq!(records.only().bypass, Some(Bypass::ClassifierFailed));
}

#[tokio::test]
async fn a_response_that_is_dropped_half_way_says_that_the_client_left() {
    let records = Records::default();
    let grounder = grounder(always(0.0, Gap::VagueGoal), preset("gentle").unwrap(), &records);
    let (mut service, mut handle) = ready!(grounder);
    let call = tokio::spawn(service.call(chat(full(VAGUE))));
    let (_, reply) = handle.next_request().await.unwrap();
    let (mut feed, body) = Channel::<Bytes, &'static str>::new(8);
    reply.send_response(Response::new(body.boxed_unsync()));
    let mut response = call.await.unwrap().unwrap();
    feed.send_data(Bytes::from_static(b"data: ")).await.unwrap();
    let frame: Frame<Bytes> = response.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "data: ");
    assert!(records.all().is_empty(), "not over yet");
    drop(response);
    assert!(feed.send_data(Bytes::from_static(b"x")).await.is_err(), "the inner body was let go");
    assert_eq!(records.only().ending, Ending::ClientLeft);
}

#[tokio::test]
async fn a_request_body_that_breaks_reaches_the_inner_service_as_it_broke() {
    let records = Records::default();
    let grounder = grounder(always(0.9, Gap::VagueGoal), preset("gentle").unwrap(), &records);
    let (mut service, mut handle) = ready!(grounder);
    let (mut feed, body) = Channel::<Bytes, &'static str>::new(8);
    let _call = tokio::spawn(service.call(chat(body.boxed_unsync())));
    feed.send_data(Bytes::from_static(b"{\"mess")).await.unwrap();
    feed.abort("reset by the client");
    let (request, _reply) = handle.next_request().await.unwrap();
    let mut body = request.into_body();
    assert_eq!(body.size_hint().exact(), None);
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "{\"mess");
    assert_eq!(body.frame().await.unwrap().unwrap_err(), "reset by the client");
    drop((_reply, body));
    let _ = _call.await.unwrap();
    assert_eq!(records.only().bypass, Some(Bypass::Truncated));
}

#[tokio::test]
async fn a_body_above_the_cap_streams_through_before_its_end() {
    let records = Records::default();
    let grounder = Grounder::builder(always(0.9, Gap::VagueGoal), preset("gentle").unwrap())
        .configure(|settings| settings.body_cap = 10)
        .observer(records.clone())
        .build();
    let (mut service, mut handle) = ready!(grounder);
    let (mut feed, body) = Channel::<Bytes, &'static str>::new(8);
    let _call = tokio::spawn(service.call(chat(body.boxed_unsync())));
    feed.send_data(Bytes::from_static(b"0123456789abc")).await.unwrap();
    // The client has not ended its body, and yet the inner service has the request.
    let (request, _reply) = handle.next_request().await.unwrap();
    let mut body = request.into_body();
    assert_eq!((body.size_hint().lower(), body.size_hint().upper()), (13, None));
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "0123456789abc");
    feed.send_data(Bytes::from_static(b"def")).await.unwrap();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "def");
    drop(feed);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn other_requests_are_not_read_at_all() {
    let records = Records::default();
    let grounder = grounder(always(0.9, Gap::VagueGoal), preset("gentle").unwrap(), &records);
    let (mut service, mut handle) = ready!(grounder);
    let (mut feed, body) = Channel::<Bytes, &'static str>::new(8);
    let mut request = chat(body.boxed_unsync());
    *request.uri_mut() = "http://upstream/v1/embeddings".parse().unwrap();
    request.headers_mut().insert("x-groundwire-mode", HeaderValue::from_static("off"));
    let call = tokio::spawn(service.call(request));
    let (request, reply) = handle.next_request().await.unwrap();
    assert!(request.headers().get("x-groundwire-mode").is_none(), "our headers are stripped on every route");
    feed.send_data(Bytes::from_static(b"x")).await.unwrap();
    drop(feed);
    assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "x");
    reply.send_response(Response::new(full("{}")));
    let response = call.await.unwrap().unwrap();
    assert!(response.headers().is_empty(), "nothing is added");
    drop(response);
    assert!(records.all().is_empty());
}

#[tokio::test]
async fn a_closure_is_a_policy() {
    let records = Records::default();
    let policy = |situation: &Situation<'_>| match situation.history.user_turns {
        0 => Decision::none("first turn"),
        _ => Decision::none("later"),
    };
    let grounder = Grounder::builder(always(0.9, Gap::VagueGoal), policy).observer(records.clone()).build();
    let (mut service, mut handle) = ready!(grounder);
    let call = tokio::spawn(service.call(chat(full(VAGUE))));
    let (_, reply) = handle.next_request().await.unwrap();
    reply.send_response(Response::new(full("")));
    drop(call.await.unwrap().unwrap());
    assert_eq!(records.only().reason.as_deref(), Some("first turn"));
}

fn assert_send<T: Send>(_: &T) {}

#[tokio::test]
async fn the_future_is_send() {
    let grounder = grounder(always(0.0, Gap::VagueGoal), preset("gentle").unwrap(), &Records::default());
    let inner = tower::service_fn(|_: Request<RequestBody<Full<Bytes>>>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    });
    let mut service = GroundingLayer::new(grounder).layer(inner);
    let future = service.call(Request::new(Full::new(Bytes::new())));
    assert_send(&future);
    future.await.unwrap();
}
