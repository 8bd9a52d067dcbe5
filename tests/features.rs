//! What each set of features brings with it: the lean library has no runtime, no store, no TLS and no client of its own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::process::Command;

/// The crates that a build with these features links, ours apart.
fn crates(features: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--no-default-features", "--features", features])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| *name != "groundwire")
        .map(str::to_owned)
        .collect()
}

/// What a library has no business with that is embedded without `proxy`.
const HOSTS: [&str; 15] = [
    "tokio",
    "hyper",
    "hyper-util",
    "h2",
    "rustls",
    "ring",
    "reqwest",
    "mio",
    "socket2",
    "rusqlite",
    "sqlx",
    "clap",
    "tracing-subscriber",
    "prometheus-client",
    "native-tls",
];

#[test]
fn the_lean_library_brings_no_runtime_no_store_and_no_client() {
    let lean = crates("");
    assert!(["http", "tower-layer", "tower-service"].iter().all(|needed| lean.contains(*needed)), "{lean:?}");
    let foreign: Vec<&str> = HOSTS.into_iter().filter(|host| lean.contains(*host)).collect();
    assert!(foreign.is_empty(), "{foreign:?} of {lean:?}");
    assert!(["ort", "tokenizers", "toml"].iter().all(|model| !lean.contains(*model)), "{lean:?}");
    assert!(lean.len() <= 48, "{} crates: {lean:?}", lean.len());
}

#[test]
fn the_classifier_brings_a_model_and_still_no_host() {
    let classifier = crates("onnx");
    assert!(classifier.contains("ort") && classifier.contains("tokenizers"), "{classifier:?}");
    let foreign: Vec<&str> = HOSTS.into_iter().filter(|host| classifier.contains(*host)).collect();
    assert!(foreign.is_empty(), "{foreign:?} of {classifier:?}");
}

#[test]
fn the_proxy_is_where_the_runtime_comes_from() {
    let proxy = crates("proxy");
    assert!(["tokio", "hyper", "rustls"].iter().all(|host| proxy.contains(*host)), "{proxy:?}");
    assert!(!proxy.contains("ort"), "a proxy without a model needs none: {proxy:?}");
}
