//! Counters and histograms in the Prometheus text format.

use std::sync::{Arc, OnceLock};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::{Ending, Observer, Record};
use crate::dialogue::{Bypass, Delivery, GroundingAct, Label};
use crate::wire::Dialect;

/// Counts what happens; cheap enough to be always on.
///
/// | metric | labels | meaning |
/// |---|---|---|
/// | `groundwire_turns_total` | `dialect` | chat calls |
/// | `groundwire_acts_total` | `act`, `delivery`, `gap` | acts performed, or decided on under `observe` |
/// | `groundwire_steered_total` | `act`, `complied` | replies that were steered, and whether they do what was asked for: `yes`, `no`, `unknown` |
/// | `groundwire_leaks_total` | `act` | of these, replies that quote the instruction |
/// | `groundwire_bypasses_total` | `reason` | requests that went through unjudged or without their act |
/// | `groundwire_responses_total` | `status`, `ending` | how exchanges ended |
/// | `groundwire_judge_seconds` | | from asking the classifier until its answer |
/// | `groundwire_overhead_seconds` | `judged` | from accept of the head until the request went on: classification included, and the time that the client took for its body |
/// | `groundwire_own_seconds` | | the same without the client's time: from the body being there |
/// | `groundwire_first_token_seconds` | | from the request going on until the reply's first text |
/// | `groundwire_tokens_total` | `kind` | tokens that the upstream reports: prompt, cached, completion |
pub struct Metrics {
    registry: Registry,
    turns: Family<DialectLabel, Counter>,
    acts: Family<ActLabels, Counter>,
    steered: Family<CompliedLabels, Counter>,
    leaks: Family<ActLabel, Counter>,
    bypasses: Family<ReasonLabel, Counter>,
    responses: Family<ResponseLabels, Counter>,
    tokens: Family<KindLabel, Counter>,
    judge: Histogram,
    overhead: Family<JudgedLabel, Histogram, fn() -> Histogram>,
    own: Histogram,
    first_token: Histogram,
    usual: Usual,
}

/// Counters that nearly every turn counts up, looked up once: to find one in its family takes a lock, and a hash over each
/// of its labels. A counter is still only shown once something was counted.
#[derive(Default)]
struct Usual {
    turns: [OnceLock<Counter>; Dialect::ALL.len()],
    complete: OnceLock<Counter>,
    tokens: [OnceLock<Counter>; KINDS.len()],
    bypasses: [OnceLock<Counter>; Bypass::ALL.len()],
}

