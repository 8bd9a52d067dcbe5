//! A small LLM API for the examples: it repeats what it was told, whole or as a stream.

#![allow(dead_code, unreachable_pub, reason = "shared by examples, none of which needs all of it")]

use std::io;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use axum::routing::post;
use http_body_util::Channel;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Starts it on a free port of this machine; the result is its URL.
pub async fn start() -> io::Result<String> {
    serve(router()).await
}

/// Serves `router` on a free port; the result is its URL.
pub async fn serve(router: Router) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, router).await });
    Ok(url)
}

pub fn router() -> Router {
    Router::new().route("/v1/chat/completions", post(chat))
}

async fn chat(body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let told =
        asked["messages"].as_array().and_then(|messages| messages.last()).and_then(|last| last["content"].as_str());
    let text = format!("You said: {}", told.unwrap_or_default());
    if asked["stream"] == true {
        return stream(text);
    }
    let reply = json!({
        "object": "chat.completion",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
    });
    answer("application/json", Body::from(reply.to_string()))
}

/// The reply as server-sent events, a word each.
fn stream(text: String) -> Response {
    let (mut sender, body) = Channel::<Bytes>::new(1);
    tokio::spawn(async move {
        for word in text.split_inclusive(' ') {
            let chunk = json!({
                "object": "chat.completion.chunk",
                "choices": [{ "index": 0, "delta": { "content": word } }],
            });
            sender.send_data(Bytes::from(format!("data: {chunk}\n\n"))).await?;
        }
        sender.send_data(Bytes::from_static(b"data: [DONE]\n\n")).await
    });
    answer("text/event-stream", Body::new(body))
}

fn answer(content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static(content_type));
    response
}
