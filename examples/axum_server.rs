//! The layer on the server's side, around the routes of an LLM API that is axum's own: `cargo run --example axum_server`.
//!
//! The API's handlers see grounded requests; where groundwire replies by itself they are not called.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod upstream;

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use groundwire::classify::{OnnxClassifier, PoolOptions};
use groundwire::policy::RulePolicy;
use groundwire::{Grounder, GroundingLayer};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

const RULES: &str = r#"
rules = [
    { act = "clarify", delivery = "reply", gap = ["missing_material", "missing_referent"], ambiguity = 0.5 },
    { act = "clarify", ambiguity = 0.5 },
]
"#;

/// A classifier that may take its time: an example has no hurry. `OnnxClassifier::builtin()` has a deadline of 25 ms.
fn patient() -> groundwire::Result<OnnxClassifier> {
    let pool = PoolOptions::default().deadline(Duration::from_secs(20)).stall_after(Duration::from_secs(20));
    OnnxClassifier::builder().pool(pool).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let grounder = Grounder::builder(patient()?, RulePolicy::from_toml(RULES)?).build();
    // `router` is the whole LLM API; its requests are grounded before a handler sees them.
    let api = upstream::router().layer(GroundingLayer::new(grounder));
    let url = upstream::serve(api).await?;

    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    for text in [
        "What is the speed of light?",
        "Book us a table for Friday evening.",
        "Translate the paragraph below into Spanish.",
    ] {
        let body = serde_json::json!({ "model": "m", "messages": [{ "role": "user", "content": text }] });
        let request = Request::post(format!("{url}/v1/chat/completions"))
            .header("content-type", "application/json")
            .body(Full::from(body.to_string()))?;
        let response = client.request(request).await?;
        println!("user: {text}\nact: {}", response.headers()["x-groundwire-act"].to_str()?);
        let reply: serde_json::Value = serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?;
        println!("reply: {}\n", reply["choices"][0]["message"]["content"]);
    }
    Ok(())
}
