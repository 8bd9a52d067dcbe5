//! The manual's page on metrics names every metric that a scrape shows, with its labels, and no other.

#![cfg(all(feature = "cli", feature = "bundled", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use support::Upstream;
use support::served::configured;
use support::willing::REPLY;
use support::wire::{ok, post};

const PAGE: &str = include_str!("../src/manual/metrics.md");

type Metrics = BTreeMap<String, BTreeSet<String>>;

/// The names in the tables of the page, and the labels in the second column.
fn documented() -> Metrics {
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let rows = PAGE.lines().filter(|line| line.starts_with("| `groundwire_"));
    let named = rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [name, labels, meaning] = cells[..] else { panic!("{row}") };
        assert!(!meaning.trim().is_empty(), "{row}");
        (quoted(name).pop_first().unwrap(), quoted(labels))
    });
    named.collect()
}

/// The names and labels of a scrape; of a histogram, those without its suffixes and its `le`.
fn scraped(text: &str) -> Metrics {
    let histograms: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" histogram")).collect();
    let mut metrics = Metrics::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
        let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let name = of_histogram.filter(|name| histograms.contains(name)).unwrap_or(name);
        let labels = rest.strip_prefix('{').map_or("", |rest| rest.rsplit_once('}').unwrap().0);
        let names = labels.split("\",").filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
        metrics.entry(name.to_owned()).or_default().extend(names.filter(|name| name != "le"));
    }
    metrics
}

#[tokio::test]
async fn every_metric_is_in_the_manual_and_no_other() {
    let upstream = Upstream::start().await;
    let text = format!(
        "upstream = \"{}\"\nrecords = {{ to = \"turns.jsonl\" }}\nstore = {{ url = \"sqlite:s.db\" }}\nlog = {{ access = \"access.jsonl\" }}\n[classifier]\ndeadline = \"60s\"\n\
         [policies.always]\nrules = [{{ act = \"assume\" }}]",
        upstream.url()
    );
    let served = configured(&text.replacen("records", "policy = \"always\"\nrecords", 1)).await;
    let mut client = served.connect().await;
    let body = r#"{"messages":[{"role":"user","content":"Where should I go in Portugal?"}]}"#;
    client.send(post("/v1/chat/completions", body)).await;
    let mut there = upstream.accept().await;
    let forwarded = there.message().await;
    assert!(forwarded.body.len() > body.len(), "an act, so that one is counted");
    // What is counted only once it has been seen.
    there.send("HTTP/1.1 103 Early Hints\r\n\r\n").await;
    there.send(ok(REPLY)).await;
    assert_eq!(client.message().await.status(), 200);
    served.says("/metrics", |said| said.contains("groundwire_responses_total{")).await;
    // That scrape may have begun while the turn was being counted.
    let metrics = served.ask("/metrics").await.1;
    let (documented, scraped) = (documented(), scraped(&metrics));
    let only_in = |these: &Metrics, those: &Metrics| {
        let missing = these.iter().filter(|(name, labels)| those.get(*name) != Some(labels));
        missing.map(|(name, labels)| format!("{name} {labels:?}")).collect::<Vec<_>>()
    };
    assert_eq!(only_in(&documented, &scraped), Vec::<String>::new(), "documented, and not there as it is documented");
    assert_eq!(only_in(&scraped, &documented), Vec::<String>::new(), "there, and not documented as it is");
    assert!(documented.len() > 40, "{documented:?}");
    let sum = |text: &str, name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.trim().parse().unwrap()
    };
    let (overhead, own) = ("groundwire_overhead_seconds_sum{judged=\"yes\"}", "groundwire_own_seconds_sum");
    assert!(sum(&metrics, overhead) >= sum(&metrics, own), "{metrics}");
    assert!(sum(&metrics, own) >= sum(&metrics, "groundwire_judge_seconds_sum"), "classification is in it: {metrics}");
}
