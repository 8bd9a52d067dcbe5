//! The layer in front of hyper-util's client: `cargo run --example hyper_client`.
//!
//! Any client that is a `Service<http::Request<…>>` is wrapped like this. The API it calls is a fake one on this machine.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod upstream;

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use groundwire::classify::{OnnxClassifier, PoolOptions};
use groundwire::layer::RequestBody;
use groundwire::policy::RulePolicy;
use groundwire::{Grounder, GroundingLayer};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::{ServiceBuilder, ServiceExt};

const RULES: &str = r#"rules = [{ act = "clarify", ambiguity = 0.5 }]"#;

/// A classifier that may take its time: an example has no hurry. `OnnxClassifier::builtin()` has a deadline of 25 ms.
fn patient() -> groundwire::Result<OnnxClassifier> {
    let pool = PoolOptions::default().deadline(Duration::from_secs(20)).stall_after(Duration::from_secs(20));
    OnnxClassifier::builder().pool(pool).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = upstream::start().await?;
    let grounder = Grounder::builder(patient()?, RulePolicy::from_toml(RULES)?).build();
    let client: Client<_, RequestBody<Full<Bytes>>> = Client::builder(TokioExecutor::new()).build_http();
    let llm = ServiceBuilder::new().layer(GroundingLayer::new(grounder)).service(client);

    for (text, stream) in
        [("What is the speed of light?", true), ("Translate the paragraph below into Spanish.", false)]
    {
        let body = serde_json::json!({ "stream": stream, "messages": [{ "role": "user", "content": text }] });
        let request = Request::post(format!("{url}/v1/chat/completions"))
            .header("content-type", "application/json")
            .body(Full::from(body.to_string()))?;
        // `oneshot` waits until the service is ready and calls it once.
        let response = llm.clone().oneshot(request).await?;
        println!("user: {text}\nact: {}", response.headers()["x-groundwire-act"].to_str()?);
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            if let Ok(chunk) = frame?.into_data() {
                println!("chunk: {}", String::from_utf8_lossy(&chunk).trim_end());
            }
        }
        println!();
    }
    Ok(())
}
