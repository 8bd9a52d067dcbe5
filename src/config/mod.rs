//! The configuration: one TOML file, every key with a default but the upstream.
//!
//! Keys are kebab-case, an unknown one is an error, and an error names file, line, column, the offending text and the
//! fix. Values are parsed into types that cannot hold a wrong one; what takes two keys to judge is checked last.
//!
//! ```
//! use groundwire::config::{Config, Overrides};
//!
//! let config = Config::from_toml("upstream = \"http://127.0.0.1:8000/v1\"", "groundwire.toml", &Overrides::default())?;
//! assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
//!
//! let error = Config::from_toml("upstraem = \"http://127.0.0.1:8000\"", "groundwire.toml", &Overrides::default());
//! assert!(error.unwrap_err().to_string().contains("groundwire.toml:1:1: unknown key `upstraem`"));
//! # Ok::<(), groundwire::Error>(())
//! ```

mod agree;
mod auth;
mod blame;
mod environment;
mod experiment;
mod experiment_check;
mod explain;
mod file;
mod forward;
mod load;
mod place;
mod policies;
mod quantity;
mod redact;
mod routes;
mod schema;
mod secrets;
mod sections;
mod store;
mod suggest;
mod text;
mod tls;
mod upstreams;
mod whole;

pub use auth::{AuthScheme, KeyHeader};
pub use environment::Environment;
pub use experiment::{ExperimentName, ExperimentTable, Slice, Unit};
pub use forward::{ProxyChoice, ProxyUrl};
pub use load::Loaded;
pub use place::{KeySource, Listen, Model, RecordsTo, UpstreamUrl};
pub use quantity::{ByteSize, OrOff, Period, Share};
pub use routes::{DialectName, DialectRoute, RoutePath};
pub use sections::{Classifier, Ids, Level, Limits, Log, LogFormat, Records, TrustedHeader};
pub use store::{Feedback, ServerUrl, Store, StoreUrl};
pub use text::Wrong;
pub use tls::Tls;
pub use upstreams::{Destination, Prefix, UpstreamRoute};
pub use whole::Whole;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::act::Wording;
use crate::engine::ToolsOffered;
use crate::error::{Error, Result};
use crate::policy::{Policy, PolicyTable, RulePolicy, policy_of};

/// How the sidecar is configured. Every value is valid on its own and beside the others.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Config {
    /// Where clients connect. `127.0.0.1:8080` unless set.
    pub listen: Listen,
    /// Where health, readiness and metrics are; `127.0.0.1:9090` unless set.
    pub admin: OrOff<Listen>,
    /// Where requests go that none of [`upstreams`](Self::upstreams) takes. Requests go to no other address than these.
    pub upstream: UpstreamUrl,
    /// A PEM file of certificates that an https upstream is trusted by, in place of those of the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_ca: Option<PathBuf>,
    /// A PEM file with the certificate (and its chain) that an https upstream is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_client_certificate: Option<PathBuf>,
    /// A PEM file with that certificate's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_client_key: Option<PathBuf>,
    /// The forward proxy that the upstream is reached through; what the environment says, unless set.
    pub upstream_proxy: ProxyChoice,
    /// Where the key is that replaces the callers' own credentials. Unless set, those are passed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_key: Option<KeySource>,
    /// The header that the key goes into. `authorization` unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_key_header: Option<KeyHeader>,
    /// What stands before the key. `Bearer` in `authorization` and nothing elsewhere, unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_key_scheme: Option<OrOff<AuthScheme>>,
    /// The policy: one that ships, or the name of one of [`policies`](Self::policies). `gentle` unless set.
    pub policy: String,
    /// Whether responses carry what was judged, beside what was done.
    pub debug_headers: bool,
    /// What is done with requests that offer the model tools.
    pub tools: ToolsOffered,
    /// The secret behind all identities; without one, records of two processes cannot be joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_key: Option<KeySource>,
    /// Which `x-groundwire-…` request headers are honoured. All are stripped.
    pub trust_headers: Vec<TrustedHeader>,
    /// The certificate that clients are shown. Unless set, they speak HTTP in clear text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// The classifier.
    pub classifier: Classifier,
    /// Records.
    pub records: Records,
    /// The store of turns and of what came of them.
    pub store: Store,
    /// Who may tell what came of them.
    pub feedback: Feedback,
    /// Bounds in bytes, connections and time.
    pub limits: Limits,
    /// The log on standard error.
    pub log: Log,
    /// Upstreams of their own for paths that start with a prefix.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub upstreams: Vec<UpstreamRoute>,
    /// Paths that speak a dialect, or none, whatever they look like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<DialectRoute>,
    /// The experiment, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<ExperimentTable>,
    /// Experiments that run at one time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<ExperimentTable>,
    /// Policies of the operator's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<String, PolicyTable>,
    /// Words of the operator's own, by language, act and gap.
    #[serde(skip_serializing_if = "Wording::is_empty")]
    pub phrases: Wording,
}

