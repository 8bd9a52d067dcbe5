//! What the transport counts, beside the turns that observers count.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

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
/// | `upstream_responses_total` | `class` | responses of the upstream by the class of their status: `1xx` (a switch of protocols) to `5xx` |
/// | `upstream_head_seconds` | | from a request going on until the head of the upstream's response |
/// | `accepts_failed_total` | | clients that the system refused to accept, mostly for want of file descriptors |
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
    upstream: Family<ClassLabel, Counter>,
    upstream_head: UpstreamHead,
    pub(super) accepts_failed: Counter,
    /// Requests that were let in: those that `in-flight` bounds.
    pub(super) admitted: Arc<AtomicUsize>,
    certificates: Family<OutcomeLabel, Counter>,
    readiness: Readiness,
}

/// A histogram of the times that upstreams take to begin.
#[derive(Clone, Debug)]
struct UpstreamHead(Histogram);

impl Default for UpstreamHead {
    fn default() -> Self {
        Self(Histogram::new([0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0, 30.0, 60.0]))
    }
}

/// The classes of a status, by its first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabel {
    class: &'static str,
}

/// The reasons of a failed connection.
const FAILURES: [&str; 9] = [
    "bad_head",
    "head_too_large",
    "head_too_slow",
    "client_left",
    "plain_http",
    "tls_handshake",
    "tls_too_slow",
    "http2",
    "broken",
];

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
        registry.register(
            "upstream_responses",
            "Responses of the upstream by the class of their status",
            self.upstream.clone(),
        );
        let help = "From a request going on until the head of the upstream's response";
        registry.register_with_unit("upstream_head", help, Unit::Seconds, self.upstream_head.0.clone());
        let help = "Clients that the system refused to accept";
        registry.register("accepts_failed", help, self.accepts_failed.clone());
        registry.register("certificate_reads", "Times the certificate was read anew", self.certificates.clone());
        registry.register_collector(Box::new(self.readiness.clone()));
        self.begin_at_zero();
    }

    /// Has what is known beforehand shown from the first scrape on: a counter that begins with its first event hides that
    /// one from `rate()`.
    fn begin_at_zero(&self) {
        for kind in FaultKind::ALL {
            drop(self.faults.get_or_create(&FaultLabels { origin: kind.origin(), kind: kind.as_str() }));
        }
        for reason in FAILURES {
            drop(self.failed.get_or_create(&ReasonLabel { reason }));
        }
        for outcome in ["ok", "failed"] {
            drop(self.certificates.get_or_create(&OutcomeLabel { outcome }));
        }
        for class in CLASSES {
            drop(self.upstream.get_or_create(&ClassLabel { class }));
        }
    }

    /// The upstream answered with `status`, `took` after the request went on.
    pub(super) fn upstream_answered(&self, status: StatusCode, took: Duration) {
        if let Some(class) = CLASSES.get(usize::from(status.as_u16() / 100).wrapping_sub(1)) {
            self.upstream.get_or_create(&ClassLabel { class }).inc();
        }
        self.upstream_head.0.observe(took.as_secs_f64());
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
