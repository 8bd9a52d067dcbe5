//! What goes wrong: at the upstream, at the client; and that each learns of it in the right way.

use groundwire::classify::{Answer, Classifier, Judging, ModelId};
use groundwire::dialogue::{Conversation, Id};
use tokio::sync::mpsc;

use super::support::wire::{ok, post};
use super::support::{Peer, Proxy, Upstream, config, within};

const CHAT: &str = "/v1/chat/completions";
const HI: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;

/// The message of an error in the dialect of Chat Completions.
fn chat_error(json: &serde_json::Value) -> &str {
    assert!(json["error"]["type"].is_string(), "{json}");
    json["error"]["message"].as_str().unwrap()
}

/// A chat call through `proxy`: its client, and the upstream that has received it and said nothing yet.
async fn asked(proxy: &Proxy, upstream: &Upstream) -> (Peer, Peer) {
    let mut client = proxy.connect().await;
    client.send(post(CHAT, HI)).await;
    let mut there = upstream.accept().await;
    there.message().await;
    (client, there)
}

#[tokio::test]
async fn an_upstream_that_is_down_is_a_502_in_the_callers_dialect() {
    let upstream = Upstream::start().await;
    let url = upstream.url();
    drop(upstream);
    let proxy = Proxy::start(&url).await;
    let mut client = proxy.connect().await;
    client.send(post(CHAT, HI)).await;
    let response = client.message().await;
    assert_eq!(response.status(), 502);
    assert_eq!(response.header("content-type"), Some("application/json"));
    let json = response.json();
    let message = chat_error(&json);
    assert!(message.contains("could not be reached") && !message.contains("127.0.0.1"), "{message}");
    client.send("GET /v1/models?key=secret HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let response = client.message().await;
    assert_eq!(response.status(), 502);
    assert_eq!(response.json()["error"]["code"], "bad_gateway");
    let (_, metrics) = proxy.ask_admin("/metrics").await;
    let counted = "groundwire_faults_total{origin=\"upstream\",kind=\"unreachable\"} 2";
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn a_host_that_has_no_address_is_a_502() {
    // RFC 2606: no name under .invalid is ever found.
    let proxy = Proxy::start("http://groundwire.invalid").await;
    let mut client = proxy.connect().await;
    client.send(post(CHAT, HI)).await;
    assert_eq!(client.message().await.status(), 502);
}

#[tokio::test]
async fn an_upstream_that_does_not_shake_hands_is_a_504() {
    let upstream = Upstream::start().await;
    let ca = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/ca.pem");
    let more = format!("upstream-ca = \"{ca}\"\n[limits]\nconnect-timeout = \"50ms\"");
    let proxy = Proxy::configured(&format!("https://{}", upstream.address()), &more).await;
    let mut client = proxy.connect().await;
    client.send(post(CHAT, HI)).await;
    let _silent = upstream.accept().await;
    let response = client.message().await;
    assert_eq!(response.status(), 504);
    assert!(chat_error(&response.json()).contains("did not accept a connection in time"));
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_in_time_is_a_504_where_there_is_a_limit() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::configured(&upstream.url(), "[limits]\nresponse-head-timeout = \"50ms\"").await;
    let (mut client, mut there) = asked(&proxy, &upstream).await;
    let response = client.message().await;
    assert_eq!(response.status(), 504);
    assert!(chat_error(&response.json()).contains("did not answer in time"));
    there.closed().await;
}

#[tokio::test]
async fn an_upstream_that_hangs_up_before_its_head_is_a_502_and_never_tried_again() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    for half in ["", "HTTP/1.1 200 OK\r\ncontent-le"] {
        client.send(post(CHAT, HI)).await;
        let mut there = upstream.accept().await;
        there.message().await;
        there.send(half).await;
        drop(there);
        let response = client.message().await;
        assert_eq!(response.status(), 502, "{half:?}");
        assert!(chat_error(&response.json()).contains("closed the connection"));
    }
    client.send(post(CHAT, HI)).await;
    // Were a request tried again, this would be that one's connection.
    let mut there = upstream.accept().await;
    there.message().await;
    there.send("SSH-2.0-OpenSSH_9.6\r\n").await;
    assert_eq!(client.message().await.status(), 502);
}

#[tokio::test]
async fn a_stream_that_breaks_off_never_looks_whole() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let heads = [
        "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n7\r\ndata: 1\r\n",
        "content-length: 100\r\n\r\ndata: 1",
    ];
    for (head, reset) in heads.into_iter().flat_map(|head| [(head, true), (head, false)]) {
        let (mut client, mut there) = asked(&proxy, &upstream).await;
        there.send(format!("HTTP/1.1 200 OK\r\n{head}")).await;
        client.until("data: 1").await;
        if reset {
            there.reset()
        } else {
            drop(there)
        }
        let rest = client.rest().await;
        assert!(matches!(rest.as_slice(), b"" | b"\r\n"), "{:?}", String::from_utf8_lossy(&rest));
    }
    let (_, metrics) = proxy.ask_admin("/metrics").await;
    assert!(metrics.contains("groundwire_broken_responses_total 4"), "{metrics}");
}

