//! Another configuration while serving: read, checked, built and warmed beside the one that serves, then exchanged for it in
//! one step. Where anything of that fails, nothing has happened but a line in the log.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tower_layer::Layer;

use super::assemble::{self, Lasting};
use super::feedback::Token;
use super::logging::LevelOf;
use super::running::{Current, Hashes, Lost, Running};
use super::told;
use super::watch::{Fingerprint, Watch, model_fingerprint, named_fingerprint};
use crate::config::{Config, Environment, Loaded, Overrides};
use crate::error::{Error, Result};
use crate::layer::{GroundingLayer, GroundingService, RequestBody};
use crate::proxy::{Counts, InboundBody, Live, Metered, Upstream};

/// How often the files of the configuration are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// What serves requests.
pub(super) type Service = GroundingService<Metered<Upstream<RequestBody<InboundBody>>>>;

/// Where the configuration comes from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) file: Option<PathBuf>,
    pub(super) overrides: Overrides,
}

impl Source {
    /// Reads it.
    ///
    /// # Errors
    /// As [`Loaded::from`].
    fn read(&self) -> Result<Config> {
        Ok(Loaded::from(self.file.as_deref(), &Environment::of_process(), &self.overrides)?.config)
    }

    /// Reads it, and watches the files that it was read from as they were then.
    ///
    /// # Errors
    /// As [`Loaded::from`].
    pub(super) fn read_to_watch(&self) -> Result<(Config, Watch)> {
        let mut config = self.read()?;
        loop {
            // A file may be written between being read and being looked at: then it is read again.
            let seen = Watch::of(self.file(), &config);
            let again = self.read()?;
            if again == config {
                return Ok((config, seen));
            }
            config = again;
        }
    }

    fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// A configuration and all that was built for it.
pub(super) struct Built {
    pub(super) current: Current,
    pub(super) service: Service,
    upstream: Metered<Upstream<RequestBody<InboundBody>>>,
    /// The model's files as they were before they were read, and the other files that the configuration names.
    model: Fingerprint,
    named: Fingerprint,
}

impl Built {
    /// Builds what `config` asks for. What `old` has of it, and as it is wanted, is taken from there: the model above all,
    /// and the connections to the upstream.
    ///
    /// Takes a while of a thread, and needs the context of a runtime.
    ///
    /// # Errors
    /// If a file cannot be read or written, or the model does not judge.
    pub(super) fn of(config: Config, old: Option<&Self>, counts: &Counts, lasting: &Lasting) -> Result<Self> {
        let (model, named) = (model_fingerprint(&config), named_fingerprint(&config));
        let kept = |same: fn(&Config, &Config) -> bool| old.filter(|old| same(&old.current.config, &config));
        let (lost, upstream) = match kept(same_upstream).filter(|old| old.named == named) {
            Some(old) => (Arc::clone(&old.current.lost), old.upstream.clone()),
            None => {
                let upstream = Upstream::new(&config)?;
                (Arc::new(upstream.ailment()) as Lost, Metered::new(upstream, counts))
            }
        };
        let records = match kept(|old, new| old.records == new.records) {
            Some(old) => old.current.records.clone(),
            None => assemble::records(&config, lasting)?,
        };
        let designs = |config: &Config| config.designs();
        let store = match kept(|old, new| old.store == new.store)
            .filter(|old| designs(&old.current.config) == designs(&config) && old.named == named)
        {
            Some(old) => old.current.store.clone(),
            None => assemble::store(&config, lasting)?,
        };
        let access = match kept(|old, new| old.log.access == new.log.access) {
            Some(old) => old.current.access.clone(),
            None => assemble::access(&config, lasting)?,
        };
        let classifier = match kept(same_classifier).filter(|old| old.model == model && old.is_able()) {
            Some(old) => old.current.classifier.clone(),
            None => assemble::classifier(&config, lasting)?,
        };
        let token = config.feedback.token.as_ref().map(Token::read).transpose()?;
        let key = old.map(|old| old.current.key.clone());
        let grounder = assemble::grounder(&config, classifier.clone(), records.clone(), store.clone(), key, lasting)?;
        let current = Current {
            hashes: Hashes::of(&config, grounder.config()),
            config: Arc::new(config),
            since: SystemTime::now(),
            key: grounder.identity_key().clone(),
            grounder: grounder.clone(),
            classifier,
            records,
            store,
            token,
            access,
            lost,
        };
        Ok(Self { current, service: GroundingLayer::new(grounder).layer(upstream.clone()), upstream, model, named })
    }

