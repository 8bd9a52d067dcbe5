//! The file's shape, and the checks that take more than one key.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::blame::Source;
use super::{
    AuthScheme, ByteSize, Classifier, Config, DialectRoute, Environment, ExperimentTable, Feedback, KeyHeader,
    KeySource, Limits, Listen, Log, OrOff, Overrides, Period, ProxyChoice, Records, Store, Tls, TrustedHeader,
    UpstreamRoute, UpstreamUrl, agree, environment, experiment_check, policies,
};
use crate::act::{Phrases, Wording};
use crate::engine::ToolsOffered;
use crate::error::{Error, Result};
use crate::policy::PolicyTable;

/// Fewest bytes that a head may be limited to; hyper takes no less.
const HEAD_BYTES: ByteSize = ByteSize::kib(8);

/// The longest deadline that the classifier's threads keep.
const MOST_DEADLINE: Period = Period::secs(60);

/// The file: a [`Config`] whose upstream the command line may give.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    listen: Listen,
    admin: OrOff<Listen>,
    upstream: Option<UpstreamUrl>,
    upstream_ca: Option<PathBuf>,
    upstream_client_certificate: Option<PathBuf>,
    upstream_client_key: Option<PathBuf>,
    upstream_proxy: ProxyChoice,
    upstream_key: Option<KeySource>,
    upstream_key_header: Option<KeyHeader>,
    upstream_key_scheme: Option<OrOff<AuthScheme>>,
    policy: String,
    debug_headers: bool,
    tools: ToolsOffered,
    identity_key: Option<KeySource>,
    trust_headers: Vec<TrustedHeader>,
    tls: Option<Tls>,
    classifier: Classifier,
    records: Records,
    store: Store,
    feedback: Feedback,
    limits: Limits,
    log: Log,
    upstreams: Vec<UpstreamRoute>,
    phrases: Wording,
    routes: Vec<DialectRoute>,
    experiment: Option<ExperimentTable>,
    experiments: Vec<ExperimentTable>,
    policies: BTreeMap<String, PolicyTable>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            listen: Listen(([127, 0, 0, 1], 8080).into()),
            admin: OrOff::On(Listen(([127, 0, 0, 1], 9090).into())),
            upstream: None,
            upstream_ca: None,
            upstream_client_certificate: None,
            upstream_client_key: None,
            upstream_proxy: ProxyChoice::default(),
            upstream_key: None,
            upstream_key_header: None,
            upstream_key_scheme: None,
            policy: "gentle".to_owned(),
            debug_headers: false,
            tools: ToolsOffered::default(),
            identity_key: None,
            trust_headers: vec![TrustedHeader::Mode, TrustedHeader::Conversation, TrustedHeader::Domain],
            tls: None,
            classifier: Classifier::default(),
            records: Records::default(),
            store: Store::default(),
            feedback: Feedback::default(),
            limits: Limits::default(),
            log: Log::default(),
            upstreams: Vec::new(),
            routes: Vec::new(),
            experiment: None,
            experiments: Vec::new(),
            policies: BTreeMap::new(),
            phrases: Wording::default(),
        }
    }
}

impl File {
    pub(super) fn with_upstream(self, upstream: UpstreamUrl) -> Config {
        Config {
            listen: self.listen,
            admin: self.admin,
            upstream,
            upstream_ca: self.upstream_ca,
            upstream_client_certificate: self.upstream_client_certificate,
            upstream_client_key: self.upstream_client_key,
            upstream_proxy: self.upstream_proxy,
            upstream_key: self.upstream_key,
            upstream_key_header: self.upstream_key_header,
            upstream_key_scheme: self.upstream_key_scheme,
            policy: self.policy,
            debug_headers: self.debug_headers,
            tools: self.tools,
            identity_key: self.identity_key,
            trust_headers: self.trust_headers,
            tls: self.tls,
            classifier: self.classifier,
            records: self.records,
            store: self.store,
            feedback: self.feedback,
            limits: self.limits,
            log: self.log,
            upstreams: self.upstreams,
            routes: self.routes,
            experiment: self.experiment,
            experiments: self.experiments,
            policies: self.policies,
            phrases: self.phrases,
        }
    }

    fn apply(&mut self, overrides: &Overrides) {
        let Overrides { listen, admin, upstream, policy, model, records } = overrides.clone();
        self.listen = listen.unwrap_or(self.listen);
        self.admin = admin.unwrap_or(self.admin);
        self.upstream = upstream.or(self.upstream.take());
        if let Some(policy) = policy {
            self.policy = policy;
        }
        if let Some(model) = model {
            self.classifier.model = model;
        }
        if let Some(to) = records {
            self.records.to = to;
        }
    }
}

