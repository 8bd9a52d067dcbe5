//! What the transport counts, beside the turns that observers count.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::FaultKind;

/// Connections, requests in flight, and faults. Cheap to clone; all clones count together.
///
/// | metric | labels | meaning |
/// |---|---|---|
/// | `connections` | | clients' connections that are open, tunnels included |
/// | `requests_in_flight` | | requests whose response is not over |
/// | `faults_total` | `origin`, `kind` | requests answered with an error of ours |
/// | `broken_responses_total` | | responses that broke off after their head |
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub(super) connections: Gauge,
    pub(super) requests: Gauge,
    pub(super) broken_responses: Counter,
    faults: Family<FaultLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FaultLabels {
    origin: &'static str,
    kind: &'static str,
}

impl Counts {
    /// Has a registry show these counts.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("connections", "Clients' connections that are open", self.connections.clone());
        registry.register("requests_in_flight", "Requests whose response is not over", self.requests.clone());
        registry.register("faults", "Requests answered with an error of ours", self.faults.clone());
        let help = "Responses that broke off after their head";
        registry.register("broken_responses", help, self.broken_responses.clone());
    }

    pub(super) fn fault(&self, kind: FaultKind) {
        self.faults.get_or_create(&FaultLabels { origin: kind.origin(), kind: kind.as_str() }).inc();
    }
}
