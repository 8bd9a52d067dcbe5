//! A real OpenAI-compatible endpoint in the assistant's place.

use bytes::Bytes;
use serde_json::Value;

/// Where it is, and which model is asked for.
pub(crate) struct Endpoint {
    /// The base URL, with `/v1` in it where the server wants that.
    pub(crate) url: String,
    /// The model.
    pub(crate) model: String,
    /// The client.
    pub(crate) client: reqwest::Client,
}

impl Endpoint {
    /// What it answers to a chat body.
    pub(crate) async fn ask(&self, body: &Bytes) -> Result<String, String> {
        let mut request = self.client.post(format!("{}/chat/completions", self.url.trim_end_matches('/')));
        if let Ok(key) = std::env::var("OPENAI_API_KEY") {
            request = request.bearer_auth(key);
        }
        let response = request
            .header("content-type", "application/json")
            .body(body.clone())
            .send()
            .await
            .map_err(|e| format!("{} does not answer: {e}", self.url))?;
        let (status, bytes) = (response.status(), response.bytes().await.map_err(|e| e.to_string())?);
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        match answer["choices"][0]["message"]["content"].as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(format!("{} answers {status} without a message", self.url)),
        }
    }
}
