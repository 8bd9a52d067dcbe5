//! Reloads beside the real model: kept where it is not concerned, exchanged without a gap where it is, and gone afterwards.

#![cfg(all(feature = "cli", feature = "bundled", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use support::served::{Served, configured};
use support::willing::Willing;
use support::wire::post;
use support::within;

const CHAT: &str = "/v1/chat/completions";

fn text(upstream: &str, policy: &str, base_rate: f64) -> String {
    // Time enough for a debug build on a machine under load.
    format!(
        "upstream = \"{upstream}\"\npolicy = \"{policy}\"\ndebug-headers = true\n[classifier]\ndeadline = \"60s\"\nbase-rate = {base_rate}"
    )
}

/// Names of the classifier's threads of this process: those that judge, and the keeper.
fn threads(pid: u32) -> Vec<String> {
    let tasks = Path::new("/proc").join(pid.to_string()).join("task");
    let names = std::fs::read_dir(tasks).unwrap().filter_map(|task| {
        // A thread may end while this looks at it.
        std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
    });
    let mut names: Vec<_> = names.map(|name| name.trim_end().to_owned()).collect();
    names.retain(|name| name.starts_with("groundwire-clas") || name.starts_with("groundwire-keep"));
    names.sort();
    names
}

async fn metric(served: &Served, name: &str) -> f64 {
    let (_, metrics) = served.ask("/metrics").await;
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
}

/// Puts this into the file, and waits until it is in force.
async fn reload(served: &Served, text: &str) {
    let applied = "groundwire_reloads_total{outcome=\"applied\"}";
    let before = metric(served, applied).await;
    std::fs::write(served.file("groundwire.toml"), text).unwrap();
    served.hang_up();
    within(async {
        while metric(served, applied).await == before {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_stays_or_is_exchanged_without_a_turn_unjudged_and_the_old_one_goes() {
    let upstream = Willing::start().await;
    let served = Arc::new(configured(&text(&upstream.url, "gentle", 0.03)).await);
    served.says("/readyz", |said| said.starts_with("ready")).await;
    // A thread takes its name itself, once it runs: readiness does not wait for that.
    let mut alone = threads(served.pid());
    within(async {
        while alone.len() < 2 {
            tokio::task::yield_now().await;
            alone = threads(served.pid());
        }
    })
    .await;
    assert_eq!(alone.len(), 2, "{alone:?}");
    let over = Arc::new(AtomicBool::new(false));
    let asking = {
        let (served, over) = (Arc::clone(&served), Arc::clone(&over));
        tokio::spawn(async move {
            let mut client = served.connect().await;
            let mut asked = 0;
            while !over.load(Ordering::Relaxed) {
                let body = format!(r#"{{"messages":[{{"role":"user","content":"Tell me about number {asked}"}}]}}"#);
                client.send(post(CHAT, &body)).await;
                let response = client.message().await;
                assert_eq!(response.status(), 200);
                assert!(response.header("x-groundwire-ambiguity").is_some(), "not judged: {}", response.head);
                asked += 1;
            }
            asked
        })
    };
    served.says("/metrics", |said| said.contains("groundwire_classifier_remembered ")).await;
    within(async {
        while metric(&served, "groundwire_classifier_remembered").await < 5.0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // Another policy: the model and its memory stay.
    let remembered = metric(&served, "groundwire_classifier_remembered").await;
    reload(&served, &text(&upstream.url, "off", 0.03)).await;
    assert!(metric(&served, "groundwire_classifier_remembered").await >= remembered);
    // Another base rate, twice: the model is loaded anew.
    for base_rate in [0.05, 0.1] {
        let before = served.ask("/readyz").await.1;
        reload(&served, &text(&upstream.url, "off", base_rate)).await;
        assert_ne!(served.ask("/readyz").await.1, before, "decisions depend on it");
    }
    over.store(true, Ordering::Relaxed);
    assert!(within(asking).await.unwrap() > 5);
    // Its threads are gone, and its memory with them.
    within(async {
        while threads(served.pid()) != alone {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // A model that is broken changes nothing.
    let broken = text(&upstream.url, "off", 0.1).replace("deadline", "model = \"broken\"\ndeadline");
    std::fs::create_dir(served.file("broken")).unwrap();
    for file in ["model.onnx", "tokenizer.json", "labels.json"] {
        std::fs::write(served.file("broken").join(file), "{}").unwrap();
    }
    std::fs::write(served.file("groundwire.toml"), broken).unwrap();
    served.hang_up();
    let page = served.says("/", |page| page.contains("WARNING")).await;
    assert!(page.contains("the last reload was refused"), "{page}");
    let mut client = served.connect().await;
    client.send(post(CHAT, r#"{"messages":[{"role":"user","content":"Are you still there?"}]}"#)).await;
    assert!(client.message().await.header("x-groundwire-ambiguity").is_some());
    assert_eq!(threads(served.pid()), alone);
}
