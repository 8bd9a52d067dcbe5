//! `[tls]`: what clients are shown, and what they must show.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Period;

/// `[tls]`. The files are read again when they change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Tls {
    /// A PEM file with the server's certificate, and those that lead to its root.
    pub certificate: PathBuf,
    /// A PEM file with the certificate's key.
    pub key: PathBuf,
    /// A PEM file of certificates, by one of which clients' own must be signed. Unless set, clients need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<PathBuf>,
    /// Longest time from a client's connection until its handshake is over.
    #[serde(default = "ten_seconds")]
    pub handshake_timeout: Period,
}

fn ten_seconds() -> Period {
    Period::secs(10)
}
