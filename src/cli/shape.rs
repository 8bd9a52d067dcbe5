//! A request from what somebody pasted: a body of any dialect, a list of messages, or just what a user says.

use std::collections::HashMap;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use serde_json::value::RawValue;

use super::line;
use crate::wire::Dialect;

/// A path by which each API is called, and what tells its body: see [`route_of`].
const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const MESSAGES: &str = "/v1/messages";
const GEMINI: &str = "/v1beta/models/gemini:generateContent";
const OLLAMA_CHAT: &str = "/api/chat";
const OLLAMA_GENERATE: &str = "/api/generate";

/// The request that a client would make of `input`, at `route` or where its body belongs.
///
/// A JSON object is a body as it is. A list of messages becomes one, and any other text is what a user says.
///
/// # Errors
/// If there is nothing in it, it is neither JSON nor text, or its body is of an API that groundwire does not read.
pub(super) fn request(
    input: &[u8],
    route: Option<&Uri>,
    headers: &[(HeaderName, HeaderValue)],
) -> Result<Request<Bytes>, String> {
    let body = body(input, route.is_some())?;
    let uri = match route {
        Some(route) => route.clone(),
        None => Uri::from_static(known(&body)?),
    };
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        request.headers_mut().append(name, value.clone());
    }
    Ok(request)
}

fn body(input: &[u8], as_it_is: bool) -> Result<Vec<u8>, String> {
    let trimmed = input.trim_ascii();
    if trimmed.is_empty() {
        return Err("there is nothing to explain; give a request body, messages, or what a user says".to_owned());
    }
    if as_it_is || trimmed.starts_with(b"{") {
        // To the last byte, as a client would send it; a line's end is the editor's.
        return Ok(trimmed.to_vec());
    }
    if trimmed.starts_with(b"[{") || trimmed.starts_with(b"[\n") {
        return Ok([b"{\"messages\":".as_slice(), trimmed, b"}"].concat());
    }
    let said = std::str::from_utf8(trimmed).map_err(|e| format!("it is not UTF-8 text: {e}"))?;
    Ok(format!(r#"{{"messages":[{{"role":"user","content":{}}}]}}"#, serde_json::Value::from(said)).into_bytes())
}

/// The route of this body, which is one that is read.
fn known(body: &[u8]) -> Result<&'static str, String> {
    let keys: HashMap<String, &RawValue> = match serde_json::from_slice(body) {
        Ok(keys) => keys,
        Err(error) => return Err(line::syntax(&error)),
    };
    let route = route_of(&keys).ok_or_else(|| line::wrong(body))?;
    match Dialect::recognise(&Method::POST, &Uri::from_static(route)) {
        Some(_) => Ok(route),
        None => Err(format!("this looks like a body for {route}, an API that this version does not read")),
    }
}

/// Where a body with these keys belongs. The APIs share most of them; each has some that no other takes.
fn route_of(keys: &HashMap<String, &RawValue>) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().any(|name| keys.contains_key(*name));
    if has(&["contents"]) {
        return Some(GEMINI);
    }
    if has(&["input", "previous_response_id"]) {
        return Some(RESPONSES);
    }
    if has(&["prompt"]) && !has(&["messages"]) {
        return Some(OLLAMA_GENERATE);
    }
    if !has(&["messages"]) {
        return None;
    }
    let claude = keys.get("model").is_some_and(|model| model.get().contains("claude"));
    Some(match () {
        () if has(&["system", "anthropic_version", "anthropic-version", "stop_sequences", "thinking"]) => MESSAGES,
        () if claude && has(&["max_tokens"]) => MESSAGES,
        () if has(&["options", "keep_alive", "think"]) => OLLAMA_CHAT,
        () => CHAT,
    })
}

/// Parses `name: value`, as on the command line.
pub(super) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write it as `name: value`")?;
    let name = name.trim().parse().map_err(|_| format!("{:?} is no header's name", name.trim()))?;
    let value = value.trim().parse().map_err(|_| "the value holds characters that a header cannot".to_owned())?;
    Ok((name, value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn route(body: &str) -> Option<&'static str> {
        route_of(&serde_json::from_str(body).unwrap())
    }

    #[test]
    fn a_body_tells_where_it_belongs() {
        for (body, expected) in [
            (r#"{"messages":[]}"#, CHAT),
            (r#"{"id":7,"messages":[]}"#, CHAT),
            (r#"{"model":"gpt-4o","messages":[],"max_tokens":5}"#, CHAT),
            (r#"{"model":"claude-sonnet-4","messages":[],"max_tokens":5}"#, MESSAGES),
            (r#"{"model":"m","system":"s","messages":[],"max_tokens":5}"#, MESSAGES),
            (r#"{"model":"m","input":"hi"}"#, RESPONSES),
            (r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#, GEMINI),
            (r#"{"model":"m","messages":[],"options":{}}"#, OLLAMA_CHAT),
            (r#"{"model":"m","prompt":"hi"}"#, OLLAMA_GENERATE),
        ] {
            assert_eq!(route(body), Some(expected), "{body}");
        }
        assert_eq!(route(r#"{"texts":[]}"#), None);
    }

    #[test]
    fn what_is_pasted_becomes_a_body() {
        let made = |input: &str| String::from_utf8(request(input.as_bytes(), None, &[]).unwrap().into_body().to_vec());
        assert_eq!(made(" {\"messages\": []} \n").unwrap(), "{\"messages\": []}");
        assert_eq!(made("[{\"role\":\"user\"}]").unwrap(), "{\"messages\":[{\"role\":\"user\"}]}");
        assert_eq!(made("Book \"us\"\n").unwrap(), r#"{"messages":[{"role":"user","content":"Book \"us\""}]}"#);
    }

    #[test]
    fn what_cannot_be_a_body_says_why() {
        let wrong = |input: &str| request(input.as_bytes(), None, &[]).unwrap_err();
        assert!(wrong("  \n").starts_with("there is nothing to explain"));
        assert!(wrong("{\"messages\":[}").contains("at column 14"));
        assert!(wrong("{\"texts\":[]}").contains("\"messages\" is missing"));
    }
}