    /// Whether the classifier, if there is one, works: one that does not is loaded again even where nothing has changed.
    fn is_able(&self) -> bool {
        self.current.classifier().is_none_or(|classifier| classifier.is_able())
    }
}

/// Whether the model and its threads may stay. Reading replies is not theirs to decide.
fn same_classifier(old: &Config, new: &Config) -> bool {
    let mut wanted = new.classifier.clone();
    wanted.replies = old.classifier.replies;
    old.classifier == wanted
}

/// Whether the upstream and its connections may stay: everything is the same but what is known not to concern them.
fn same_upstream(old: &Config, new: &Config) -> bool {
    let mut wanted = new.clone();
    wanted.policy.clone_from(&old.policy);
    wanted.policies.clone_from(&old.policies);
    wanted.phrases.clone_from(&old.phrases);
    wanted.tools = old.tools;
    wanted.debug_headers = old.debug_headers;
    wanted.trust_headers.clone_from(&old.trust_headers);
    wanted.identity_key.clone_from(&old.identity_key);
    wanted.classifier = old.classifier.clone();
    wanted.records = old.records.clone();
    wanted.store = old.store.clone();
    wanted.feedback = old.feedback.clone();
    wanted.log = old.log.clone();
    let (ours, theirs) = (&mut wanted.limits, &old.limits);
    (ours.classify_bytes, ours.text_bytes, ours.max_body) = (theirs.classify_bytes, theirs.text_bytes, theirs.max_body);
    ours.decoded_bytes = theirs.decoded_bytes;
    (ours.connections, ours.in_flight) = (theirs.connections, theirs.in_flight);
    ours.header_count = theirs.header_count;
    (ours.head_bytes, ours.head_timeout) = (theirs.head_bytes, theirs.head_timeout);
    (ours.idle_timeout, ours.drain) = (theirs.idle_timeout, theirs.drain);
    *old == wanted
}

/// Reloads, on a thread of its own: when it is told to, and when a file has changed.
pub(super) struct Reloader {
    pub(super) source: Source,
    pub(super) built: Built,
    pub(super) live: Live<Service>,
    pub(super) counts: Counts,
    pub(super) lasting: Lasting,
    pub(super) running: Running,
    pub(super) level: LevelOf,
}

/// The thread's other end.
pub(super) struct Reloading {
    orders: Sender<()>,
    thread: JoinHandle<()>,
}

impl Reloading {
    /// Has the configuration read again, and the files of records and of the access log opened anew.
    pub(super) fn reload(&self) {
        // The thread lives until this is ended.
        let _ = self.orders.send(());
    }

    /// Ends the thread, after the reload that it may be at. Blocks.
    pub(super) fn end(self) {
        drop(self.orders);
        // A panic of it has been printed, and nothing depends on it any more.
        let _ = self.thread.join();
    }
}

impl Reloader {
    /// Starts the thread. `runtime` is what connections are made with, `watch` looks for changes since what serves was read.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub(super) fn start(self, runtime: Handle, watch: Watch) -> Result<Reloading> {
        let (orders, receiver) = channel();
        let thread = thread::Builder::new()
            .name("groundwire-reload".to_owned())
            .spawn(move || {
                let _context = runtime.enter();
                self.run(&receiver, watch);
            })
            .map_err(|e| Error::io("the thread that reloads the configuration cannot be started").with(e))?;
        Ok(Reloading { orders, thread })
    }

