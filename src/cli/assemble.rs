//! From a configuration to a grounder and what stands around it.

use std::io::stdout;
use std::sync::Arc;
use std::time::Duration;

use crate::classify::{NoClassifier, OnnxClassifier, PoolOptions};
use crate::config::{Config, Model, RecordsTo, TrustedHeader};
use crate::engine::{Grounder, GrounderBuilder};
use crate::error::Result;
use crate::observe::{JsonLines, Metrics};

/// A thread that hangs is written off after this, or after twice the deadline where that is longer.
const STALL_AFTER: Duration = Duration::from_millis(500);

/// Loads and warms the classifier; `None` where it is off. Takes some 100 ms of a thread.
pub(super) fn classifier(config: &Config) -> Result<Option<Arc<OnnxClassifier>>> {
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
        .deadline(wanted.deadline.0)
        .stall_after(STALL_AFTER.max(wanted.deadline.0 * 2))
        .cache(wanted.cache.get())
        .reply_share(wanted.reply_share.get());
    let built = builder.base_rate(wanted.base_rate.get()).pool(pool).build()?;
    Ok(Some(Arc::new(built)))
}

/// Starts to write records; `None` where they are off.
pub(super) fn records(config: &Config) -> Result<Option<Arc<JsonLines>>> {
    let queue = config.records.queue.get();
    let lines = match &config.records.to {
        RecordsTo::Off => return Ok(None),
        RecordsTo::Stdout => JsonLines::new(stdout(), queue)?,
        RecordsTo::File(path) => JsonLines::append(path, queue)?,
    };
    Ok(Some(Arc::new(lines)))
}

/// The grounder of this configuration.
///
/// # Errors
/// If the identity key is not where the configuration says.
pub(super) fn grounder(
    config: &Config,
    classifier: Option<Arc<OnnxClassifier>>,
    records: Option<Arc<JsonLines>>,
    metrics: Arc<Metrics>,
) -> Result<Grounder> {
    let policy = config.rules();
    let builder = match classifier {
        Some(classifier) => Grounder::builder(classifier, policy),
        None => Grounder::builder(NoClassifier, policy),
    };
    let builder = builder.observer(metrics);
    let builder = match records {
        Some(records) => builder.observer(records),
        None => builder,
    };
    let builder = match &config.identity_key {
        Some(source) => builder.identity_key(source.load()?),
        None => builder,
    };
    Ok(settings(builder, config).build())
}

fn settings(builder: GrounderBuilder, config: &Config) -> GrounderBuilder {
    builder.configure(|settings| {
        settings.tools = config.tools;
        settings.replies = config.classifier.replies;
        settings.body_cap = config.limits.classify_bytes.as_usize();
        settings.text_cap = config.limits.text_bytes.as_usize();
        settings.debug_headers = config.debug_headers;
        settings.trust_mode = config.trust_headers.contains(&TrustedHeader::Mode);
        settings.trust_conversation = config.trust_headers.contains(&TrustedHeader::Conversation);
    })
}
