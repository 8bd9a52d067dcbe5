//! What of the engine can be set.

use serde::{Deserialize, Serialize};

use crate::wire::Routes;

/// What is done with requests that offer the model tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ToolsOffered {
    /// They are judged and recorded, never changed.
    #[default]
    Observe,
    /// They are treated like any other; acts may be steered, never replied.
    Steer,
    /// They are not judged.
    Bypass,
}

/// What of the engine can be set.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Settings {
    /// What is done with requests that offer the model tools.
    pub tools: ToolsOffered,
    /// Paths that speak a dialect, or none, whatever they look like.
    pub routes: Routes,
    /// Whether replies to judged turns are read for the acts they show, on the classifier's threads.
    pub replies: bool,
    /// Bytes of a request's body up to which it is read; a larger one streams through.
    pub body_cap: usize,
    /// Bytes up to which a compressed body is read once it is decoded; a larger one passes as it came.
    pub decoded_cap: usize,
    /// Bytes of text up to which a conversation is judged.
    pub text_cap: usize,
    /// Whether responses carry `x-groundwire-ambiguity`, `-bypass` and `-micros`.
    pub debug_headers: bool,
    /// Whether `x-groundwire-mode` is honoured.
    pub trust_mode: bool,
    /// Whether `x-groundwire-conversation` is honoured.
    pub trust_conversation: bool,
    /// Whether `x-groundwire-domain` is honoured.
    pub trust_domain: bool,
    /// Whether `x-groundwire-user` is honoured.
    pub trust_user: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tools: ToolsOffered::Observe,
            routes: Routes::default(),
            replies: true,
            body_cap: 4 << 20,
            decoded_cap: 4 << 20,
            text_cap: 1 << 20,
            debug_headers: false,
            trust_mode: true,
            trust_conversation: true,
            trust_domain: true,
            trust_user: false,
        }
    }
}
