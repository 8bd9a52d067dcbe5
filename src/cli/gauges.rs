//! The state of the configuration, of the classifier's threads and of what is written, read at each scrape.

use std::fmt;
use std::time::UNIX_EPOCH;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;

use super::running::{Reloads, Running, State};
use crate::classify::OnnxClassifier;
use crate::observe::store::StoreStats;

/// Shows what is there once it is there: a server is scraped before its model is loaded.
pub(super) struct Gauges(pub(super) Running);

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let State { current, reloads } = self.0.state();
        info(&mut encoder, "build", "The version that runs", &[("version", env!("CARGO_PKG_VERSION"))])?;
        encode_reloads(&mut encoder, &reloads)?;
        let Some(current) = current else { return Ok(()) };
        let labels = [("config", &*current.hashes.decisions), ("whole", &*current.hashes.whole)];
        info(&mut encoder, "config", "The configuration that serves: hash of what decides, hash of all", &labels)?;
        let since = current.since.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        gauge(
            &mut encoder,
            "config_loaded_timestamp_seconds",
            "When it was loaded, in seconds since 1970",
            since as usize,
        )?;
        if let Some(classifier) = current.classifier() {
            encode_classifier(&mut encoder, classifier)?;
        }
        if let Some(records) = current.records() {
            let stats = records.stats();
            counter(&mut encoder, "records_written", "Records written", stats.written)?;
            counter(&mut encoder, "records_dropped", "Records dropped because the queue was full", stats.dropped)?;
            counter(&mut encoder, "records_failed", "Records that could not be written", stats.failed)?;
        }
        if let Some(store) = current.store() {
            encode_store(&mut encoder, &store.stats())?;
        }
        if let Some(access) = &current.access {
            let help = "Lines of the access log dropped because the queue was full";
            counter(&mut encoder, "access_lines_dropped", help, access.dropped() as u64)?;
        }
        Ok(())
    }
}

fn encode_store(encoder: &mut DescriptorEncoder<'_>, stats: &StoreStats) -> fmt::Result {
    let queued = usize::try_from(stats.queued).unwrap_or(usize::MAX);
    gauge(encoder, "store_queued", "Turns that wait to be stored", queued)?;
    gauge(encoder, "store_connected", "Whether the store is there", usize::from(stats.connected))?;
    counter(encoder, "store_written", "Turns stored", stats.written)?;
    counter(encoder, "store_known", "Turns not stored because they already were", stats.known)?;
    let dropped = "Turns not stored because the queue was full, or because the store was not there at the end";
    counter(encoder, "store_dropped", dropped, stats.dropped)?;
    counter(encoder, "store_failed", "Turns that the store refused", stats.failed)?;
    counter(encoder, "store_outcomes", "Outcomes of the application's own stored", stats.outcomes)?;
    counter(encoder, "store_rolled", "Units rolled up", stats.rolled)
}

fn encode_reloads(encoder: &mut DescriptorEncoder<'_>, reloads: &Reloads) -> fmt::Result {
    let help = "Reloads of the configuration by what came of them";
    let mut family = encoder.encode_descriptor("reloads", help, None, MetricType::Counter)?;
    let outcomes = [("applied", reloads.applied), ("unchanged", reloads.unchanged), ("refused", reloads.refused)];
    for (outcome, count) in outcomes {
        ConstCounter::new(count).encode(family.encode_family(&[("outcome", outcome)])?)?;
    }
    let fine = usize::from(reloads.error.is_none());
    gauge(encoder, "config_last_reload_successful", "0 while the last reload was refused", fine)
}

fn encode_classifier(encoder: &mut DescriptorEncoder<'_>, classifier: &OnnxClassifier) -> fmt::Result {
    let stats = classifier.stats();
    let mut gauge = |name, help, value| gauge(encoder, name, help, value);
    gauge("classifier_threads", "Threads that the classifier is meant to have", stats.threads)?;
    gauge("classifier_queued", "Turns in the classifier's queue", stats.queued)?;
    gauge("classifier_replies_queued", "Replies that wait to be read", stats.replies_queued)?;
    gauge("classifier_running", "Classifier threads in a run", stats.running)?;
    gauge("classifier_written_off", "Classifier threads that hung and have not come back", stats.written_off)?;
    gauge("classifier_able", "Whether any classifier thread can take a turn", usize::from(stats.able))?;
    gauge("classifier_remembered", "Judgements in memory", classifier.remembered())?;
    let counts = stats.counts;
    let mut counter = |name, help, value| counter(encoder, name, help, value);
    counter("classifier_judged", "Turns judged, late ones included", counts.judged)?;
    counter("classifier_failed", "Runs of the model that ended in an error", counts.failed)?;
    counter("classifier_panicked", "Runs of the model that panicked", counts.panicked)?;
    counter("classifier_replies_read", "Replies read for their acts", counts.replies_read)?;
    counter("classifier_replies_recalled", "Replies whose acts were known from before", counts.replies_recalled)?;
    counter("classifier_replies_declined", "Replies not read: not in English", counts.replies_declined)?;
    counter("classifier_replies_failed", "Replies whose run failed or panicked", counts.replies_failed)?;
    counter(
        "classifier_replies_dropped",
        "Replies not read: too many waited, one waited too long, or its run hung",
        counts.replies_dropped,
    )?;
    counter("classifier_replaced", "Classifier threads started in the place of others", counts.replaced)
}

fn info(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, labels: &[(&'static str, &str)]) -> fmt::Result {
    let labels: Vec<_> = labels.iter().map(|&(name, value)| (name, value.to_owned())).collect();
    let info = Info::new(labels);
    info.encode(encoder.encode_descriptor(name, help, None, info.metric_type())?)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: usize) -> fmt::Result {
    let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauges").finish_non_exhaustive()
    }
}
