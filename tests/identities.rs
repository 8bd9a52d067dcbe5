//! Who is told apart from whom: conversations belong to the credentials that they are sent with.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::convert::Infallible;

use bytes::Bytes;
use groundwire::classify::NoClassifier;
use groundwire::dialogue::Id;
use groundwire::layer::RequestBody;
use groundwire::policy::preset;
use groundwire::{Grounder, GroundingLayer};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};

#[path = "support/told.rs"]
mod told;

use told::Records;

async fn llm(_: Request<RequestBody<Full<Bytes>>>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("{}")))
}

/// The conversation that the same opening is taken for, sent with these headers to one grounder.
async fn conversations(all: &[&[(&str, &str)]]) -> Vec<Id> {
    let records = Records::default();
    let grounder = Grounder::builder(NoClassifier, preset("gentle").unwrap()).observer(records.clone()).build();
    let service = GroundingLayer::new(grounder).layer(service_fn(llm));
    for headers in all {
        let mut request = Request::post("http://llm/v1/chat/completions");
        for (name, value) in *headers {
            request = request.header(*name, *value);
        }
        let body = Full::from(r#"{"messages":[{"role":"user","content":"Hello there"}]}"#);
        let response = service.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    let records = records.all();
    records.iter().map(|record| record.conversation.unwrap()).collect()
}

#[tokio::test]
async fn the_same_opening_under_other_credentials_is_another_conversation() {
    let ids = conversations(&[
        &[("authorization", "Bearer one")],
        &[("authorization", "Bearer two")],
        &[("x-api-key", "one")],
        &[],
        &[("authorization", "Bearer one"), ("x-other", "1")],
    ])
    .await;
    for (i, id) in ids[..4].iter().enumerate() {
        assert!(!ids[..i].contains(id), "{i}");
    }
    assert_eq!(ids[4], ids[0], "and nothing else of the head matters");
}
