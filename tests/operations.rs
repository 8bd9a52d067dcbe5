//! What an operator sees of a server and asks of it, through the real binary: the access log, identifiers, overload, the
//! page on the admin listener, and a loud word where most turns pass for one reason.

#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::Value;
use support::served::{Served, configured};
use support::willing::{REPLY, Willing};
use support::wire::{ok, post};
use support::{Upstream, within};

const CHAT: &str = "/v1/chat/completions";
const SHORT: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Lines of JSON in a file of the server's, once there are `count`.
async fn lines(served: &Served, file: &str, count: usize) -> Vec<Value> {
    let path = served.file(file);
    within(async {
        loop {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if text.ends_with('\n') && text.lines().count() >= count {
                assert_eq!(text.lines().count(), count, "{text}");
                return text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

fn text(upstream: &str, more: &str) -> String {
    format!(
        "upstream = \"{upstream}\"\nclassifier = {{ model = \"off\" }}\nrecords = {{ to = \"turns.jsonl\" }}\n{more}"
    )
}

/// A chat call with these header lines.
fn call(headers: &str) -> String {
    post(&format!("{CHAT}?key=hunter2"), SHORT).replacen("host: proxy\r\n", &format!("host: proxy\r\n{headers}"), 1)
}

#[tokio::test]
async fn each_request_has_its_line_with_its_identifiers_and_no_secret() {
    let upstream = Upstream::start().await;
    let served = configured(&text(&upstream.url(), "log = { access = \"access.jsonl\", level = \"trace\" }")).await;
    let mut client = served.connect().await;
    let ids = format!("authorization: Bearer hunter2\r\nx-request-id: req-1\r\ntraceparent: {TRACE}\r\n");
    let mut there = None;
    for headers in [&*ids, "x-request-id: no \"id\r\ntraceparent: 00-hunter2\r\n", ""] {
        client.send(call(headers)).await;
        let request = upstream.request(&mut there).await;
        let there = there.as_mut().unwrap();
        for line in headers.lines() {
            assert!(request.head.contains(line), "what was sent passes: {}", request.head);
        }
        assert!(!headers.is_empty() || !request.head.contains("x-request-id") && !request.head.contains("traceparent"));
        there.send(ok(REPLY)).await;
        assert_eq!(client.message().await.status(), 200);
    }
    client.send("GET /v1/models?key=hunter2 HTTP/1.1\r\nhost: x\r\n\r\n").await;
    upstream.request(&mut there).await;
    there.as_mut().unwrap().send(ok("{}").replace("200 OK", "404 Not Found")).await;
    client.message().await;
    // One that leaves before there is a response.
    client.send(call("")).await;
    upstream.request(&mut there).await;
    drop(client);
    there.unwrap().closed().await;

    let access = lines(&served, "access.jsonl", 5).await;
    let of = |line: usize, key: &str| access[line][key].clone();
    for line in 0..3 {
        assert_eq!(
            (of(line, "method"), of(line, "path"), of(line, "status")),
            ("POST".into(), CHAT.into(), 200.into())
        );
        assert_eq!(
            (of(line, "bytes"), of(line, "act"), of(line, "bypass")),
            (REPLY.len().into(), "none".into(), "no_model".into())
        );
        assert!(of(line, "millis").as_f64().unwrap() > 0.0 && of(line, "time").as_str().unwrap().ends_with('Z'));
    }
    assert_eq!((of(0, "request_id"), of(0, "traceparent")), ("req-1".into(), TRACE.into()));
    assert_eq!((of(1, "request_id"), of(1, "traceparent")), (Value::Null, Value::Null));
    assert_eq!(
        (of(3, "path"), of(3, "status"), of(3, "bypass")),
        ("/v1/models".into(), 404.into(), "not_a_call".into())
    );
    assert_eq!((of(4, "status"), of(4, "bytes")), (0.into(), 0.into()));
    let records = lines(&served, "turns.jsonl", 4).await;
    assert_eq!((&records[0]["request_id"], &records[0]["traceparent"]), (&"req-1".into(), &TRACE.into()));
    assert_eq!((&records[1]["request_id"], &records[1]["traceparent"]), (&Value::Null, &Value::Null));
    assert_eq!(records[0]["turn"], access[0]["turn"]);
    let (plain, turns) = (served.file("access.jsonl"), served.file("turns.jsonl"));
    let all = std::fs::read_to_string(plain).unwrap() + &std::fs::read_to_string(turns).unwrap();
    let all = all + &served.log().await;
    assert!(!all.contains("hunter2") && !all.contains("\"hi\""), "{all}");
}

#[tokio::test]
async fn identifiers_are_made_up_where_that_is_wished_for() {
    let upstream = Upstream::start().await;
    let more =
        "log = { access = \"stdout\", format = \"pretty\", request-id = \"generate\", traceparent = \"generate\" }";
    let served = configured(&text(&upstream.url(), more)).await;
    let mut client = served.connect().await;
    client.send(call("")).await;
    let mut there = None;
    let first = upstream.request(&mut there).await;
    let (id, trace) = (first.header("x-request-id").unwrap(), first.header("traceparent").unwrap());
    assert!(id.len() == 32 && trace.len() == 55, "{id} {trace}");
    there.as_mut().unwrap().send(ok(REPLY)).await;
    client.message().await;
    client.send(call(&format!("x-request-id: mine\r\ntraceparent: {TRACE}\r\n"))).await;
    let second = upstream.request(&mut there).await;
    assert_eq!((second.header("x-request-id"), second.header("traceparent")), (Some("mine"), Some(TRACE)));
    there.unwrap().send(ok(REPLY)).await;
    client.message().await;
    let records = lines(&served, "turns.jsonl", 2).await;
    assert_eq!((&records[0]["request_id"], &records[0]["traceparent"]), (&id.into(), &trace.into()));
    served.signal(rustix::process::Signal::TERM);
    let (output, _) = served.ended().await;
    let said = String::from_utf8(output.stdout).unwrap();
    let wanted = format!("POST {CHAT} 200 {}B ", REPLY.len());
    assert_eq!(said.matches(&wanted).count(), 2, "for people where the log is: {said}");
    assert!(said.contains(&format!("bypass=no_model id={id} traceparent={trace}")), "{said}");
}

#[tokio::test]
async fn files_that_were_moved_away_are_made_anew_on_a_signal() {
    let upstream = Willing::start().await;
    let served = configured(&text(&upstream.url, "log = { access = \"access.jsonl\" }")).await;
    let mut client = served.connect().await;
    let mut ask = async || {
        client.send(call("")).await;
        client.message().await;
    };
    ask().await;
    for file in ["access.jsonl", "turns.jsonl"] {
        lines(&served, file, 1).await;
        std::fs::rename(served.file(file), served.file(&format!("{file}.1"))).unwrap();
    }
    served.hang_up();
    served.says("/metrics", |said| said.contains("reloads_total{outcome=\"unchanged\"} 1")).await;
    ask().await;
    for file in ["access.jsonl", "turns.jsonl", "access.jsonl.1", "turns.jsonl.1"] {
        lines(&served, file, 1).await;
    }
    let file = lines(&served, "access.jsonl", 1).await;
    assert_eq!(file[0]["status"], 200);
}

#[tokio::test]
async fn when_most_turns_pass_for_one_reason_that_is_said_everywhere_with_what_to_set() {
    let upstream = Willing::start().await;
    let served = configured(&text(&upstream.url, "")).await;
    let mut client = served.connect().await;
    let name = "groundwire_prevailing_bypass{reason=\"no_model\"}";
    for _ in 0..255 {
        client.send(call("")).await;
        client.message().await;
    }
    assert!(served.ask("/metrics").await.1.contains(&format!("{name} 0\n")), "too few turns to say so");
    client.send(call("")).await;
    client.message().await;
    let metrics = served.says("/metrics", |said| said.contains(&format!("{name} 1\n"))).await;
    assert!(metrics.contains("groundwire_prevailing_bypass{reason=\"saturated\"} 0\n"), "{metrics}");
    let page = served.ask("/").await.1;
    assert!(page.contains("WARNING       over half of the last 256 turns"), "{page}");
    assert!(page.contains("no_model") && page.contains("classifier.model = \"builtin\""), "{page}");
    let log = served.log().await;
    let told: Vec<_> = log.lines().filter(|line| line.contains("\"level\":\"WARN\"")).collect();
    assert!(told.len() == 1 && told[0].contains("no_model") && told[0].contains("classifier.model"), "{log}");
}

#[tokio::test]
async fn the_page_tells_people_and_programs_what_serves_and_how_well() {
    let upstream = Willing::start().await;
    let served = configured(&text(&upstream.url, "policy = \"off\"")).await;
    let mut client = served.connect().await;
    for _ in 0..3 {
        client.send(call("")).await;
        client.message().await;
    }
    let page = served.says("/", |said| said.contains("turns         3")).await;
    assert!(page.starts_with(&format!("groundwire {}: ready\n", env!("CARGO_PKG_VERSION"))), "{page}");
    assert!(page.contains("left alone    no_model 3") && page.contains("policy off, model off"), "{page}");
    let json: Value = serde_json::from_str(&served.ask_for("/", "application/json").await.1).unwrap();
    assert_eq!((&json["version"], &json["state"]), (&env!("CARGO_PKG_VERSION").into(), &"ready".into()));
    assert_eq!((&json["turns"], &json["left_alone"]["no_model"]), (&3.into(), &3.into()));
    assert_eq!((&json["last_turns"]["turns"], &json["last_turns"]["acts"]), (&3.into(), &0.into()));
    assert!(
        json["last_turns"]["own_micros"]["p99"].as_u64().unwrap()
            >= json["last_turns"]["own_micros"]["p50"].as_u64().unwrap()
    );
    assert_eq!(json["warnings"], Value::Array(Vec::new()));
    let ready = served.ask("/readyz").await.1;
    let (decisions, whole) = (json["config"]["decisions"].as_str().unwrap(), json["config"]["whole"].as_str().unwrap());
    assert_eq!(ready, format!("ready\nconfig: {decisions}, whole: {whole}\n"));
    let metrics = served.ask("/metrics").await.1;
    assert!(
        metrics.contains(&format!("groundwire_config_info{{config=\"{decisions}\",whole=\"{whole}\"}} 1")),
        "{metrics}"
    );
    let log = served.log().await;
    assert!(log.contains(&format!("\"config\":\"{decisions}\",\"whole\":\"{whole}\"")), "{log}");
}
