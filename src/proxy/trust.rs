//! TLS towards an upstream: whom it is trusted by, and what it is shown.

use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use rustls::client::WantsClientCert;
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use super::pem::Named;
use crate::config::Destination;
use crate::error::{Error, Result};

/// What connections to `destination` are encrypted with.
///
/// # Errors
/// If a file that the configuration names cannot be used, or there is nothing to trust an https upstream by.
pub(super) fn towards(destination: &Destination<'_>) -> Result<ClientConfig> {
    if !destination.url.is_https() {
        // Reading the platform's certificates would only cost time at the start.
        return nobody();
    }
    let ca = destination.name("ca");
    let builder = match destination.ca {
        Some(path) => authority(builder()?, Named { key: &ca, path })?,
        None => platform(builder()?, &format!("the upstream {destination} is https"), Some(&ca))?,
    };
    shown(builder, destination)
}

/// What connections are encrypted with of which none is made.
///
/// # Errors
/// If rustls has no protocol to offer.
pub(super) fn nobody() -> Result<ClientConfig> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// What connections to an https forward proxy are encrypted with: it is trusted by what the platform trusts.
pub(super) fn towards_proxy() -> Result<ClientConfig> {
    Ok(platform(builder()?, "the forward proxy is https", None)?.with_no_client_auth())
}

/// Reads every file that `destination` names, and none of the platform's.
///
/// # Errors
/// If one of them cannot be used.
pub(super) fn check(destination: &Destination<'_>) -> Result<()> {
    let name = destination.name("ca");
    let builder = match destination.ca {
        Some(path) => authority(builder()?, Named { key: &name, path })?,
        None => builder()?.with_root_certificates(RootCertStore::empty()),
    };
    shown(builder, destination).map(drop)
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::config("TLS cannot be set up").with(e))
}

fn authority(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    file: Named<'_>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>> {
    Ok(builder.with_root_certificates(file.roots(&file.read()?)?))
}

fn platform(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    why: &str,
    ca: Option<&str>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>> {
    builder.with_native_roots().map_err(|e| {
        let or_set = ca.map(|ca| format!(", or set {ca}")).unwrap_or_default();
        Error::config(format!(
            "{why} and this system has no certificates to trust it by; install the package `ca-certificates`, set \
             SSL_CERT_FILE{or_set}"
        ))
        .with(e)
    })
}

/// What `destination` is shown, where it is shown any.
fn shown(builder: ConfigBuilder<ClientConfig, WantsClientCert>, destination: &Destination<'_>) -> Result<ClientConfig> {
    let Some((certificate, key)) = destination.client else { return Ok(builder.with_no_client_auth()) };
    let names = (destination.name("client-certificate"), destination.name("client-key"));
    let (certificate, key) = (Named { key: &names.0, path: certificate }, Named { key: &names.1, path: key });
    let chain = certificate.certificates(&certificate.read()?)?;
    let private = key.private_key(&key.read()?)?;
    builder.with_client_auth_cert(chain, private).map_err(|e| certificate.mismatch(key, e))
}
