//! From a configuration to a grounder and what stands around it.

use std::io::stdout;
use std::sync::Arc;
use std::time::Duration;

use super::retire::{Retirement, Retiring};
use crate::act::Phrases;
use crate::classify::{NoClassifier, OnnxClassifier, PoolOptions};
use crate::config::{Config, LogFormat, Model, OrOff, Period, RecordsTo, TrustedHeader};
use crate::dialogue::IdentityKey;
use crate::engine::{Grounder, GrounderBuilder};
use crate::error::{Error, Result};
use crate::observe::store::{Store, StoreOptions};
use crate::observe::{Appended, JsonLines, Metrics, Recent, Reopen};
use crate::proxy::AccessLog;

/// A thread that hangs is written off after this, or after twice the deadline where that is longer.
const STALL_AFTER: Duration = Duration::from_millis(500);

/// How long a judgement may take that nobody waits for, on a machine that may be busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// What outlives every configuration of a process.
#[derive(Clone)]
pub(super) struct Lasting {
    pub(super) metrics: Arc<Metrics>,
    pub(super) recent: Recent,
    pub(super) reopen: Reopen,
    pub(super) retirement: Retirement,
}

/// Loads and warms the classifier; `None` where it is off. Takes some 100 ms of a thread.
///
/// # Errors
/// If the model or its runtime does not load, or does not judge a turn.
pub(super) fn classifier(config: &Config, lasting: &Lasting) -> Result<Option<Retiring<OnnxClassifier>>> {
    let deadline = config.classifier.deadline.0;
    Ok(judge(config, deadline, STALL_AFTER.max(deadline * 2))?.map(|built| lasting.retirement.of(built)))
}

/// The grounder of a command that decides about conversations of which nobody waits for the answer: told to nobody, and with
/// as much time for each judgement as it takes.
///
/// Where the configuration has an identity key that is not there, or none, identities are those of no server.
///
/// # Errors
/// As [`classifier`].
pub(super) fn offline(config: &Config) -> Result<Grounder> {
    let policy = config.decides();
    let builder = match judge(config, PATIENCE, PATIENCE * 2)? {
        Some(classifier) => Grounder::builder(classifier, policy),
        None => Grounder::builder(NoClassifier, policy),
    };
    let key = match &config.identity_key {
        Some(source) => source.load().unwrap_or_else(|error| {
            tracing::warn!(%error, "identities are not those of a server with this configuration");
            IdentityKey::derive(b"offline")
        }),
        None => IdentityKey::derive(b"offline"),
    };
    Ok(settings(builder.identity_key(key), config).build())
}

fn judge(config: &Config, deadline: Duration, stall_after: Duration) -> Result<Option<OnnxClassifier>> {
    let wanted = &config.classifier;
    let builder = match &wanted.model {
        Model::Off => return Ok(None),
        Model::Builtin => OnnxClassifier::builder(),
        Model::Folder(folder) => OnnxClassifier::builder().model_folder(folder),
    };
    let builder = match &wanted.runtime {
        Some(library) => builder.runtime(library),
        None => builder,
    };
    let pool = PoolOptions::default()
        .threads(wanted.threads.get())
        .queue(wanted.queue.get())
        .deadline(deadline)
        .stall_after(stall_after)
        .cache(wanted.cache.get())
        .reply_share(wanted.reply_share.get());
    builder.base_rate(wanted.base_rate.get()).pool(pool).build().map(Some)
}

/// Starts to write records; `None` where they are off.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn records(config: &Config, lasting: &Lasting) -> Result<Option<Retiring<JsonLines>>> {
    let queue = config.records.queue.get();
    let lines = match &config.records.to {
        RecordsTo::Off => return Ok(None),
        RecordsTo::Stdout => JsonLines::new(stdout(), queue)?,
        RecordsTo::File(path) => JsonLines::new(Appended::open(path, lasting.reopen.clone())?, queue)?,
    };
    Ok(Some(lasting.retirement.of(lines)))
}

