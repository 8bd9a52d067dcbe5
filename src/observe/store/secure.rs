//! Where a PostgreSQL server is, and what the connection to it is encrypted with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use ::postgres::Config;
use ::postgres::config::SslMode;
use percent_encoding::percent_decode_str;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result};

/// A URL of a server, which may hold a password; it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Dsn {
    /// Without what only we read.
    url: String,
    authority: Option<PathBuf>,
}

impl Dsn {
    /// Reads a URL as libpq does, `sslmode=verify-full` and `sslrootcert=PATH` included. TLS always verifies the server.
    ///
    /// # Errors
    /// If it is none; the message quotes nothing of it.
    pub(super) fn new(url: &str) -> Result<Self> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut authority = None;
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslrootcert", path)) => {
                    authority = Some(PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned()));
                }
                Some(("sslmode", "verify-full" | "verify-ca")) => kept.push("sslmode=require"),
                Some(("sslmode", "allow")) => kept.push("sslmode=prefer"),
                _ => kept.push(pair),
            }
        }
        let url = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
        let dsn = Self { url, authority };
        dsn.config()?;
        Ok(dsn)
    }

    /// Where and as whom to connect.
    pub(super) fn config(&self) -> Result<Config> {
        self.url.parse().map_err(|_| {
            // The parser's own message names an option, which may be a piece of a password with a `?` in it.
            Error::io(
                "this is no URL of a PostgreSQL server that can be read: write postgres://USER:PASSWORD@HOST:PORT/DATABASE, \
                 with %XX for special characters in the password",
            )
        })
    }

    /// What connections are encrypted with, where they are.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect> {
        let roots = match (&self.authority, self.config()?.get_ssl_mode()) {
            (_, SslMode::Disable) => RootCertStore::empty(),
            (Some(path), _) => {
                let broken = |e: &dyn fmt::Display| {
                    Error::io(format!(
                        "sslrootcert: {} cannot be used: {e}; name a file of certificates in PEM",
                        path.display()
                    ))
                };
                let text = std::fs::read(path).map_err(|e| broken(&e))?;
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_slice_iter(&text) {
                    let certificate = certificate.map_err(|e| broken(&e))?;
                    roots.add(certificate).map_err(|e| broken(&e))?;
                }
                roots
            }
            (None, _) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                roots
            }
        };
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::io("TLS cannot be set up").with(e))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dsn(..)")
    }
}