/// The kinds of tokens that are counted.
const KINDS: [&str; 3] = ["prompt", "completion", "cached"];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DialectLabel {
    dialect: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ActLabels {
    act: &'static str,
    delivery: &'static str,
    gap: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ActLabel {
    act: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CompliedLabels {
    act: &'static str,
    complied: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResponseLabels {
    status: u16,
    ending: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JudgedLabel {
    judged: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// From what a turn out of memory costs to what a slow machine needs for a long one.
fn fine() -> Histogram {
    Histogram::new([5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 8e-3, 1.2e-2, 2.5e-2, 5e-2, 0.1, 1.0])
}

impl Metrics {
    /// All counters at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("groundwire");
        let metrics = Self {
            turns: Family::default(),
            acts: Family::default(),
            steered: Family::default(),
            leaks: Family::default(),
            bypasses: Family::default(),
            responses: Family::default(),
            tokens: Family::default(),
            judge: fine(),
            overhead: Family::new_with_constructor(fine),
            own: fine(),
            first_token: Histogram::new([0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0, 30.0]),
            registry: Registry::default(),
            usual: Usual::default(),
        };
        registry.register("turns", "Chat calls", metrics.turns.clone());
        registry.register("acts", "Grounding acts", metrics.acts.clone());
        registry.register("steered", "Steered replies, by whether they comply", metrics.steered.clone());
        registry.register("leaks", "Steered replies that quote the instruction", metrics.leaks.clone());
        registry.register(
            "bypasses",
            "Requests that went through unjudged or without their act",
            metrics.bypasses.clone(),
        );
        registry.register("responses", "How exchanges ended", metrics.responses.clone());
        registry.register("tokens", "Tokens that the upstream reports", metrics.tokens.clone());
        registry.register_with_unit(
            "judge",
            "Classification as the request sees it",
            Unit::Seconds,
            metrics.judge.clone(),
        );
        registry.register_with_unit(
            "own",
            "Time in groundwire once the body was there, classification included",
            Unit::Seconds,
            metrics.own.clone(),
        );
        registry.register_with_unit(
            "overhead",
            "From accept of the head until the request went on, classification and the client's body included",
            Unit::Seconds,
            metrics.overhead.clone(),
        );
        registry.register_with_unit(
            "first_token",
            "Until the reply's first text",
            Unit::Seconds,
            metrics.first_token.clone(),
        );
        metrics.begin_at_zero();
        Self { registry, ..metrics }
    }

    /// Has what is known beforehand shown from the first scrape on: a counter that begins with its first event hides that
    /// one from `rate()`.
    fn begin_at_zero(&self) {
        for dialect in Dialect::ALL {
            drop(self.turns.get_or_create(&DialectLabel { dialect: dialect.as_str() }));
        }
        for bypass in Bypass::ALL {
            drop(self.bypasses.get_or_create(&ReasonLabel { reason: bypass.as_str() }));
        }
        for act in GroundingAct::ALL.iter().filter(|act| **act != GroundingAct::None) {
            drop(self.leaks.get_or_create(&ActLabel { act: act.as_str() }));
        }
        for kind in ["prompt", "completion", "cached"] {
            drop(self.tokens.get_or_create(&KindLabel { kind }));
        }
        for judged in ["yes", "no"] {
            drop(self.overhead.get_or_create(&JudgedLabel { judged }));
        }
    }

    /// The registry, under the prefix `groundwire`, for metrics of the host.
    pub fn registry_mut(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// Everything, in the text format that Prometheus scrapes.
    pub fn encode(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Metrics {
    fn turn(&self, record: &Arc<Record>) {
        let counter = || self.turns.get_or_create_owned(&DialectLabel { dialect: record.dialect.as_str() });
        self.usual.turns[record.dialect as usize].get_or_init(counter).inc();
        if record.triggered && record.bypass.is_none() {
            let gap = record.gap.map_or("", |gap| gap.as_str());
            let labels = ActLabels { act: record.act.as_str(), delivery: record.delivery.as_str(), gap };
            self.acts.get_or_create(&labels).inc();
        }
        if record.delivery == Delivery::Steer && record.performed() != GroundingAct::None {
            let act = record.act.as_str();
            let complied = record.complied.map_or("unknown", |complied| if complied { "yes" } else { "no" });
            self.steered.get_or_create(&CompliedLabels { act, complied }).inc();
            if record.leaked == Some(true) {
                self.leaks.get_or_create(&ActLabel { act }).inc();
            }
        }
        if let Some(bypass) = record.bypass {
            self.passed(bypass);
        }
        let ending = match record.ending {
            Ending::Complete => "complete",
            Ending::ClientLeft => "client_left",
            Ending::Refused => "refused",
            Ending::UpstreamFailed => "upstream_failed",
        };
        let labels = ResponseLabels { status: record.status.unwrap_or(0), ending };
        if (record.status, record.ending) == (Some(200), Ending::Complete) {
            self.usual.complete.get_or_init(|| self.responses.get_or_create_owned(&labels)).inc();
        } else {
            self.responses.get_or_create(&labels).inc();
        }
        if let Some(usage) = &record.usage {
            let tokens = [usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens.unwrap_or(0)];
            for ((kind, known), tokens) in KINDS.into_iter().zip(&self.usual.tokens).zip(tokens) {
                known.get_or_init(|| self.tokens.get_or_create_owned(&KindLabel { kind })).inc_by(tokens);
            }
        }
        let seconds = |micros: u64| micros as f64 / 1e6;
        if record.judgement.is_some() || record.judge_micros > 0 {
            self.judge.observe(seconds(record.judge_micros));
        }
        let judged = if record.judgement.is_some() { "yes" } else { "no" };
        let overhead = record.read_micros.saturating_add(record.own_micros);
        self.overhead.get_or_create(&JudgedLabel { judged }).observe(seconds(overhead));
        self.own.observe(seconds(record.own_micros));
        if let Some(micros) = record.first_token_micros {
            self.first_token.observe(seconds(micros));
        }
    }

    fn passed(&self, bypass: Bypass) {
        let counter = || self.bypasses.get_or_create_owned(&ReasonLabel { reason: bypass.as_str() });
        self.usual.bypasses[bypass.index()].get_or_init(counter).inc();
    }
}
