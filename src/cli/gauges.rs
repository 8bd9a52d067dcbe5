//! The state of the classifier's pool and of the records' queue, read when metrics are scraped.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::classify::OnnxClassifier;
use crate::observe::JsonLines;

/// Has `registry` show the states.
///
/// | metric | meaning |
/// |---|---|
/// | `classifier_able` | 1 where a turn would find a thread that works |
/// | `classifier_queued`, `_running`, `_written_off` | turns in the queue; threads in a run; threads that hung and were replaced |
/// | `classifier_judged_total`, `_abandoned_total`, `_replaced_total` | turns judged; turns nobody waited for; threads replaced |
/// | `classifier_remembered` | judgements in the cache |
/// | `records_written_total`, `_dropped_total`, `_failed_total` | what became of records |
pub(super) fn register(
    registry: &mut Registry,
    classifier: Option<Arc<OnnxClassifier>>,
    records: Option<Arc<JsonLines>>,
) {
    registry.register_collector(Box::new(States { classifier, records }));
}

struct States {
    classifier: Option<Arc<OnnxClassifier>>,
    records: Option<Arc<JsonLines>>,
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States").finish_non_exhaustive()
    }
}

impl Collector for States {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        if let Some(classifier) = &self.classifier {
            let stats = classifier.stats();
            let signed = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            for (name, help, value) in [
                ("classifier_able", "Whether a turn would find a thread that works", i64::from(stats.able)),
                ("classifier_queued", "Turns in the queue", signed(stats.queued)),
                ("classifier_running", "Threads in a run", signed(stats.running)),
                ("classifier_written_off", "Threads that hung and were replaced", signed(stats.written_off)),
                ("classifier_remembered", "Judgements in the cache", signed(classifier.remembered())),
            ] {
                let gauge = ConstGauge::new(value);
                gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
            }
            for (name, help, value) in [
                ("classifier_judged", "Turns judged", stats.counts.judged),
                ("classifier_abandoned", "Turns nobody waited for any more", stats.counts.abandoned),
                ("classifier_replaced", "Threads started in the place of others", stats.counts.replaced),
            ] {
                count(&mut encoder, name, help, value)?;
            }
        }
        if let Some(records) = &self.records {
            let stats = records.stats();
            count(&mut encoder, "records_written", "Records written", stats.written)?;
            count(&mut encoder, "records_dropped", "Records dropped because the queue was full", stats.dropped)?;
            count(&mut encoder, "records_failed", "Records that the sink refused", stats.failed)?;
        }
        Ok(())
    }
}

fn count(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result<(), fmt::Error> {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}
