//! The certificate that clients are shown: read at the start, and again whenever its files change.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use blake3::Hash;
use rustls::ServerConfig;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::server::WebPkiClientVerifier;

use super::Counts;
use super::hangups::Hangups;
use super::pem::Named;
use crate::config::Tls;
use crate::error::{Error, Result};

/// How often the files are looked at. A change is taken up when they look the same a second time, since a certificate and
/// its key are two files, and no two files are written at once.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is offered to clients, best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What clients are shown and must show. Clones are one.
#[derive(Clone)]
pub struct Certificates(Arc<Inner>);

struct Inner {
    files: Tls,
    current: RwLock<Arc<ServerConfig>>,
    /// What was last taken up, or found wanting; `None` where a file could not be read.
    seen: Mutex<Option<Hash>>,
    counts: Counts,
}

impl Certificates {
    /// Reads the files that `tls` names.
    ///
    /// # Errors
    /// If one of them cannot be read or used; the error names the key, the file, and the reason.
    pub(super) fn load(tls: &Tls, counts: Counts) -> Result<Self> {
        let read = Files::read(tls)?;
        let inner = Inner {
            files: tls.clone(),
            current: RwLock::new(Arc::new(read.assemble(tls)?)),
            seen: Mutex::new(Some(read.digest())),
            counts,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Reads the files again. Connections that are open keep what they began with, and the old ones stay if anything is
    /// wrong with the new ones.
    ///
    /// # Errors
    /// If one of the files cannot be read or used. That was logged and counted already.
    pub fn reload(&self) -> Result<()> {
        let read = Files::read(&self.0.files);
        let digest = read.as_ref().ok().map(Files::digest);
        let assembled = read.and_then(|read| read.assemble(&self.0.files));
        *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) = digest;
        match assembled {
            Ok(assembled) => {
                *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(assembled);
                self.0.counts.certificates_read(true);
                tracing::info!(certificate = %self.0.files.certificate.display(), "the certificate was read anew");
                Ok(())
            }
            Err(error) => {
                self.0.counts.certificates_read(false);
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::error!(%error, cause, "the certificate was not read anew; the old one stays");
                Err(error)
            }
        }
    }

    /// What the next connection is served with.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn handshake_timeout(&self) -> Duration {
        self.0.files.handshake_timeout.0
    }

    /// Reads the files again when they change, and on SIGHUP, for as long as it is polled; a SIGHUP counts from now on, polled
    /// or not.
    pub(super) fn watch(self) -> impl Future<Output = ()> {
        // Where the system refuses, the files are still looked at.
        let hangups = Hangups::listen().ok();
        self.watch_with(hangups)
    }

    async fn watch_with(self, mut hangups: Option<Hangups>) {
        let mut hangup = async || match &mut hangups {
            Some(hangups) => hangups.next().await,
            None => std::future::pending().await,
        };
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut other = None;
        loop {
            let told = tokio::select! {
                _ = looks.tick() => false,
                () = hangup() => true,
            };
            let (this, before) = (self.clone(), other);
            let looked = tokio::task::spawn_blocking(move || this.look(told, before)).await;
            let Ok(found) = looked else { return };
            other = found;
        }
    }

    /// Reads the files again if somebody said so, or if they are not what was last taken up but what they were at the look
    /// before. Returns what they are where they have changed, to be held against the next look.
    #[allow(clippy::option_option, reason = "the outer says whether they changed, the inner whether they can be read")]
    fn look(&self, told: bool, before: Option<Option<Hash>>) -> Option<Option<Hash>> {
        if !told {
            let now = Files::read(&self.0.files).ok().map(|read| read.digest());
            tracing::trace!("looked at the certificate");
            if now == *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) {
                return None;
            }
            if before != Some(now) {
                return Some(now);
            }
        }
        // What went wrong is logged and counted there.
        let _ = self.reload();
        None
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("files", &self.0.files).finish_non_exhaustive()
    }
}

/// Reads what `tls` names, and throws it away.
///
/// # Errors
/// As [`Certificates::load`].
pub(super) fn check(tls: &Tls) -> Result<()> {
    Files::read(tls)?.assemble(tls).map(drop)
}

/// The content of the files.
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

const CERTIFICATE: &str = "tls.certificate";
const KEY: &str = "tls.key";
const CLIENT_CA: &str = "tls.client-ca";

fn named<'a>(key: &'a str, path: &'a Path) -> Named<'a> {
    Named { key, path }
}

impl Files {
    fn read(tls: &Tls) -> Result<Self> {
        Ok(Self {
            certificate: named(CERTIFICATE, &tls.certificate).read()?,
            key: named(KEY, &tls.key).read()?,
            client_ca: tls.client_ca.as_ref().map(|path| named(CLIENT_CA, path).read()).transpose()?,
        })
    }

    fn digest(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        for file in [&self.certificate, &self.key].into_iter().chain(&self.client_ca) {
            hasher.update(&(file.len() as u64).to_le_bytes());
            hasher.update(file);
        }
        hasher.finalize()
    }

    fn assemble(&self, tls: &Tls) -> Result<ServerConfig> {
        let (certificate, key) = (named(CERTIFICATE, &tls.certificate), named(KEY, &tls.key));
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::config("TLS cannot be set up").with(e))?;
        let builder =
            match tls.client_ca.as_ref().zip(self.client_ca.as_ref()) {
                None => builder.with_no_client_auth(),
                Some((path, text)) => {
                    let roots = Arc::new(named(CLIENT_CA, path).roots(text)?);
                    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                    builder.with_client_cert_verifier(verifier.map_err(|e| {
                        Error::config(format!("{CLIENT_CA}: {} cannot be used", path.display())).with(e)
                    })?)
                }
            };
        let chain = certificate.certificates(&self.certificate)?;
        let private = key.private_key(&self.key)?;
        let mut config = builder.with_single_cert(chain, private).map_err(|e| certificate.mismatch(key, e))?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        // Clients resume without our keeping a session of each. A new certificate begins with new tickets, so that a client
        // that may not come in any more has to show its own again.
        config.ticketer = Ticketer::new().map_err(|e| Error::config("TLS tickets cannot be made").with(e))?;
        Ok(config)
    }
}
