//! The layer between tower's own: which side of each it belongs on, and that what was reserved below it is given back.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::convert::Infallible;
use std::future::{Future, Ready, poll_fn, ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use groundwire::GroundingLayer;
use groundwire::classify::{Answer, Classifier, Judging, ModelId};
use groundwire::dialogue::{Conversation, Delivery, Gap, GroundingAct, Id};
use groundwire::engine::Grounder;
use groundwire::layer::RequestBody;
use groundwire::observe::Ending;
use groundwire::policy::{Rule, RulePolicy};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::buffer::Buffer;
use tower::limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::load_shed::error::Overloaded;
use tower::retry::{Policy, RetryLayer};
use tower::timeout::TimeoutLayer;
use tower::timeout::error::Elapsed;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_layer::Layer;

#[path = "support/told.rs"]
mod told;

use told::{Records, judgement};

type Body = Full<Bytes>;
type Wrapped = Request<RequestBody<Body>>;

const VAGUE: &str = r#"{"model":"m","messages":[{"role":"user","content":"Summarize the article below."}]}"#;

fn chat() -> Request<Body> {
    Request::post("http://llm/v1/chat/completions").body(Full::from(VAGUE)).unwrap()
}

/// What is no chat call is never answered by the layer itself.
fn models() -> Request<Body> {
    Request::get("http://llm/v1/models").body(Full::default()).unwrap()
}

/// Finds every turn to lack its material, at once or when the test says so; counts the turns.
#[derive(Clone, Default)]
struct Judge {
    judged: Arc<AtomicUsize>,
    waiting: Option<Arc<Mutex<Vec<Answer>>>>,
}

impl Classifier for Judge {
    fn judge(&self, _: Id, _: &Conversation<'_>, _: usize) -> Judging {
        self.judged.fetch_add(1, Ordering::SeqCst);
        if let Some(waiting) = &self.waiting {
            let (judging, answer) = Judging::pending();
            waiting.lock().unwrap().push(answer);
            return judging;
        }
        Judging::ready(Ok(Arc::new(judgement(1.0, Gap::MissingMaterial))))
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}

/// A layer that clarifies every turn, and what it tells.
struct Given {
    layer: GroundingLayer,
    records: Records,
    judge: Judge,
}

fn endings(records: &Records) -> Vec<Ending> {
    records.all().iter().map(|record| record.ending).collect()
}

fn given(delivery: Delivery, judge: Judge) -> Given {
    let records = Records::default();
    let rule = Rule { delivery, ..Rule::plain(GroundingAct::Clarify) };
    let policy = RulePolicy { name: "always".to_owned(), rules: vec![rule] };
    let grounder = Grounder::builder(judge.clone(), policy).observer(records.clone()).build();
    Given { layer: GroundingLayer::new(grounder), records, judge }
}

async fn answers(request: Wrapped) -> Result<Response<Body>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    Ok(Response::new(Full::from(body)))
}

async fn hangs(_: Wrapped) -> Result<Response<Body>, Infallible> {
    std::future::pending().await
}

/// Whether `service` is ready right now. A place that is taken for the answer is given back.
async fn is_ready<S: Service<Request<Body>> + Clone>(service: &S) -> bool {
    let mut probe = service.clone();
    poll_fn(|cx| std::task::Poll::Ready(matches!(probe.poll_ready(cx), std::task::Poll::Ready(Ok(()))))).await
}

/// Makes `service` ready, as a caller does that is going to call it.
async fn reserve<S: Service<Request<Body>>>(service: &mut S)
where
    S::Error: std::fmt::Debug,
{
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
}

#[tokio::test]
async fn a_place_below_the_layer_is_held_while_judging_and_free_after_a_reply() {
    let judge = Judge { waiting: Some(Arc::default()), ..Judge::default() };
    let given = given(Delivery::Reply, judge);
    let mut service = given.layer.layer(ConcurrencyLimit::new(service_fn(answers), 1));
    reserve(&mut service).await;
    assert!(!is_ready(&service).await, "readiness has taken the only place");
    let mut reply = tokio_test::task::spawn(service.call(chat()));
    assert!(reply.poll().is_pending());
    assert!(!is_ready(&service).await, "the service that is going to be called waits for the judgement with its place");

    // A judgement that nothing comes of lets the request go on; the place goes with it, and is free with the response.
    drop(given.judge.waiting.as_ref().unwrap().lock().unwrap().pop());
    let response = (&mut reply).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), VAGUE);
    drop(reply);
    assert!(is_ready(&service).await);

    // A client that leaves while its turn is judged takes nothing with it.
    reserve(&mut service).await;
    let mut left = tokio_test::task::spawn(service.call(chat()));
    assert!(left.poll().is_pending() && !is_ready(&service).await);
    drop(left);
    assert!(is_ready(&service).await);
}

