//! What `/` on the admin listener says, for people and for programs: which configuration serves, how well, and what is
//! wrong.

use std::fmt::Write;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::playground::policies;
use super::running::{Running, State};
use crate::classify::Classifier;
use crate::observe::store::Store;
use crate::observe::{JsonLines, Recent, Summary};
use crate::proxy::AccessLog;

/// What the page is made of.
pub(super) struct Overview {
    pub(super) running: Running,
    pub(super) recent: Recent,
    pub(super) started: Instant,
}

impl Overview {
    /// The page in the state that `/readyz` tells.
    pub(super) fn page(&self, state: &str, as_json: bool) -> String {
        let page = self.gather(state);
        if as_json { format!("{page:#}\n") } else { in_words(&page) }
    }

    fn gather(&self, state: &str) -> Value {
        let running = self.running.state();
        let summary = self.recent.summary();
        let mut page = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "state": state.trim_end(),
            "uptime_seconds": self.started.elapsed().as_secs(),
            "turns": summary.totals.turns,
            "acts": counts(summary.totals.acts.iter().map(|&(act, count)| (act.as_str(), count))),
            "left_alone": counts(summary.totals.held.iter().map(|&(reason, count)| (reason.as_str(), count))),
            "last_turns": {
                "turns": summary.turns,
                "acts": summary.acts,
                "left_alone": counts(summary.held.iter().map(|&(reason, count)| (reason.as_str(), count as u64))),
                "own_micros": { "p50": summary.own_micros.0, "p99": summary.own_micros.1 },
                "judge_micros": { "p50": summary.judge_micros.0, "p99": summary.judge_micros.1 },
            },
            "reloads": {
                "applied": running.reloads.applied,
                "unchanged": running.reloads.unchanged,
                "refused": running.reloads.refused,
            },
            "warnings": warnings(&running, &summary),
        });
        if let Some(current) = running.current {
            let since = current.since.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let age = SystemTime::now().duration_since(current.since).map_or(0, |age| age.as_secs());
            page["config"] = json!({
                "decisions": current.hashes.decisions,
                "whole": current.hashes.whole,
                "policy": current.config.policy,
                "model": current.config.classifier.model.to_string(),
                "model_hash": current.classifier().and_then(|classifier| classifier.model()).map(|model| model.to_string()),
                "policies": policies(&current.config),
                "loaded_at": since,
                "loaded_seconds_ago": age,
            });
        }
        page
    }
}

/// What somebody should look at.
fn warnings(running: &State, summary: &Summary) -> Vec<String> {
    let mut warnings: Vec<String> = running.ailment().into_iter().collect();
    if let Some(reason) = summary.prevailing {
        warnings.push(format!(
            "over half of the last {} turns were left alone for one reason, {reason}: {}",
            summary.turns,
            reason.advice()
        ));
    }
    if let Some(error) = &running.reloads.error {
        warnings.push(format!("the last reload was refused, and the old configuration is in force:\n{error}"));
    }
    if let Some(current) = &running.current {
        let lost = current.records().map(JsonLines::stats).map_or(0, |stats| stats.dropped + stats.failed);
        if lost > 0 {
            warnings.push(format!("{lost} records are lost: raise `records.queue`, or look at the disk"));
        }
        let lost = current.store().map(Store::stats).map_or(0, |stats| stats.dropped + stats.failed);
        if lost > 0 {
            warnings.push(format!("{lost} turns are lost to the store: raise `store.queue`, or look at the store"));
        }
        let dropped = current.access.as_ref().map_or(0, AccessLog::dropped);
        if dropped > 0 {
            warnings.push(format!("{dropped} lines of the access log are lost: look at the disk"));
        }
    }
    warnings
}

fn counts(counts: impl Iterator<Item = (&'static str, u64)>) -> Map<String, Value> {
    counts.map(|(name, count)| (name.to_owned(), count.into())).collect()
}

/// The page as lines: a name and what it is.
fn in_words(page: &Value) -> String {
    let mut out = format!("groundwire {}: {}\n\n", plain(&page["version"]), plain(&page["state"]));
    let mut line = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{name:<14}{value}");
    };
    line("up", format!("{} s", page["uptime_seconds"]));
    if let Some(config) = page["config"].as_object() {
        line("config", format!("{} (whole: {})", plain(&config["decisions"]), plain(&config["whole"])));
        line("", format!("policy {}, model {}", plain(&config["policy"]), plain(&config["model"])));
        line("", format!("loaded {} s ago", config["loaded_seconds_ago"]));
    }
    let reloads = &page["reloads"];
    line(
        "reloads",
        format!("{} applied, {} unchanged, {} refused", reloads["applied"], reloads["unchanged"], reloads["refused"]),
    );
    line("turns", page["turns"].to_string());
    line("acts", listed(&page["acts"]));
    line("left alone", listed(&page["left_alone"]));
    let last = &page["last_turns"];
    line(
        "last turns",
        format!(
            "{}, of which {} with an act; left alone: {}",
            last["turns"],
            last["acts"],
            listed(&last["left_alone"])
        ),
    );
    let times = |of: &Value| format!("p50 {} us, p99 {} us", of["p50"], of["p99"]);
    line("", format!("held up: {}", times(&last["own_micros"])));
    line("", format!("classified in: {}", times(&last["judge_micros"])));
    for warning in page["warnings"].as_array().into_iter().flatten() {
        line("", String::new());
        line("WARNING", plain(warning).replace('\n', "\n              "));
    }
    out.push_str("\n/healthz /readyz /metrics; this page as JSON: accept: application/json\n");
    out
}

fn plain(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn listed(counts: &Value) -> String {
    let listed: Vec<_> =
        counts.as_object().into_iter().flatten().map(|(name, count)| format!("{name} {count}")).collect();
    if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }
}
