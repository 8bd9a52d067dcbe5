//! The layer in front of a service of your own: `cargo run --example embed`.
//!
//! The "LLM" here is a function that prints what reached it, so that the example needs no network.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use groundwire::classify::{OnnxClassifier, PoolOptions};
use groundwire::layer::RequestBody;
use groundwire::policy::RulePolicy;
use groundwire::{Grounder, GroundingLayer};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{ServiceBuilder, ServiceExt, service_fn};

const RULES: &str = r#"
rules = [
    { act = "clarify", ambiguity = 0.5 },
    { act = "assume", underspecified = 0.5 },
]
"#;

type Body = Full<Bytes>;

async fn llm(request: Request<RequestBody<Body>>) -> Result<Response<Body>, Infallible> {
    let body = request.into_body().collect().await?.to_bytes();
    println!("the LLM received: {}", String::from_utf8_lossy(&body));
    Ok(Response::new(Full::from(r#"{"choices":[{"message":{"role":"assistant","content":"…"}}]}"#)))
}

/// A classifier that may take its time: an example has no hurry. `OnnxClassifier::builtin()` has a deadline of 25 ms.
fn patient() -> groundwire::Result<OnnxClassifier> {
    let pool = PoolOptions::default().deadline(Duration::from_secs(20)).stall_after(Duration::from_secs(20));
    OnnxClassifier::builder().pool(pool).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let grounder = Grounder::builder(patient()?, RulePolicy::from_toml(RULES)?).build();
    let service = ServiceBuilder::new().layer(GroundingLayer::new(grounder)).service(service_fn(llm));
    for text in ["What is the speed of light?", "Translate the paragraph below into Spanish."] {
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#);
        let request = Request::post("http://llm.example/v1/chat/completions").body(Full::from(body))?;
        let response = service.clone().oneshot(request).await?;
        println!("act: {:?}\n", response.headers()["x-groundwire-act"]);
    }
    Ok(())
}