/// Starts to write the store; `None` where there is none. A store that cannot be reached is no error: requests are served, and it
/// is tried again.
///
/// # Errors
/// If the configuration does not say where it is.
pub(super) fn store(config: &Config, lasting: &Lasting) -> Result<Option<Retiring<Store>>> {
    let designs = config.designs();
    let Some(place) = config.store.url.resolve(!designs.is_empty())? else { return Ok(None) };
    let wanted = &config.store;
    let kept = |time: OrOff<Period>| time.on().map(|period| period.0);
    let options = StoreOptions::default()
        .writing(wanted.queue.get(), wanted.batch.get(), wanted.flush.0)
        .keeping(kept(wanted.retention), kept(wanted.rollup_retention));
    let store = Store::start(place.parse()?, options)?;
    for design in designs {
        // The queue is new, and has room for more experiments than there are.
        let _ = store.declare(design);
    }
    Ok(Some(lasting.retirement.of(store)))
}

/// Starts the access log; `None` where it is off.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn access(config: &Config, lasting: &Lasting) -> Result<Option<AccessLog>> {
    let pretty = match config.log.format {
        LogFormat::Auto => None,
        LogFormat::Pretty => Some(true),
        LogFormat::Json => Some(false),
    };
    Ok(match &config.log.access {
        RecordsTo::Off => None,
        RecordsTo::Stdout => Some(AccessLog::to_stdout(pretty)),
        RecordsTo::File(path) => Some(AccessLog::to_file(path, pretty, lasting.reopen.clone())?),
    })
}

/// The grounder of this configuration. `key` is that of all identities where the configuration names none.
///
/// # Errors
/// If the identity key is not where the configuration says.
pub(super) fn grounder(
    config: &Config,
    classifier: Option<Retiring<OnnxClassifier>>,
    records: Option<Retiring<JsonLines>>,
    store: Option<Retiring<Store>>,
    key: Option<IdentityKey>,
    lasting: &Lasting,
) -> Result<Grounder> {
    let policy = config.decides();
    let builder = match classifier {
        Some(classifier) => Grounder::builder(classifier, policy),
        None => Grounder::builder(NoClassifier, policy),
    };
    let builder = builder.observer(Arc::clone(&lasting.metrics)).observer(lasting.recent.clone());
    let builder = match records {
        Some(records) => builder.observer(records),
        None => builder,
    };
    let builder = match store {
        Some(store) => builder.observer(store),
        None => builder,
    };
    let key = match &config.identity_key {
        Some(source) => Some(source.load()?),
        None => key,
    };
    let builder = match key {
        Some(key) => builder.identity_key(key),
        None => builder,
    };
    let phrases = Phrases::new(&config.phrases).map_err(|wrong| Error::config(wrong.to_string()))?;
    Ok(settings(builder.phrases(phrases), config).build())
}

/// All that decisions depend on beside the policy and the classifier.
fn settings(builder: GrounderBuilder, config: &Config) -> GrounderBuilder {
    let builder = match config.experiments() {
        Some(experiments) => builder.experiments(experiments),
        None => builder,
    };
    let builder = builder.calibrated_to(config.classifier.base_rate.get());
    builder.configure(|settings| {
        settings.tools = config.tools;
        settings.routes = config.routes();
        settings.replies = config.classifier.replies;
        settings.body_cap = config.limits.classify_bytes.as_usize();
        settings.decoded_cap = config.limits.decoded_bytes.as_usize();
        settings.text_cap = config.limits.text_bytes.as_usize();
        settings.debug_headers = config.debug_headers;
        settings.trust_mode = config.trust_headers.contains(&TrustedHeader::Mode);
        settings.trust_domain = config.trust_headers.contains(&TrustedHeader::Domain);
        settings.trust_conversation = config.trust_headers.contains(&TrustedHeader::Conversation);
        settings.trust_user = config.trust_headers.contains(&TrustedHeader::User);
    })
}