#[tokio::test]
async fn a_reply_frees_the_place_before_its_future_is_gone() {
    let given = given(Delivery::Reply, Judge::default());
    let mut service = given.layer.layer(ConcurrencyLimit::new(service_fn(hangs), 1));
    reserve(&mut service).await;
    let mut reply = tokio_test::task::spawn(service.call(chat()));
    let std::task::Poll::Ready(response) = reply.poll() else { panic!("a reply needs no upstream, which hangs") };
    assert_eq!(response.unwrap().headers()["x-groundwire-act"], "clarify");
    assert!(is_ready(&service).await, "neither the future nor the response's body keeps the place");
    drop(reply);
}

#[tokio::test]
async fn replies_never_exhaust_a_buffer_below() {
    let given = given(Delivery::Reply, Judge::default());
    // Its worker never takes anything: the service behind is never ready. So a slot that is lost is lost for good.
    let never = ConcurrencyLimit::new(service_fn(answers), 0);
    let (buffer, worker) = Buffer::pair(never, 2);
    let service = given.layer.layer(buffer);
    for turn in 0..10 {
        assert!(is_ready(&service).await, "turn {turn}");
        let response = service.clone().oneshot(chat()).await.unwrap();
        assert_eq!(response.headers()["x-groundwire-act"], "clarify");
    }
    // The same buffer is full after two that are no replies.
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut service = service.clone();
        reserve(&mut service).await;
        waiting.push(service.call(models()));
    }
    assert!(!is_ready(&service).await);
    drop(worker);
}

/// Any service will do below a buffer, also one that cannot be cloned.
struct NotClone;

impl Service<Wrapped> for NotClone {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Wrapped) -> Self::Future {
        ready(Ok(Response::new(Full::from("{}"))))
    }
}

#[tokio::test]
async fn a_buffer_below_makes_any_service_one_that_can_be_cloned() {
    let given = given(Delivery::Steer, Judge::default());
    let service = ServiceBuilder::new().layer(given.layer).buffer(4).service(NotClone);
    let response = service.oneshot(chat()).await.unwrap();
    assert_eq!(response.headers()["x-groundwire-act"], "clarify");
}

#[tokio::test]
async fn what_is_shed_above_the_layer_costs_no_judgement() {
    let given = given(Delivery::Steer, Judge::default());
    // The limit stands below: the layer passes its readiness on, so shedding above still sees it.
    let stack = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(given.layer.clone())
        .layer(ConcurrencyLimitLayer::new(1))
        .service_fn(hangs);
    let (mut one, mut other) = (stack.clone(), stack);
    reserve(&mut one).await;
    let mut served = tokio_test::task::spawn(one.call(chat()));
    assert!(served.poll().is_pending());
    reserve(&mut other).await;
    let shed = other.call(chat()).await.map(drop).unwrap_err();
    assert!(shed.is::<Overloaded>(), "{shed}");
    assert_eq!(given.judge.judged.load(Ordering::SeqCst), 1);
    assert_eq!(endings(&given.records), [], "what is shed is no turn");
    drop(served);
    assert_eq!(endings(&given.records), [Ending::ClientLeft]);
}

