//! A key of the operator's own, in place of whatever credentials a caller sent.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::{AuthScheme, Destination, KeyHeader, OrOff};
use crate::error::{Error, Result};

/// Where callers put their keys, by provider: OpenAI, Anthropic, Azure, Google.
const CREDENTIALS: [HeaderName; 4] = [
    AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// A header with a key in it.
pub(super) struct Key {
    header: HeaderName,
    value: HeaderValue,
}

impl Key {
    /// The key that `destination` is given; `None` where it is given the callers' own.
    ///
    /// # Errors
    /// If it is not where the configuration says, or no header can hold it.
    pub(super) fn of(destination: &Destination<'_>) -> Result<Option<Self>> {
        let Some(source) = destination.key else { return Ok(None) };
        let name = destination.name("key");
        let secret = source.read().map_err(|absent| absent.of(&name))?;
        let header = destination.key_header.map_or(AUTHORIZATION, |header| KeyHeader::name(header).clone());
        let scheme = match destination.key_scheme {
            Some(OrOff::On(scheme)) => Some(AuthScheme::as_str(scheme)),
            Some(OrOff::Off) => None,
            None => (header == AUTHORIZATION).then_some("Bearer"),
        };
        // Editors and `echo` end files with a newline that is no part of the key.
        let secret = secret.trim_ascii();
        if secret.is_empty() {
            return Err(Error::config(format!("{name}: the key in {source} is empty; put the upstream's key there")));
        }
        let whole = match scheme {
            Some(scheme) => [scheme.as_bytes(), b" ", secret].concat(),
            None => secret.to_vec(),
        };
        let Ok(mut value) = HeaderValue::from_bytes(&whole) else {
            let what = "holds bytes that no header can; put the key alone there, on one line";
            return Err(Error::config(format!("{name}: the key in {source} {what}")));
        };
        // Neither shown by `Debug` nor kept in HTTP/2's tables.
        value.set_sensitive(true);
        Ok(Some(Self { header, value }))
    }

    /// Replaces every credential in `headers`.
    pub(super) fn replace(&self, headers: &mut HeaderMap) {
        for name in &CREDENTIALS {
            headers.remove(name);
        }
        headers.insert(self.header.clone(), self.value.clone());
    }
}