/// What the command line says over the file.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Overrides {
    /// Replaces `listen`.
    pub listen: Option<Listen>,
    /// Replaces `admin`.
    pub admin: Option<OrOff<Listen>>,
    /// Replaces `upstream`, which the file may then leave out.
    pub upstream: Option<UpstreamUrl>,
    /// Replaces `policy`.
    pub policy: Option<String>,
    /// Replaces `classifier.model`.
    pub model: Option<Model>,
    /// Replaces `records.to`.
    pub records: Option<RecordsTo>,
}

impl Config {
    /// Everything at its default, in front of `upstream`.
    pub fn default_for(upstream: UpstreamUrl) -> Self {
        file::File::default().with_upstream(upstream)
    }

    /// Parses `text`, the content of the file that errors call `name`.
    ///
    /// # Errors
    /// If it is not TOML, has an unknown key or a wrong value, or lacks an upstream that `overrides` does not give.
    pub fn from_toml(text: &str, name: &str, overrides: &Overrides) -> Result<Self> {
        file::parse(blame::Source { name, text }, &Environment::default(), overrides)
    }

    /// Reads the file at `path`, and parses it.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml), if it cannot be read, and if a key of an upstream is not where it says.
    pub fn read(path: &Path, overrides: &Overrides) -> Result<Self> {
        Ok(Loaded::from(Some(path), &Environment::default(), overrides)?.config)
    }

    /// The policy that decides.
    pub fn decides(&self) -> Arc<dyn Policy> {
        self.policy_named(&self.policy)
    }

    /// The policy of this name: one of [`policies`](Self::policies), or one that ships.
    pub fn policy_named(&self, name: &str) -> Arc<dyn Policy> {
        // That it can be put together was checked; the empty one stands for a name that was changed since.
        let none = |_| Arc::new(RulePolicy { name: name.to_owned(), rules: Vec::new() }) as Arc<dyn Policy>;
        policy_of(name, &self.policies).unwrap_or_else(none)
    }

    /// The files, beside its own, the model's and those of `[tls]`, whose content is part of the configuration.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = Vec::new();
        for place in self.destinations() {
            let client = place.client.into_iter().flat_map(|(certificate, key)| [certificate, key]);
            files.extend(place.ca.into_iter().chain(client).map(Path::to_owned));
        }
        // What TOML cannot express is a policy, and names no file.
        if let Ok(table) = toml::Table::try_from(self) {
            files.extend(place::named_in(&table, "file:").into_iter().map(PathBuf::from));
        }
        files
    }

    /// The configuration as TOML, with every key that has a value. It parses to the same configuration.
    ///
    /// # Errors
    /// If a policy holds what TOML cannot express.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| Error::config("the configuration cannot be written as TOML").with(e))
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|e| Error::config(format!("the configuration {} cannot be read", path.display())).with(e))
}

impl Overrides {
    /// The flag that sets the key at `path`, if one does.
    fn sets(&self, path: &[&str]) -> Option<&'static str> {
        match path {
            ["listen"] => self.listen.is_some().then_some("--listen"),
            ["admin"] => self.admin.is_some().then_some("--admin"),
            ["upstream"] => self.upstream.is_some().then_some("--upstream"),
            ["policy"] => self.policy.is_some().then_some("--policy"),
            ["classifier", "model"] => self.model.is_some().then_some("--model"),
            ["records", "to"] => self.records.is_some().then_some("--records"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
