//! What the transport counts, beside the turns that observers count.

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::FaultKind;
use super::readiness::Readiness;

/// Connections, requests in flight, and faults. Cheap to clone; all clones count together.
///
/// | metric | labels | meaning |
/// |---|---|---|
/// | `connections` | | clients' connections that are open, tunnels included |
/// | `connections_failed_total` | `reason` | clients' connections that ended in an error: see below |
/// | `requests_in_flight` | | requests whose response is not over |
/// | `certificate_reads_total` | `outcome` | times the certificate was read anew: `ok`, or `failed` and the old one stays |
/// | `faults_total` | `origin`, `kind` | requests answered with an error of ours |
/// | `broken_responses_total` | | responses that broke off after their head |
/// | `interim_responses_total` | `status` | 1xx responses of an HTTP/1.1 upstream, none of which goes on |
/// | `ready_state` | `state` | 1 for the state that `/readyz` tells, 0 for the others |
///
/// The reasons of a failed connection: `bad_head` (no HTTP; answered with an empty 400), `head_too_large` (answered with
/// an empty 431 or 414), `head_too_slow` (closed unanswered), `client_left` (in the middle of a head; of one that leaves
/// later, the request's record tells), `plain_http` (clear text where TLS is spoken; answered with a 400), `tls_handshake`
/// (one that failed), `tls_too_slow` (one that took longer than `handshake-timeout`), `http2` (an error of the protocol), `broken` (anything else, mostly a reset).
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub(super) connections: Gauge,
    pub(super) requests: Gauge,
    pub(super) broken_responses: Counter,
    faults: Family<FaultLabels, Counter>,
    failed: Family<ReasonLabel, Counter>,
    interim: Family<StatusLabel, Counter>,
    certificates: Family<OutcomeLabel, Counter>,
    readiness: Readiness,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FaultLabels {
    origin: &'static str,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: u16,
}

impl Counts {
    pub(super) fn of(readiness: Readiness) -> Self {
        Self { readiness, ..Self::default() }
    }

    /// Has a registry show these counts.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("connections", "Clients' connections that are open", self.connections.clone());
        registry.register("connections_failed", "Clients' connections that ended in an error", self.failed.clone());
        registry.register("requests_in_flight", "Requests whose response is not over", self.requests.clone());
        registry.register("faults", "Requests answered with an error of ours", self.faults.clone());
        let help = "Responses that broke off after their head";
        registry.register("broken_responses", help, self.broken_responses.clone());
        let help = "Interim responses of an HTTP/1.1 upstream, none of which goes on";
        registry.register("interim_responses", help, self.interim.clone());
        registry.register("certificate_reads", "Times the certificate was read anew", self.certificates.clone());
        registry.register_collector(Box::new(self.readiness.clone()));
    }

    pub(super) fn fault(&self, kind: FaultKind) {
        self.faults.get_or_create(&FaultLabels { origin: kind.origin(), kind: kind.as_str() }).inc();
    }

    pub(super) fn certificates_read(&self, ok: bool) {
        self.certificates.get_or_create(&OutcomeLabel { outcome: if ok { "ok" } else { "failed" } }).inc();
    }

    pub(super) fn connection_failed(&self, reason: &'static str) {
        self.failed.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Counts the interim responses that an HTTP/1.1 upstream sends to this request.
    ///
    /// hyper's server cannot send any but the 100 that is its own, so nothing else can be done with them.
    pub(super) fn count_interim<B>(&self, request: &mut http::Request<B>) {
        let interim = self.interim.clone();
        hyper::ext::on_informational(request, move |response| {
            let status: StatusCode = response.status();
            interim.get_or_create(&StatusLabel { status: status.as_u16() }).inc();
        });
    }
}
