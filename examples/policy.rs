//! A policy of one's own, in Rust, and what it decided, from the records: `cargo run --example policy`.
//!
//! A policy is one function of a read-only `Situation`; a closure will do. This one asks more readily at the beginning of
//! a conversation than later in it, and never where the request offers tools.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use groundwire::classify::{OnnxClassifier, PoolOptions};
use groundwire::dialogue::{Delivery, GroundingAct};
use groundwire::layer::RequestBody;
use groundwire::observe::{Observer, Record};
use groundwire::policy::{Decision, Policy, Situation};
use groundwire::{Grounder, GroundingLayer};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{ServiceBuilder, ServiceExt, service_fn};

/// Asks from a threshold on that rises with every turn.
struct Patient {
    first: f32,
    step: f32,
}

impl Policy for Patient {
    fn decide(&self, situation: &Situation<'_>) -> Decision {
        let history = situation.history;
        if situation.tools || history.after_question {
            return Decision::none("tools, or a question just before");
        }
        let threshold = self.first + self.step * history.user_turns as f32;
        let ambiguity = situation.judgement.ambiguity();
        if ambiguity < threshold {
            return Decision::none(format!("ambiguity {ambiguity:.2} < {threshold:.2}"));
        }
        Decision {
            act: GroundingAct::Clarify,
            delivery: Delivery::Steer,
            force: false,
            gap: Some(situation.judgement.gap.top()),
            reason: format!("ambiguity {ambiguity:.2} >= {threshold:.2}").into(),
        }
    }

    fn name(&self) -> &str {
        "patient"
    }

    /// Records carry a hash of it: another threshold is another policy.
    fn definition(&self) -> String {
        format!("patient {} {}", self.first, self.step)
    }
}

/// Prints records; a real one hands them to a thread of its own.
struct Print;

impl Observer for Print {
    fn turn(&self, record: &Arc<Record>) {
        let reason = record.reason.as_deref().unwrap_or("-");
        println!("policy {}: {} ({reason})", record.policy, record.act.as_str());
    }
}

type Body = Full<Bytes>;

async fn llm(request: Request<RequestBody<Body>>) -> Result<Response<Body>, Infallible> {
    request.into_body().collect().await?;
    Ok(Response::new(Full::from(r#"{"choices":[{"message":{"role":"assistant","content":"…"}}]}"#)))
}

/// A classifier that may take its time: an example has no hurry. `OnnxClassifier::builtin()` has a deadline of 25 ms.
fn patient() -> groundwire::Result<OnnxClassifier> {
    let pool = PoolOptions::default().deadline(Duration::from_secs(20)).stall_after(Duration::from_secs(20));
    OnnxClassifier::builder().pool(pool).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let policy = Patient { first: 0.4, step: 0.4 };
    let grounder = Grounder::builder(patient()?, policy).observer(Print).build();
    let service = ServiceBuilder::new().layer(GroundingLayer::new(grounder)).service(service_fn(llm));
    let vague = r#"{"role":"user","content":"Translate the paragraph below into Spanish."}"#;
    let before = r#"{"role":"user","content":"Hi!"},{"role":"assistant","content":"Hello."},"#;
    for (history, tools) in [("", ""), (&*before.repeat(2), ""), ("", r#""tools":[{"type":"function"}],"#)] {
        let body = format!(r#"{{{tools}"messages":[{history}{vague}]}}"#);
        let request = Request::post("http://llm.example/v1/chat/completions").body(Full::from(body))?;
        let response = service.clone().oneshot(request).await?;
        // The record is told once the response is over.
        response.into_body().collect().await?;
    }
    Ok(())
}