#[tokio::test]
async fn what_is_shed_below_the_layer_was_judged_and_is_a_failed_upstream() {
    let given = given(Delivery::Steer, Judge::default());
    let stack = given.layer.layer(
        ServiceBuilder::new().layer(LoadShedLayer::new()).layer(ConcurrencyLimitLayer::new(0)).service_fn(answers),
    );
    let shed: BoxError = stack.oneshot(chat()).await.map(drop).unwrap_err();
    assert!(shed.is::<Overloaded>(), "{shed}");
    assert_eq!(given.judge.judged.load(Ordering::SeqCst), 1);
    assert_eq!(endings(&given.records), [Ending::UpstreamFailed]);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_below_is_the_upstreams_failure_and_one_above_a_client_that_left() {
    let limit = TimeoutLayer::new(Duration::from_secs(5));
    for above in [false, true] {
        let given = given(Delivery::Steer, Judge::default());
        let elapsed: BoxError = if above {
            let stack = ServiceBuilder::new().layer(limit.clone()).layer(given.layer).service_fn(hangs);
            stack.oneshot(chat()).await.map(drop).unwrap_err()
        } else {
            let stack = ServiceBuilder::new().layer(given.layer).layer(limit.clone()).service_fn(hangs);
            stack.oneshot(chat()).await.map(drop).unwrap_err()
        };
        assert!(elapsed.is::<Elapsed>(), "{elapsed}");
        let ending = if above { Ending::ClientLeft } else { Ending::UpstreamFailed };
        assert_eq!(endings(&given.records), [ending]);
    }
}

/// Tries again on 503, twice at most.
#[derive(Clone)]
struct Again(u8);

impl Again {
    fn retry<R>(&mut self, result: &Result<Response<R>, Infallible>) -> Option<Ready<()>> {
        let busy = result.as_ref().is_ok_and(|response| response.status() == StatusCode::SERVICE_UNAVAILABLE);
        self.0 = self.0.checked_sub(u8::from(busy))?;
        busy.then(|| ready(()))
    }
}

/// Below the layer: requests have the layer's body, and what was judged can be sent again.
impl Policy<Wrapped, Response<Body>, Infallible> for Again {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Wrapped, result: &mut Result<Response<Body>, Infallible>) -> Option<Ready<()>> {
        Self::retry(self, result)
    }

    fn clone_request(&mut self, request: &Wrapped) -> Option<Wrapped> {
        let body = request.body().try_clone()?;
        let mut copy = Request::new(body);
        copy.method_mut().clone_from(request.method());
        copy.uri_mut().clone_from(request.uri());
        copy.headers_mut().clone_from(request.headers());
        Some(copy)
    }
}

/// Above the layer: requests have the caller's own body.
impl<R> Policy<Request<Body>, Response<R>, Infallible> for Again {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request<Body>, result: &mut Result<Response<R>, Infallible>) -> Option<Ready<()>> {
        Self::retry(self, result)
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        Some(request.clone())
    }
}

/// A service that is busy twice, and what it received.
fn busy_twice(
    received: &Arc<Mutex<Vec<Bytes>>>,
) -> impl Service<Wrapped, Response = Response<Body>, Error = Infallible, Future: Future + Send> + Clone {
    let received = Arc::clone(received);
    service_fn(move |request: Wrapped| {
        let received = Arc::clone(&received);
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let mut received = received.lock().unwrap();
            received.push(body);
            let mut response = Response::new(Full::from("{}"));
            if received.len() <= 2 {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            }
            Ok(response)
        }
    })
}

#[tokio::test]
async fn a_retry_below_judges_once_and_records_one_turn() {
    let given = given(Delivery::Steer, Judge::default());
    let received = Arc::default();
    let stack =
        ServiceBuilder::new().layer(given.layer).layer(RetryLayer::new(Again(2))).service(busy_twice(&received));
    let response = stack.oneshot(chat()).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body().collect().await.unwrap();
    let received = received.lock().unwrap();
    assert_eq!(received.len(), 3);
    assert!(received.iter().all(|body| *body == received[0]) && received[0] != VAGUE, "the same edit each time");
    assert_eq!(given.judge.judged.load(Ordering::SeqCst), 1);
    let records = given.records.all();
    assert_eq!(records.iter().map(|record| record.status).collect::<Vec<_>>(), [Some(200)]);
}

#[tokio::test]
async fn a_retry_above_decides_alike_and_records_each_attempt_of_one_turn() {
    let given = given(Delivery::Steer, Judge::default());
    let received = Arc::default();
    let stack =
        ServiceBuilder::new().layer(RetryLayer::new(Again(2))).layer(given.layer).service(busy_twice(&received));
    stack.oneshot(chat()).await.unwrap().into_body().collect().await.unwrap();
    let received = received.lock().unwrap();
    assert!(received.iter().all(|body| *body == received[0]) && received[0] != VAGUE);
    let records = given.records.all();
    assert_eq!(records.iter().map(|r| r.status).collect::<Vec<_>>(), [Some(503), Some(503), Some(200)]);
    assert!(records.iter().all(|record| record.turn.is_some() && record.turn == records[0].turn), "one turn");
}

#[tokio::test]
async fn what_streams_through_cannot_be_sent_again() {
    let given = given(Delivery::Steer, Judge::default());
    let received = Arc::default();
    let stack =
        ServiceBuilder::new().layer(given.layer).layer(RetryLayer::new(Again(2))).service(busy_twice(&received));
    let response = stack.oneshot(models()).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(received.lock().unwrap().len(), 1);
}
