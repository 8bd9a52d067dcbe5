//! How a key of the operator's own is given to an upstream: in which header, and after which word.

use std::fmt;
use std::str::FromStr;

use http::HeaderName;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};

use super::text::{Wrong, text_value};

/// Headers that say how a message is read or where it goes; a key in one of them would break every request.
const NOT_FOR_KEYS: [HeaderName; 8] =
    [HOST, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// The name of a header that a key goes into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHeader(HeaderName);

impl KeyHeader {
    /// The header.
    pub fn name(&self) -> &HeaderName {
        &self.0
    }
}

impl Default for KeyHeader {
    fn default() -> Self {
        Self(AUTHORIZATION)
    }
}

impl FromStr for KeyHeader {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text.parse::<HeaderName>() {
            Ok(name) if !NOT_FOR_KEYS.contains(&name) => Ok(Self(name)),
            // Not shown: it may be the key itself.
            _ => Err(Wrong::new(
                "this names no header for a key",
                "write \"authorization\", \"x-api-key\", \"api-key\", or what else the upstream reads its key from",
            )),
        }
    }
}

impl fmt::Display for KeyHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

text_value!(KeyHeader, "the name of a header in quotes, such as \"x-api-key\"");

/// An authentication scheme (RFC 9110, section 11.1), such as `Bearer`: the word before a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthScheme(String);

impl AuthScheme {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AuthScheme {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        // A scheme is a token, and so is a header's name. Nobody's scheme is as long as a key.
        if (1..=32).contains(&text.len()) && HeaderName::from_bytes(text.as_bytes()).is_ok() {
            return Ok(Self(text.to_owned()));
        }
        Err(Wrong::new("this is no word to put before a key", "write one word, such as \"Bearer\""))
    }
}

impl fmt::Display for AuthScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value!(AuthScheme, "a word in quotes, such as \"Bearer\"");

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_schemes() {
        assert_eq!("X-Api-Key".parse::<KeyHeader>().unwrap().to_string(), "x-api-key");
        for wrong in ["", "Host", "content-length", "x api key", "Bearer sk-hunter2"] {
            let wrong = wrong.parse::<KeyHeader>().unwrap_err().to_string();
            assert!(!wrong.contains("hunter2"), "{wrong}");
        }
        assert_eq!("Bearer".parse::<AuthScheme>().unwrap().as_str(), "Bearer");
        for wrong in ["", "Bearer ", "a b", "sk-hunter2-hunter2-hunter2-hunter2-hunter2"] {
            let wrong = wrong.parse::<AuthScheme>().unwrap_err().to_string();
            assert!(!wrong.contains("hunter2"), "{wrong}");
        }
    }
}
