//! Requests that nobody wrote, through the whole layer: recorded ones with values changed, exchanged, doubled, lost and
//! damaged.
//!
//! Whatever comes in, the layer does not panic and answers with no error of its own; what is no JSON goes on as it came;
//! what is JSON goes on as it came or with one value grown at its end, or is answered with what a client can read. Of each
//! dialect's requests a fifth at least must be read, and a fifth steered or answered: else nothing was tried.
//!
//! `cargo test` runs a few thousand of each dialect; `FUZZED_REQUESTS=100000 cargo test --release --test fuzzed` as many as
//! that. A failure names its number; `FUZZED_FIRST` begins with that one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod check;
mod corpus;
mod mutate;

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fastrand::Rng;
use groundwire::GroundingLayer;
use groundwire::classify::{Classifier, Judging, ModelId};
use groundwire::dialogue::{Conversation, Delivery, Gap, GroundingAct, Id};
use groundwire::engine::{Grounder, Settings, ToolsOffered};
use groundwire::layer::{RequestBody, ResponseBody};
use groundwire::policy::{Decision, Situation};
use groundwire::wire::Dialect;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use check::Done;
use corpus::Seed;

#[path = "../support/told.rs"]
mod told;

/// Finds every turn to lack its material.
struct Judge;

impl Classifier for Judge {
    fn judge(&self, _: Id, _: &Conversation<'_>, _: usize) -> Judging {
        Judging::ready(Ok(Arc::new(told::judgement(1.0, Gap::MissingMaterial))))
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}

/// A layer that acts on every turn it may act on.
fn layer(delivery: Delivery) -> GroundingLayer {
    let policy = move |_: &Situation<'_>| {
        let mut decision = Decision::none("always");
        decision.act = GroundingAct::Clarify;
        decision.delivery = delivery;
        decision.gap = Some(Gap::MissingMaterial);
        decision
    };
    let mut settings = Settings::default();
    settings.tools = ToolsOffered::Steer;
    GroundingLayer::new(Grounder::builder(Judge, policy).settings(settings).build())
}

/// What became of one request: what the upstream received of it, and what the client did.
fn passed(layer: &GroundingLayer, target: &str, body: &Bytes) -> Done {
    let received = Arc::new(Mutex::new(None));
    let upstream = Arc::clone(&received);
    let inner = service_fn(move |request: Request<RequestBody<Full<Bytes>>>| {
        let upstream = Arc::clone(&upstream);
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            *upstream.lock().unwrap() = Some(body);
            Ok::<_, Infallible>(Response::new(Full::from("the upstream's")))
        }
    });
    let request =
        Request::post(target).header("content-type", "application/json").body(Full::from(body.clone())).unwrap();
    let call = async {
        let response: Response<ResponseBody<_>> = layer.layer(inner).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "an error of ours");
        response.into_body().collect().await.unwrap().to_bytes()
    };
    let answer = tokio_test::block_on(call);
    let received = received.lock().unwrap().take();
    Done { received, answer }
}

fn number(name: &str, without: u64) -> u64 {
    std::env::var(name).map_or(without, |value| value.parse().expect("a number"))
}

/// A request made of a seed, the same for the same number.
fn made(seeds: &[Seed], others: &[Seed], number: u64) -> (String, Bytes) {
    let mut rng = Rng::with_seed(number);
    let seed = rng.choice(seeds).unwrap();
    (seed.target.clone(), mutate::mutated(&mut rng, seed, others).into())
}

fn run(dialect: Dialect) {
    let (count, first) = (number("FUZZED_REQUESTS", 2_000), number("FUZZED_FIRST", 0));
    let seeds = corpus::of(dialect);
    let others: Vec<_> = Dialect::ALL.iter().flat_map(|dialect| corpus::of(*dialect)).collect();
    let layers = [layer(Delivery::Steer), layer(Delivery::Reply)];
    let (mut read, mut valid, mut steered, mut answered) = (0, 0, 0, 0);
    for number in first..first + count {
        let (target, body) = made(&seeds, &others, number);
        let tried = catch_unwind(AssertUnwindSafe(|| {
            let done = passed(&layers[usize::from(number % 4 == 3)], &target, &body);
            let is_valid = check::is_json(&body);
            (dialect.read_at(&target, &body).is_ok(), is_valid, check::outcome(&body, is_valid, &done))
        }));
        let Ok((was_read, is_valid, outcome)) = tried else {
            panic!("FUZZED_FIRST={number} FUZZED_REQUESTS=1, {dialect}, {target}:\n{}", String::from_utf8_lossy(&body));
        };
        read += u64::from(was_read);
        valid += u64::from(is_valid);
        steered += u64::from(outcome == check::Outcome::Steered);
        answered += u64::from(outcome == check::Outcome::Answered);
    }
    let told =
        format!("{dialect}: {count} requests, {valid} JSON, {read} read, {steered} steered, {answered} answered by us");
    eprintln!("{told}");
    if count > 500 {
        assert!(read * 5 >= count && steered * 5 >= count, "too few were tried: {told}");
    }
}

#[test]
fn openai_chat() {
    run(Dialect::OpenAiChat);
}

#[test]
fn openai_responses() {
    run(Dialect::OpenAiResponses);
}

#[test]
fn anthropic_messages() {
    run(Dialect::AnthropicMessages);
}

#[test]
fn gemini() {
    run(Dialect::Gemini);
}

#[test]
fn ollama() {
    run(Dialect::Ollama);
}
