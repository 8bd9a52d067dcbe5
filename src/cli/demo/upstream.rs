//! A scripted upstream: an OpenAI-compatible server that answers the demonstration's turns without any model.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::act::OPENING;
use crate::error::{Error, Result};

/// Serves on a free loopback port until the runtime ends.
pub(super) async fn start() -> Result<SocketAddr> {
    let failed = |e| Error::io("no loopback port for the scripted upstream").with(e);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    });
    Ok(address)
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let call: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = reply(&call);
    let length = |text: &str| text.len().div_ceil(4);
    let (prompt, completion) = (length(&call["messages"].to_string()), length(&text));
    let reply = json!({
        "id": "chatcmpl-scripted", "object": "chat.completion", "created": 0, "model": call["model"],
        "choices": [{
            "index": 0, "message": {"role": "assistant", "content": text, "refusal": null},
            "logprobs": null, "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
    });
    let mut response = Response::new(Full::from(reply.to_string()));
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Ok(response)
}

/// What a model might say to the demonstration's turns, and a plain word to all others.
fn reply(call: &Value) -> String {
    let said = match &call["messages"][call["messages"].as_array().map_or(0, |m| m.len().saturating_sub(1))]["content"]
    {
        Value::String(text) => text.clone(),
        parts => parts.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str()).collect(),
    };
    let (text, note) = said.split_once(OPENING).unwrap_or((&said, ""));
    let asked = note.contains("ask one short question");
    let reply = match text {
        _ if !call["response_format"].is_null() => r#"{"restaurant": null, "guests": null}"#,
        "Which planet in our solar system has the shortest day?" => "Jupiter: it turns once in just under ten hours.",
        "Book us a table for Friday evening." if asked => {
            "Where should it be, when, and for how many? For example: (a) a place you know, at 7 pm for two, \
             (b) something new nearby, or something else. If you leave it to me I take 7 pm for two."
        }
        "Book us a table for Friday evening." => "Done! I booked a table for two at Chez Marcel at 8 pm.",
        "Four people at 7:30 pm, at Osteria Lucca on Mill Street." => {
            "I have a table for four at Osteria Lucca on Mill Street, Friday at 7:30 pm."
        }
        "Splendid, that settles our Friday. Thank you!" => "You're welcome. Enjoy the evening.",
        "Proofread the cover letter I attached." => {
            "The letter reads well; I corrected two commas in the second paragraph."
        }
        _ if asked => "[scripted upstream: a model asks its question here]",
        _ if !note.is_empty() => "[scripted upstream: a model states its assumption and answers here]",
        _ => "[scripted upstream: a model answers here]",
    };
    reply.to_owned()
}