/// Reads the file, and puts over it what the environment and then the command line say.
pub(super) fn parse(source: Source<'_>, environment: &Environment, overrides: &Overrides) -> Result<Config> {
    source.tables(&[
        "classifier",
        "records",
        "store",
        "feedback",
        "limits",
        "log",
        "policies",
        "phrases",
        "tls",
        "experiment",
    ])?;
    let mut file: File = toml::from_str(source.text).map_err(|error| source.blame_toml(&error))?;
    // Each source is checked with those below it, so that an error is told of the one that brought it in.
    check(&file, |path, what, fix| source.blame_at(path, what, fix))?;
    let mut table: toml::Table = source.text.parse().map_err(|error| source.blame_toml(&error))?;
    let before = table.clone();
    environment.over::<File>(&mut table)?;
    if table != before {
        file = table.try_into().map_err(|error| environment::incomplete(&error))?;
        check(&file, |_, what, fix| Error::config(format!("with what the environment says, {what}: {fix}")))?;
    }
    file.apply(overrides);
    check(&file, |_, what, fix| Error::usage(format!("{what}: {fix}")))?;
    let Some(upstream) = file.upstream.take() else {
        let fix = "add `upstream = \"https://…\"` above the first table, or give --upstream URL";
        return Err(source.blame(0..0, NO_UPSTREAM, fix));
    };
    let config = file.with_upstream(upstream);
    agree::check(&config, |path, what, fix| source.blame_at(path, what, fix))?;
    experiment_check::check(&config, |path, what, fix| source.blame_at(path, what, fix))?;
    Ok(config)
}

const NO_UPSTREAM: &str = "no upstream is named";

/// Whether this is the error of a configuration without an upstream.
pub(super) fn lacks_upstream(error: &Error) -> bool {
    error.to_string().contains(NO_UPSTREAM)
}

/// Checks what no type can; `blame` makes an error about the value at a path.
fn check(file: &File, blame: impl Fn(&[&str], &str, &str) -> Error) -> Result<()> {
    if let Err(wrong) = Phrases::new(&file.phrases) {
        let path: Vec<&str> = ["phrases"].into_iter().chain(wrong.path.iter().map(String::as_str)).collect();
        return Err(blame(&path, &wrong.what, &wrong.fix));
    }
    policies::check(&file.policies, &file.trust_headers, &blame)?;
    policies::known(&file.policy, &file.policies, &blame)?;
    if file.admin.on().is_some_and(|admin| admin == file.listen && admin.0.port() != 0) {
        return Err(blame(
            &["admin"],
            "`admin` and `listen` are the same address",
            "give one of them another port, or write \"off\"",
        ));
    }
    if file.upstream.as_ref().is_some_and(|upstream| upstream.is_at(&file.listen)) {
        return Err(blame(
            &["upstream"],
            "`upstream` and `listen` are the same address: every request would come back for ever",
            "name the API's own address as upstream, or listen on another port",
        ));
    }
    if file.limits.head_bytes < HEAD_BYTES {
        let fix = format!("write \"{HEAD_BYTES}\" or more");
        return Err(blame(
            &["limits", "head-bytes"],
            &format!("{} is too little for a head", file.limits.head_bytes),
            &fix,
        ));
    }
    if file.classifier.deadline > MOST_DEADLINE {
        let what = format!("`deadline` is longer than {MOST_DEADLINE}, for which nobody waits");
        return Err(blame(&["classifier", "deadline"], &what, &format!("write \"{MOST_DEADLINE}\" or less")));
    }
    if file.store.flush > MOST_DEADLINE {
        let what = format!("`flush` is longer than {MOST_DEADLINE}, and a killed process loses as much");
        return Err(blame(&["store", "flush"], &what, &format!("write \"{MOST_DEADLINE}\" or less")));
    }
    let must_pass = [
        (["classifier", "deadline"], file.classifier.deadline),
        (["limits", "head-timeout"], file.limits.head_timeout),
        (["limits", "idle-timeout"], file.limits.idle_timeout),
        (["limits", "connect-timeout"], file.limits.connect_timeout),
        (["limits", "upstream-idle-timeout"], file.limits.upstream_idle_timeout),
        (["store", "flush"], file.store.flush),
        (["store", "retention"], file.store.retention.on().unwrap_or(MOST_DEADLINE)),
        (["store", "rollup-retention"], file.store.rollup_retention.on().unwrap_or(MOST_DEADLINE)),
        (["limits", "response-head-timeout"], file.limits.response_head_timeout.on().unwrap_or(MOST_DEADLINE)),
    ];
    for (path, period) in must_pass {
        if period.0.is_zero() {
            return Err(blame(&path, &format!("`{}` is no time at all", path[1]), "write a length of time above zero"));
        }
    }
    if file.records.text {
        return Err(blame(
            &["records", "text"],
            "records of this version hold no text",
            "remove the key, or write false",
        ));
    }
    if file.store.text {
        let fix = "remove the key, or write false";
        return Err(blame(&["store", "text"], "the store of this version holds no text", fix));
    }
    Ok(())
}