#[tokio::test]
async fn a_stream_that_breaks_off_between_events_says_so_in_the_callers_dialect() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let (mut client, mut there) = asked(&proxy, &upstream).await;
    there.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n").await;
    client.until("data: 1\n\n").await;
    drop(there);
    let rest = String::from_utf8(client.rest().await).unwrap();
    let event = rest.split("data: ").nth(1).unwrap_or_else(|| panic!("an event follows: {rest:?}"));
    let error: serde_json::Value = serde_json::from_str(event.split("\n\n").next().unwrap()).unwrap();
    assert!(error["error"]["message"].as_str().unwrap().contains("broke off"), "{error}");
    assert!(!rest.contains("0\r\n\r\n"), "and it still does not look whole: {rest:?}");
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_cancels_the_upstream() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let (client, mut there) = asked(&proxy, &upstream).await;
    drop(client);
    there.closed().await;
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_cancels_the_upstream() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let (mut client, mut there) = asked(&proxy, &upstream).await;
    there.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
    client.until("a\r\n").await;
    drop(client);
    there.closed().await;
}

/// Hands every judgement to the test to answer.
struct Asks(mpsc::UnboundedSender<Answer>);

impl Classifier for Asks {
    fn judge(&self, _: Id, _: &Conversation<'_>, _: usize) -> Judging {
        let (judging, answer) = Judging::pending();
        self.0.send(answer).unwrap();
        judging
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}

#[tokio::test]
async fn a_client_that_leaves_while_its_turn_is_judged_is_noticed() {
    let upstream = Upstream::start().await;
    let (asks, mut asked) = mpsc::unbounded_channel();
    let proxy = Proxy::judging(&config(&upstream.url(), ""), Asks(asks)).await;
    let mut client = proxy.connect().await;
    client.send(post(CHAT, HI)).await;
    let answer = within(asked.recv()).await.unwrap();
    assert!(!answer.is_abandoned());
    drop(client);
    // Whoever judges sees that nobody waits any more.
    within(async {
        while !answer.is_abandoned() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The first that the upstream hears is the next client.
    let mut client = proxy.connect().await;
    client.send("GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut there = upstream.accept().await;
    assert_eq!(there.message().await.line(), "GET /v1/models HTTP/1.1");
    there.send(ok("{}")).await;
    client.message().await;
}

#[tokio::test]
async fn a_body_that_is_no_http_is_a_400() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    for path in [CHAT, "/v1/files"] {
        let mut client = proxy.connect().await;
        client
            .send(format!("POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"))
            .await;
        let response = client.message().await;
        assert_eq!(response.status(), 400, "{path}");
        assert!(response.json()["error"]["message"].as_str().unwrap().contains("broke off"));
    }
}

#[tokio::test]
async fn connect_is_not_served() {
    let upstream = Upstream::start().await;
    let proxy = Proxy::start(&upstream.url()).await;
    let mut client = proxy.connect().await;
    client.send("CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n").await;
    assert_eq!(client.message().await.status(), 501);
}
