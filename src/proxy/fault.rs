//! What can go wrong between the two connections, and at whose end.

use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;
use hyper_util::client::legacy;

use super::connect::ConnectTimedOut;
use super::inbound::BodyFault;

/// Why a request has no response of the upstream's.
#[derive(Debug)]
pub struct Fault {
    kind: FaultKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// The client's body broke off or was no valid HTTP.
    BodyBroken,
    /// The client's body stood still for longer than `idle-timeout`.
    BodyTooSlow,
    /// The client's body is larger than `max-body`.
    BodyTooLarge,
    /// The request asks for what this proxy does not do: `CONNECT`, or a target that is no path.
    NotServed,
    /// More connections than `connections`.
    Busy,
    /// More requests than `in-flight`.
    Overloaded,
    /// More header fields than `header-count`.
    TooManyHeaders,
    /// No connection to the upstream: name, TCP or TLS.
    Unreachable,
    /// No connection to the upstream within `connect-timeout`.
    ConnectTimedOut,
    /// No response head within `response-head-timeout`.
    HeadTimedOut,
    /// The upstream closed or broke the connection before a whole response head.
    BrokeOff,
}

impl FaultKind {
    /// Every one.
    pub(super) const ALL: [Self; 11] = [
        Self::BodyBroken,
        Self::BodyTooSlow,
        Self::BodyTooLarge,
        Self::NotServed,
        Self::Busy,
        Self::Overloaded,
        Self::TooManyHeaders,
        Self::Unreachable,
        Self::ConnectTimedOut,
        Self::HeadTimedOut,
        Self::BrokeOff,
    ];

    /// Whether the client may try again shortly: there is too much to do just now.
    pub(super) fn passes(self) -> bool {
        matches!(self, Self::Busy | Self::Overloaded)
    }

    /// The name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BodyBroken => "body_broken",
            Self::BodyTooSlow => "body_too_slow",
            Self::BodyTooLarge => "body_too_large",
            Self::NotServed => "not_served",
            Self::Busy => "busy",
            Self::Overloaded => "overloaded",
            Self::TooManyHeaders => "too_many_headers",
            Self::Unreachable => "unreachable",
            Self::ConnectTimedOut => "connect_timed_out",
            Self::HeadTimedOut => "head_timed_out",
            Self::BrokeOff => "broke_off",
        }
    }

    /// Whose fault it is: `client`, `upstream`, or `proxy`.
    pub fn origin(self) -> &'static str {
        match self {
            Self::BodyBroken | Self::BodyTooSlow | Self::BodyTooLarge | Self::NotServed | Self::TooManyHeaders => {
                "client"
            }
            Self::Unreachable | Self::ConnectTimedOut | Self::HeadTimedOut | Self::BrokeOff => "upstream",
            Self::Busy | Self::Overloaded => "proxy",
        }
    }

    /// The status that says so (RFC 9110, section 15).
    pub fn status(self) -> StatusCode {
        match self {
            Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotServed => StatusCode::NOT_IMPLEMENTED,
            Self::Busy | Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyHeaders => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Unreachable | Self::BrokeOff => StatusCode::BAD_GATEWAY,
            Self::ConnectTimedOut | Self::HeadTimedOut => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// What the client is told. It names no host: that is the operator's affair, and in the log.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::BodyBroken => "The request's body broke off before its end.",
            Self::BodyTooSlow => "The request's body did not arrive in time.",
            Self::BodyTooLarge => "The request's body is larger than this proxy allows.",
            Self::NotServed => "This proxy does not serve such requests.",
            Self::Busy => "This proxy has as many connections as it may have. Try again shortly.",
            Self::Overloaded => "This proxy has as many requests in flight as it may have. Try again shortly.",
            Self::TooManyHeaders => "The request has more header fields than this proxy allows.",
            Self::Unreachable => "The upstream API could not be reached.",
            Self::ConnectTimedOut => "The upstream API did not accept a connection in time.",
            Self::HeadTimedOut => "The upstream API did not answer in time.",
            Self::BrokeOff => "The upstream API closed the connection before it answered.",
        }
    }
}

impl Fault {
    pub(super) fn new(kind: FaultKind) -> Self {
        Self { kind, source: None }
    }

    /// What went wrong.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    pub(super) fn with(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the upstream client's error means.
    pub(super) fn from_client(error: legacy::Error) -> Self {
        let kind = if let Some(fault) = find::<BodyFault>(&error) {
            fault.kind()
        } else if find::<ConnectTimedOut>(&error).is_some() {
            FaultKind::ConnectTimedOut
        } else if error.is_connect() {
            FaultKind::Unreachable
        } else {
            FaultKind::BrokeOff
        };
        Self::new(kind).with(error)
    }

    /// The causes, outermost first, for the log.
    pub(super) fn causes(&self) -> Causes<'_> {
        Causes(self.source.as_deref().map(|source| source as _))
    }
}

/// The first error of type `E` among an error's causes.
fn find<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        // hyper-rustls wraps what the TCP connector says into an I/O error, whose `source` skips the error it holds.
        let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = error.downcast_ref().or_else(|| held.and_then(|held| held.downcast_ref())) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

impl From<BodyFault> for Fault {
    fn from(fault: BodyFault) -> Self {
        Self::new(fault.kind()).with(fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.message())
    }
}

impl StdError for Fault {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.causes().0
    }
}

/// A chain of causes in one line.
pub(super) struct Causes<'a>(Option<&'a (dyn StdError + 'static)>);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut next = self.0;
        let mut between = "";
        while let Some(error) = next {
            write!(f, "{between}{error}")?;
            (between, next) = (": ", error.source());
        }
        Ok(())
    }
}
