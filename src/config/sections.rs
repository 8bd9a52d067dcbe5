//! The tables of the configuration, and their defaults.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use super::text::{Wrong, text_value};
use super::{ByteSize, Model, OrOff, Period, RecordsTo, Share, Whole};

/// A request header that is honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TrustedHeader {
    /// `x-groundwire-mode: off` or `observe`.
    Mode,
    /// `x-groundwire-conversation`: which conversation this is.
    Conversation,
    /// `x-groundwire-domain`: what the conversation is about, for rules that ask for it.
    Domain,
    /// `x-groundwire-user`: who the user is, for experiments.
    User,
}

/// `[classifier]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Classifier {
    /// The model: `builtin`, `off`, or a folder.
    pub model: Model,
    /// The ONNX Runtime library, where it is not the one inside or beside the executable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<PathBuf>,
    /// Threads that judge, each with a session of its own.
    pub threads: Whole<1, 256>,
    /// Longest time a turn waits for its judgement, queue included; past it the request passes as it is.
    pub deadline: Period,
    /// Turns that may wait for a thread; past that, requests pass as they are.
    pub queue: Whole<1, 65_536>,
    /// Judgements remembered, so that a retried turn is judged once, and as many of replies; 0 remembers none.
    pub cache: Whole<0, 10_000_000>,
    /// The share of turns that truly need a question; scores are calibrated to it.
    pub base_rate: Share,
    /// Whether replies to judged turns are read for the acts they show, when no turn waits.
    pub replies: bool,
    /// The largest share of each thread's time that goes to replies, in per cent; those for which there is no time are not
    /// read.
    pub reply_share: Whole<1, 100>,
}

impl Default for Classifier {
    fn default() -> Self {
        Self {
            model: Model::Builtin,
            runtime: None,
            threads: Whole::clamped(1),
            deadline: Period::millis(25),
            queue: Whole::clamped(64),
            cache: Whole::clamped(4096),
            base_rate: Share::THREE_IN_A_HUNDRED,
            replies: true,
            reply_share: Whole::clamped(25),
        }
    }
}

/// `[records]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Records {
    /// Where they go: `off`, `stdout`, or a file that is appended to.
    pub to: RecordsTo,
    /// Whether they hold the conversation's text. This version has no way to, and refuses `true`.
    pub text: bool,
    /// Records that may wait to be written; past that they are dropped and counted.
    pub queue: Whole<1, 1_000_000>,
}

impl Default for Records {
    fn default() -> Self {
        Self { to: RecordsTo::Off, text: false, queue: Whole::clamped(4096) }
    }
}

/// `[limits]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a request's body up to which it is read and judged; a larger one streams through, whatever its size.
    pub classify_bytes: ByteSize,
    /// Bytes up to which a compressed body is read once it is decoded; a larger one passes as it came, unjudged.
    pub decoded_bytes: ByteSize,
    /// Bytes of text up to which a conversation is judged.
    pub text_bytes: ByteSize,
    /// Connections served at once. Past that, a request is answered with 503.
    pub connections: Whole<1, 1_000_000>,
    /// Requests served at once, over all connections: those whose response is not over. Past that, 503.
    pub in_flight: Whole<1, 1_000_000>,
    /// Bytes of a request's head (HTTP/1) or header list (HTTP/2), 8KiB or more. Past that, 431.
    pub head_bytes: ByteSize,
    /// Header fields of a request. Past that, 431.
    pub header_count: Whole<1, 10_000>,
    /// Longest time from a request head's first byte until its last.
    pub head_timeout: Period,
    /// Longest time a client's connection stays open without a request, or a request without a byte of its body.
    ///
    /// It should be longer than clients keep their own idle connections (90 s in Go), so that none sends a request into
    /// a connection that is being closed.
    pub idle_timeout: Period,
    /// Longest time until the upstream is connected: name, TCP and TLS.
    pub connect_timeout: Period,
    /// Longest time a connection to the upstream stays open unused. It should be shorter than the upstream's own.
    pub upstream_idle_timeout: Period,
    /// Longest time from the request going on until the response's head. Off unless set: models think long, and a
    /// reply that is not streamed has its head only when the whole of it is there.
    pub response_head_timeout: OrOff<Period>,
    /// Bytes of a request's body past which it is refused with 413. Off unless set.
    pub max_body: OrOff<ByteSize>,
    /// Longest time that requests in flight are waited for at the end.
    pub drain: Period,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            classify_bytes: ByteSize::mib(4),
            decoded_bytes: ByteSize::mib(4),
            text_bytes: ByteSize::mib(1),
            connections: Whole::clamped(4096),
            in_flight: Whole::clamped(4096),
            head_bytes: ByteSize::kib(64),
            header_count: Whole::clamped(100),
            head_timeout: Period::secs(10),
            idle_timeout: Period::secs(120),
            connect_timeout: Period::secs(5),
            upstream_idle_timeout: Period::secs(45),
            response_head_timeout: OrOff::Off,
            max_body: OrOff::Off,
            drain: Period::secs(30),
        }
    }
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// What is logged.
    pub level: Level,
    /// Where a line for each request goes: `off`, `stdout`, or a file that is appended to.
    pub access: RecordsTo,
    /// What is done about a request without an `x-request-id`.
    pub request_id: Ids,
    /// What is done about a request without a `traceparent`.
    pub traceparent: Ids,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            level: Level::default(),
            access: RecordsTo::Off,
            request_id: Ids::Pass,
            traceparent: Ids::Pass,
        }
    }
}

/// What is done about requests that carry no identifier of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ids {
    /// Nothing: what a client sends passes, and what it does not send stays unsent.
    #[default]
    Pass,
    /// One is made up, and goes on to the upstream.
    Generate,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LogFormat {
    /// `pretty` on a terminal, `json` elsewhere.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or directives such as `info,hyper=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level(String);

impl Level {
    /// The directives.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Level {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for Level {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        // A lone word that is no level would be taken for a module's name, and nothing would be logged.
        let lone = !text.contains(['=', ',', '[']);
        let known = ["off", "error", "warn", "info", "debug", "trace"].contains(&text.to_ascii_lowercase().as_str());
        if EnvFilter::try_new(text).is_err() || (lone && !known) {
            return Err(Wrong::new(
                format!("{} is no log level", Wrong::shown(text)),
                "write \"error\", \"warn\", \"info\", \"debug\" or \"trace\", or directives such as \"info,hyper=debug\"",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value!(Level, "a log level in quotes, such as \"info\"");
