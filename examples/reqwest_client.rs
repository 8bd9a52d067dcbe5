//! The layer in front of `reqwest`, with a body that streams in both directions: `cargo run --example reqwest_client`.
//!
//! reqwest speaks its own request type; the adapter below is all that is needed between the two.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod upstream;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::routing::post;
use bytes::Bytes;
use groundwire::classify::{OnnxClassifier, PoolOptions};
use groundwire::layer::RequestBody;
use groundwire::policy::preset;
use groundwire::{Grounder, GroundingLayer};
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Channel, Full};
use tokio::sync::mpsc;
use tower::{Service, ServiceBuilder, ServiceExt};

type BoxError = Box<dyn Error + Send + Sync>;
/// What the application sends: whatever body, as long as it can be moved between threads.
type Body = BoxBody<Bytes, BoxError>;

/// `reqwest::Client` as a service of `http` requests. Bodies stream through it, neither is collected.
#[derive(Clone)]
struct Reqwest(reqwest::Client);

impl Service<Request<RequestBody<Body>>> for Reqwest {
    type Response = Response<reqwest::Body>;
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, reqwest::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), reqwest::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody<Body>>) -> Self::Future {
        let client = self.0.clone();
        Box::pin(async move {
            let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap))?;
            Ok(client.execute(request).await?.into())
        })
    }
}

/// A classifier that may take its time: an example has no hurry. `OnnxClassifier::builtin()` has a deadline of 25 ms.
fn patient() -> groundwire::Result<OnnxClassifier> {
    let pool = PoolOptions::default().deadline(Duration::from_secs(20)).stall_after(Duration::from_secs(20));
    OnnxClassifier::builder().pool(pool).build()
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (received, mut chunks) = mpsc::channel(1);
    let url = upstream::serve(upstream::router().merge(uploads(received))).await?;
    let gentle = preset("gentle").ok_or("no such policy")?;
    let grounder = Grounder::builder(patient()?, gentle).build();
    let llm = ServiceBuilder::new().layer(GroundingLayer::new(grounder)).service(Reqwest(reqwest::Client::new()));

    let chat =
        r#"{"stream":true,"messages":[{"role":"user","content":"Translate the paragraph below into Spanish."}]}"#;
    let request = Request::post(format!("{url}/v1/chat/completions")).header("content-type", "application/json");
    let request = request.body(Full::from(chat).map_err(|never| match never {}).boxed())?;
    let response = llm.clone().oneshot(request).await?;
    println!("act: {}", response.headers()["x-groundwire-act"].to_str()?);
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame?.into_data() {
            println!("chunk: {}", String::from_utf8_lossy(&chunk).trim_end());
        }
    }

    // What is no chat call is not collected either: the second chunk is sent once the first has arrived.
    let (mut sender, body) = Channel::<Bytes, BoxError>::new(1);
    let request = Request::post(format!("{url}/v1/files")).body(body.boxed())?;
    let uploading = tokio::spawn(llm.oneshot(request));
    for chunk in ["first", "second"] {
        sender.send_data(Bytes::from(chunk)).await?;
        println!("uploaded: {}", chunks.recv().await.ok_or("the upload ended early")?);
    }
    drop(sender);
    println!("status: {}", uploading.await??.status());
    Ok(())
}

/// A route that takes uploads, and tells of each chunk as it comes.
fn uploads(received: mpsc::Sender<String>) -> Router {
    let take = |body: AxumBody| async move {
        let mut body = body;
        while let Some(Ok(frame)) = body.frame().await {
            let Ok(chunk) = frame.into_data() else { continue };
            // Nobody listens any more once the example is over.
            let _ = received.send(String::from_utf8_lossy(&chunk).into_owned()).await;
        }
    };
    Router::new().route("/v1/files", post(take))
}
