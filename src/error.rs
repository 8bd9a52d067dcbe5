//! The one error type of build time: what went wrong while groundwire was being set up.
//!
//! At request time the library has no errors of its own; whatever fails there is a [`Bypass`](crate::dialogue::Bypass).

use std::error::Error as StdError;
use std::fmt;

/// The result of a fallible set-up step.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why groundwire could not be set up.
///
/// `Display` shows one level; the causes are behind [`source`](StdError::source).
pub struct Error {
    kind: Kind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "which kinds can happen depends on the features")]
pub(crate) enum Kind {
    Config,
    Usage,
    Model,
    Io,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    #[cfg(any(feature = "toml", feature = "proxy"))]
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    #[cfg(feature = "proxy")]
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    #[cfg(feature = "onnx")]
    pub(crate) fn model(message: impl Into<String>) -> Self {
        Self::new(Kind::Model, message)
    }

    pub(crate) fn io(message: impl Into<String>) -> Self {
        Self::new(Kind::Io, message)
    }

    pub(crate) fn with(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether the configuration is at fault; the message names file, line, column and the fix.
    pub fn is_config(&self) -> bool {
        self.kind == Kind::Config
    }

    /// Whether the command line is at fault, alone or for what it says over a configuration that is right.
    pub fn is_usage(&self) -> bool {
        self.kind == Kind::Usage
    }

    /// Whether the classifier's model or its runtime is at fault.
    pub fn is_model(&self) -> bool {
        self.kind == Kind::Model
    }

    /// Whether the operating system is at fault: a file, a socket, a thread.
    pub fn is_io(&self) -> bool {
        self.kind == Kind::Io
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("source", &self.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