    fn run(mut self, orders: &Receiver<()>, mut watch: Watch) {
        loop {
            match orders.recv_timeout(EVERY) {
                Ok(()) => self.lasting.reopen.ask(),
                Err(RecvTimeoutError::Timeout) if watch.has_changed() => {}
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.reload(&mut watch);
        }
    }

    /// Reloads, and tells of it.
    fn reload(&mut self, watch: &mut Watch) {
        match self.exchange(watch) {
            Ok(changed) if changed.is_empty() => {
                self.running.count(|reloads| {
                    reloads.unchanged += 1;
                    reloads.error = None;
                });
                tracing::info!("the configuration was read again, and is what it was");
            }
            Ok(changed) => {
                self.running.count(|reloads| {
                    reloads.applied += 1;
                    reloads.error = None;
                });
                let Hashes { decisions, whole } = &self.built.current.hashes;
                let changed = changed.join(", ");
                tracing::info!(config = decisions, whole, changed, "the configuration was reloaded");
            }
            Err(error) => {
                let error = told(&error);
                tracing::error!(%error, "the configuration was not reloaded; the old one stays in force");
                self.running.count(|reloads| {
                    reloads.refused += 1;
                    reloads.error = Some(error);
                });
            }
        }
    }

    /// Puts another configuration in force; returns what is different in it, and nothing where nothing is.
    fn exchange(&mut self, watch: &mut Watch) -> Result<Vec<String>> {
        let config = self.read(watch)?;
        let old = &self.built;
        frozen(&old.current.config, &config)?;
        let built = Built::of(config, Some(old), &self.counts, &self.lasting)?;
        let mut changed = differences(&old.current.config, &built.current.config);
        // What no configuration shows: the password of a forward proxy.
        if changed.is_empty() && old.current.config != built.current.config {
            changed.push("a secret".to_owned());
        }
        if old.named != built.named {
            changed.push("a file that is named".to_owned());
        }
        if old.model != built.model {
            changed.push("the model's files".to_owned());
        }
        // From here on nothing fails.
        self.level.set(&built.current.config.log.level);
        self.live.exchange(built.service.clone(), &built.current.config, built.current.access.clone());
        self.running.is_now(built.current.clone());
        self.built = built;
        Ok(changed)
    }

    /// Reads the configuration, and watches the files that it was read from as they were then.
    fn read(&self, watch: &mut Watch) -> Result<Config> {
        // What is wrong now is told of once, and again only after another change.
        *watch = Watch::of(self.source.file(), &self.built.current.config);
        let (config, seen) = self.source.read_to_watch()?;
        *watch = seen;
        Ok(config)
    }
}

/// Refuses what only a restart can change.
fn frozen(old: &Config, new: &Config) -> Result<()> {
    let keys = [
        ("listen", old.listen != new.listen),
        ("admin", old.admin != new.admin),
        // The files that it names are read again by themselves.
        ("tls", old.tls != new.tls),
        ("log.format", old.log.format != new.log.format),
        // A process has room for one ONNX Runtime.
        ("classifier.runtime", old.classifier.runtime != new.classifier.runtime),
    ];
    experiments_stay(old, new)?;
    match keys.iter().find(|(_, differs)| *differs) {
        None => Ok(()),
        Some((key, _)) => Err(Error::config(format!(
            "`{key}` cannot change while serving: restart groundwire, or put back the value that it had. Nothing of the new \
             configuration is in force"
        ))),
    }
}

/// Arms and weights are fixed for the life of a version: units would move, and what came of them could not be told apart.
fn experiments_stay(old: &Config, new: &Config) -> Result<()> {
    match new.changed_experiment(old) {
        None => Ok(()),
        Some(name) => Err(Error::config(format!(
            "the experiment `{name}` changed in more than `enrol` while it runs: give it another `version`, whose data is kept \
             apart, or put back the values that it had. Nothing of the new configuration is in force"
        ))),
    }
}

/// The keys whose values differ, without the values: they may be secret.
fn differences(old: &Config, new: &Config) -> Vec<String> {
    fn walk(path: &str, old: &toml::Table, new: &toml::Table, found: &mut Vec<String>) {
        let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match (old.get(name), new.get(name)) {
                (Some(toml::Value::Table(old)), Some(toml::Value::Table(new))) => walk(&path, old, new, found),
                (old, new) if old != new => found.push(path),
                _ => {}
            }
        }
    }
    let table = |config| toml::Table::try_from(config).unwrap_or_default();
    let mut found = Vec::new();
    walk("", &table(old), &table(new), &mut found);
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn config(more: &str) -> Config {
        Config::from_toml(&format!("upstream = \"http://h\"\n{more}"), "f", &Overrides::default()).unwrap()
    }

    #[test]
    fn what_differs_is_named_and_what_may_stay_stays() {
        let old = config("");
        for (more, named, upstream, classifier) in [
            ("", "", true, true),
            ("policy = \"off\"", "policy", true, true),
            ("[classifier]\nreplies = false", "classifier.replies", true, true),
            ("[classifier]\ndeadline = \"1s\"\ncache = 1", "classifier.cache, classifier.deadline", true, false),
            (
                "[limits]\nmax-body = \"1MiB\"\nheader-count = 50\nin-flight = 1",
                "limits.header-count, limits.in-flight, limits.max-body",
                true,
                true,
            ),
            ("[limits]\nconnect-timeout = \"1s\"", "limits.connect-timeout", false, true),
            ("[limits]\nresponse-head-timeout = \"1s\"", "limits.response-head-timeout", false, true),
            ("upstream-ca = \"ca.pem\"", "upstream-ca", false, true),
            ("[policies.p]\nrules = []", "policies", true, true),
            ("[phrases.en.clarify]\nsteer = \"Ask.\"", "phrases", true, true),
        ] {
            let new = config(more);
            assert_eq!(differences(&old, &new).join(", "), named);
            assert_eq!((same_upstream(&old, &new), same_classifier(&old, &new)), (upstream, classifier), "{more}");
            assert!(frozen(&old, &new).is_ok());
        }
    }

    #[test]
    fn what_only_a_restart_can_change_is_refused_by_name() {
        let old = config("");
        for (more, key) in [
            ("listen = \"127.0.0.1:1\"", "`listen`"),
            ("admin = \"off\"", "`admin`"),
            ("[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"", "`tls`"),
            ("[log]\nformat = \"json\"", "`log.format`"),
            ("[classifier]\nruntime = \"lib.so\"", "`classifier.runtime`"),
        ] {
            let error = frozen(&old, &config(more)).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains("restart"), "{error}");
        }
    }
}
