//! Whether requests are served, and whether all of what serving them is for works.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use http::StatusCode;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// Says something, where there is something to say: what is wrong with a server that serves all the same.
type Ailment = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// Whether requests are served. Clones are one.
#[derive(Clone, Default)]
pub(super) struct Readiness(Arc<Inner>);

#[derive(Default)]
struct Inner {
    phase: AtomicU8,
    ailment: OnceLock<Ailment>,
    config: OnceLock<Ailment>,
}

const READY: u8 = 1;
const DRAINING: u8 = 2;

/// Every state, as `/readyz` begins and as the metric names it.
const STATES: [&str; 4] = ["starting", "ready", "degraded", "draining"];

impl Readiness {
    pub(super) fn ready(&self) {
        self.0.phase.store(READY, Ordering::Release);
    }

    pub(super) fn drain(&self) {
        self.0.phase.store(DRAINING, Ordering::Release);
    }

    /// Has `ailment` asked, from now on, whether a server that is ready is degraded. Only the first one is.
    pub(super) fn watch(&self, ailment: impl Fn() -> Option<String> + Send + Sync + 'static) {
        let _ = self.0.ailment.set(Box::new(ailment));
    }

    /// Has `config` asked, from now on, which configuration serves. Only the first one is.
    pub(super) fn name(&self, config: impl Fn() -> Option<String> + Send + Sync + 'static) {
        let _ = self.0.config.set(Box::new(config));
    }

    /// The state, and what is wrong where it is `degraded`.
    fn state(&self) -> (&'static str, Option<String>) {
        match self.0.phase.load(Ordering::Acquire) {
            READY => match self.0.ailment.get().and_then(|ailment| ailment()) {
                None => ("ready", None),
                Some(why) => ("degraded", Some(why)),
            },
            DRAINING => ("draining", None),
            _ => ("starting", None),
        }
    }

    /// What a probe is told: the state, and on a line of its own which configuration serves.
    pub(super) fn tell(&self) -> (StatusCode, Cow<'static, str>) {
        let (status, state) = self.say();
        match self.0.config.get().and_then(|config| config()) {
            None => (status, state),
            Some(config) => (status, format!("{state}{config}\n").into()),
        }
    }

    /// What a probe is told first. A degraded server passes requests on, so it is as ready as a healthy one: taking it out of
    /// rotation would turn a broken model into an outage.
    pub(super) fn say(&self) -> (StatusCode, Cow<'static, str>) {
        match self.state() {
            ("ready", _) => (StatusCode::OK, "ready\n".into()),
            (state, Some(why)) => (StatusCode::OK, format!("{state}: {why}\n").into()),
            (state, None) => (StatusCode::SERVICE_UNAVAILABLE, format!("{state}\n").into()),
        }
    }
}

impl Collector for Readiness {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let (state, _) = self.state();
        let help = "1 for the state the server is in: starting, ready, degraded (serving unjudged) or draining";
        let mut family = encoder.encode_descriptor("ready_state", help, None, MetricType::Gauge)?;
        for name in STATES {
            let is = ConstGauge::new(i64::from(name == state));
            is.encode(family.encode_family(&[("state", name)])?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readiness").field(&self.state().0).finish()
    }
}
