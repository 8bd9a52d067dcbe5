//! The state of the classifier's threads and of the record writer, read at each scrape.

use std::fmt;
use std::sync::{Arc, OnceLock};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::classify::OnnxClassifier;
use crate::observe::JsonLines;

/// Shows what is there once it is there: a server is scraped before its model is loaded.
#[derive(Clone, Default)]
pub(super) struct Gauges {
    pub(super) classifier: Arc<OnceLock<Arc<OnnxClassifier>>>,
    pub(super) records: Arc<OnceLock<Arc<JsonLines>>>,
}

impl Gauges {
    /// What is wrong while requests pass all the same.
    pub(super) fn ailment(&self) -> Option<String> {
        let classifier = self.classifier.get().filter(|classifier| !classifier.is_able())?;
        let stats = classifier.stats();
        Some(format!(
            "the classifier takes no turns ({} of its threads hang, {} are meant to work); requests pass unjudged",
            stats.written_off, stats.threads
        ))
    }
}

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        if let Some(classifier) = self.classifier.get() {
            let stats = classifier.stats();
            let mut gauge = |name, help, value: usize| {
                let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
                gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
            };
            gauge("classifier_threads", "Threads that the classifier is meant to have", stats.threads)?;
            gauge("classifier_queued", "Turns in the classifier's queue", stats.queued)?;
            gauge("classifier_replies_queued", "Replies that wait to be read", stats.replies_queued)?;
            gauge("classifier_running", "Classifier threads in a run", stats.running)?;
            gauge("classifier_written_off", "Classifier threads that hung and have not come back", stats.written_off)?;
            gauge("classifier_able", "Whether any classifier thread can take a turn", usize::from(stats.able))?;
            gauge("classifier_remembered", "Judgements in memory", classifier.remembered())?;
            let counts = stats.counts;
            let mut counter = counter(&mut encoder);
            counter("classifier_judged", "Turns judged, late ones included", counts.judged)?;
            counter("classifier_failed", "Runs of the model that ended in an error", counts.failed)?;
            counter("classifier_panicked", "Runs of the model that panicked", counts.panicked)?;
            counter("classifier_replies_read", "Replies read for their acts", counts.replies_read)?;
            counter(
                "classifier_replies_recalled",
                "Replies whose acts were known from before",
                counts.replies_recalled,
            )?;
            counter("classifier_replies_declined", "Replies not read: not in English", counts.replies_declined)?;
            counter("classifier_replies_failed", "Replies whose run failed or panicked", counts.replies_failed)?;
            counter(
                "classifier_replies_dropped",
                "Replies not read: too many waited, one waited too long, or its run hung",
                counts.replies_dropped,
            )?;
            counter("classifier_replaced", "Classifier threads started in the place of others", counts.replaced)?;
        }
        if let Some(records) = self.records.get() {
            let stats = records.stats();
            let mut counter = counter(&mut encoder);
            counter("records_written", "Records written", stats.written)?;
            counter("records_dropped", "Records dropped because the queue was full", stats.dropped)?;
            counter("records_failed", "Records that could not be written", stats.failed)?;
        }
        Ok(())
    }
}

/// Writes counters with `encoder`.
fn counter(encoder: &mut DescriptorEncoder<'_>) -> impl FnMut(&str, &str, u64) -> fmt::Result {
    |name, help, value| {
        let counter = ConstCounter::new(value);
        counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
    }
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauges").finish_non_exhaustive()
    }
}
