//! Certificates and keys in PEM files (RFC 7468), and errors that say which file, for which key, and why.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{Error, Result};

/// Where a PEM file is named: `key` of the configuration, and its path.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) key: &'a str,
    pub(super) path: &'a Path,
}

impl Named<'_> {
    pub(super) fn read(self) -> Result<Vec<u8>> {
        std::fs::read(self.path).map_err(|e| self.wrong("cannot be read").with(e))
    }

    fn wrong(self, what: &str) -> Error {
        Error::config(format!("{}: {} {what}", self.key, self.path.display()))
    }

    fn broken(self, error: pem::Error) -> Error {
        self.wrong("is broken off or no PEM").with(error)
    }

    /// The certificates in `text`, the file's content; at least one.
    pub(super) fn certificates(self, text: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
        match certificates.map_err(|e| self.broken(e))? {
            none if none.is_empty() => Err(self.wrong("holds no certificate in PEM")),
            some => Ok(some),
        }
    }

    /// The certificates in `text` as what others are trusted by.
    pub(super) fn roots(self, text: &[u8]) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates(text)? {
            roots.add(certificate).map_err(|e| self.wrong("holds a certificate that cannot be trusted").with(e))?;
        }
        Ok(roots)
    }

    /// The private key in `text`.
    pub(super) fn private_key(self, text: &[u8]) -> Result<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
            pem::Error::NoItemsFound => {
                let encrypted = text.windows(9).any(|window| window == b"ENCRYPTED");
                self.wrong(if encrypted {
                    "holds an encrypted key; write it anew without a passphrase, readable for this user alone"
                } else {
                    "holds no private key in PEM"
                })
            }
            broken => self.broken(broken),
        })
    }

    /// What rustls says of a certificate and a key that go with this file.
    pub(super) fn mismatch(self, key: Self, error: rustls::Error) -> Error {
        let what = match &error {
            rustls::Error::InconsistentKeys(_) => {
                format!("does not belong to the key in {}: renew both, or name its own", key.path.display())
            }
            rustls::Error::InvalidCertificate(_) => "holds a certificate that cannot be used".to_owned(),
            _ => format!("or the key in {} cannot be used", key.path.display()),
        };
        self.wrong(&what).with(error)
    }
}
