//! What applications tell over HTTP: who may, and where it goes.

use serde_json::Value;
use tempfile::TempDir;

use crate::life::server;
use crate::support::Peer;
use crate::support::willing::Willing;
use crate::turns::{metric, say, sqlite, store_says};

const TOKEN: &str = "fedcba9876543210fedcba9876543210";

async fn post(address: std::net::SocketAddr, token: &str, body: &str) -> (u16, String) {
    let mut peer = Peer::connect(address).await;
    peer.send(format!(
        "POST /groundwire/feedback HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await;
    let message = peer.message().await;
    (message.status(), String::from_utf8(message.body).unwrap())
}

#[tokio::test]
async fn feedback_is_taken_from_whoever_has_the_token_and_kept_once() {
    let upstream = Willing::start().await;
    let store = "[store]\nurl = \"sqlite:s.db\"\nflush = \"20ms\"\n[feedback]\ntoken = \"env:TOKEN_OF_TESTS\"\n";
    let server = server(TempDir::new().unwrap(), &upstream, store).await;
    let mut peer = server.connect().await;
    assert_eq!(say(&mut peer, "ann", "talk/42", &["hello"]).await, 200);
    let an_hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    let at = an_hour_ago.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let body = &*format!(r#"{{"conversation":"talk/42","outcome":"order kept","value":true,"at":{at}}}"#);
    for token in ["", "wrong", "fedcba9876543210fedcba987654321"] {
        assert_eq!(post(server.admin, token, body).await.0, 401, "{token}");
    }
    for _ in 0..3 {
        assert_eq!(post(server.admin, TOKEN, body).await, (202, "taken\n".to_owned()));
    }
    let csat = r#"{"conversation":"talk/42","outcome":"csat","value":4.5}"#;
    assert_eq!(post(server.admin, TOKEN, csat).await.0, 202);
    for (body, status) in [
        ("{", 422),
        (r#"{"turn":"x","outcome":"a","value":1}"#, 422),
        (&*format!(r#"{{"conversation":"{}"}}"#, "x".repeat(20_000)), 413),
    ] {
        assert_eq!(post(server.admin, TOKEN, body).await.0, status, "{body:.60}");
    }
    let (status, _) = server.ask("/groundwire/feedback").await;
    assert_eq!(status, 405);
    metric(&server, "groundwire_store_outcomes_total", |outcomes| outcomes == 4).await;
    let url = sqlite(&server.file("s.db"));
    let lines: Vec<Value> =
        store_says(&url, &["export"], "").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outcomes: Vec<&Value> = lines.iter().filter(|line| line["outcome"].is_string()).collect();
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    let turn = lines.iter().find(|line| line["dialect"].is_string()).unwrap();
    assert!(outcomes.iter().all(|outcome| outcome["conversation_given"] == turn["conversation_given"]));
    // On the public listener it is a path of the upstream's.
    let before = upstream.answered();
    assert_eq!(post(server.listen, TOKEN, body).await.0, 200);
    assert_eq!(upstream.answered(), before + 1);
    let log = server.log().await;
    assert!(!log.contains(TOKEN) && !log.contains("talk/42"), "{log}");
}

#[tokio::test]
async fn feedback_may_be_taken_where_clients_connect() {
    let upstream = Willing::start().await;
    let store =
        "[store]\nurl = \"sqlite:s.db\"\nflush = \"20ms\"\n[feedback]\ntoken = \"env:TOKEN_OF_TESTS\"\npublic = true\n";
    let server = server(TempDir::new().unwrap(), &upstream, store).await;
    let body = r#"{"conversation":"42","outcome":"csat","value":1}"#;
    server.says("/readyz", |text| text.starts_with("ready")).await;
    assert_eq!(post(server.listen, "nobody's", body).await.0, 401);
    assert_eq!(post(server.listen, TOKEN, body).await.0, 202);
    assert_eq!(post(server.listen, TOKEN, &"x".repeat(20_000)).await.0, 413);
    assert_eq!(upstream.answered(), 0);
    metric(&server, "groundwire_store_outcomes_total", |outcomes| outcomes == 1).await;
}

#[tokio::test]
async fn without_a_token_or_a_store_none_is_taken() {
    let upstream = Willing::start().await;
    let body = r#"{"conversation":"42","outcome":"csat","value":1}"#;
    let plain = server(TempDir::new().unwrap(), &upstream, "").await;
    plain.says("/readyz", |text| text.starts_with("ready")).await;
    let (status, why) = post(plain.admin, TOKEN, body).await;
    assert!(status == 403 && why.contains("under [feedback]"), "{why}");
    let nowhere = "[store]\nurl = \"off\"\n[feedback]\ntoken = \"env:TOKEN_OF_TESTS\"\n";
    let nowhere = server(TempDir::new().unwrap(), &upstream, nowhere).await;
    nowhere.says("/readyz", |text| text.starts_with("ready")).await;
    let (status, why) = post(nowhere.admin, TOKEN, body).await;
    assert!(status == 409 && why.contains("under [store]"), "{why}");
}
