//! Forward proxies: which one is asked, how, and with whose credentials.

use serde_json::Value;

use super::authority::Authority;
use super::client::{Client, ask, chat, plain};
use super::echo::Echo;
use super::forward_proxy::ForwardProxy;
use super::secured::BODY;
use super::sidecar::{Sidecar, configure, fails};
use super::support::Upstream;
use super::support::served::groundwire;

const CHAT: &str = "/v1/chat/completions";
/// `me:hunter2 ` in Base64; the blank stands in the URL as an escape.
const BASIC: &str = "proxy-authorization: Basic bWU6aHVudGVyMiA=\r\n";

fn secretless(log: &str) {
    for secret in ["hunter2", "bWU6aHVudGVyMiA", "sk-caller"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn an_https_upstream_is_reached_by_connect_and_seen_by_nobody_in_between() {
    let servers = Authority::new("servers");
    let echo = Echo::start("it", Some(servers.server(&["api.test"], &["h2", "http/1.1"], None))).await;
    for proxy_is_https in [false, true] {
        let tls = proxy_is_https.then(|| servers.server(&["localhost"], &[], None));
        let proxy = ForwardProxy::start(echo.address, Some(BASIC), tls).await;
        let folder = tempfile::TempDir::new().unwrap();
        let ca = servers.write(folder.path(), "ca.pem");
        configure(folder.path(), "upstream = \"https://api.test/base\"");
        let scheme = if proxy_is_https { "https" } else { "http" };
        let url = format!("{scheme}://me:hunter2%20@localhost:{}", proxy.address.port());
        let environment =
            [("SSL_CERT_FILE", ca.to_str().unwrap()), ("https_proxy", &url), ("HTTPS_PROXY", "http://127.0.0.1:9")];
        let sidecar = Sidecar::start_in(folder, &environment).await;
        for _ in 0..2 {
            let (status, seen) = ask(sidecar.address, chat(CHAT, BODY, &[("authorization", "Bearer sk-caller")])).await;
            assert_eq!(status, 200, "{seen}");
            assert_eq!((&seen["target"], &seen["version"]), (&"/base/v1/chat/completions".into(), &2.into()));
            assert_eq!(seen["body"], BODY);
            assert_eq!(seen["headers"]["authorization"], "Bearer sk-caller");
            assert_eq!(seen["headers"]["proxy-authorization"], Value::Null, "they are the forward proxy's alone");
        }
        let heads = proxy.heads();
        assert_eq!(heads.len(), 1, "a connection is kept: {heads:?}");
        assert!(heads[0].starts_with("CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n"), "{heads:?}");
        let (_, log) = sidecar.stop().await;
        assert!(log.contains("reached through a forward proxy") && log.contains("https_proxy"), "{log}");
        secretless(&log);
    }
}

#[tokio::test]
async fn an_http_upstream_is_asked_for_in_absolute_form() {
    let echo = Echo::start("it", None).await;
    let proxy = ForwardProxy::start(echo.address, Some(BASIC), None).await;
    let url = format!("http://me:hunter2%20@{}/", proxy.address);
    let sidecar = Sidecar::start("upstream = \"http://api.test/base\"", &[("HTTP_PROXY", &url)]).await;
    // What a client says to its own proxy is not for the one behind us.
    let request = chat(
        "/v1//chat/completions?x=%2F&y",
        BODY,
        &[("proxy-authorization", "Basic mine"), ("authorization", "Bearer sk-caller")],
    );
    let (status, seen) = ask(sidecar.address, request).await;
    assert_eq!((status, &seen["body"]), (200, &BODY.into()));
    assert_eq!(seen["headers"]["host"], "api.test");
    assert_eq!(seen["headers"]["authorization"], "Bearer sk-caller");
    let heads = proxy.heads();
    assert!(heads[0].starts_with("POST http://api.test/base/v1//chat/completions?x=%2F&y HTTP/1.1\r\n"), "{heads:?}");
    assert!(!heads[0].contains("Basic mine"));
    secretless(&sidecar.stop().await.1);
}

#[tokio::test]
async fn a_tunnel_to_an_http_upstream_goes_by_connect() {
    let upstream = Upstream::start().await;
    let proxy = ForwardProxy::start(upstream.address(), Some(BASIC), None).await;
    let url = format!("http://me:hunter2%20@{}", proxy.address);
    let sidecar = Sidecar::start("upstream = \"http://api.test\"", &[("all_proxy", &url)]).await;
    let mut client = sidecar.connect().await;
    client.send("GET /v1/realtime HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n").await;
    let mut there = upstream.accept().await;
    let head = there.head().await;
    assert!(head.starts_with("GET /v1/realtime HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("uthorization"), "{head}");
    there.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello").await;
    client.until("\r\n\r\nhello").await;
    client.send("hi").await;
    assert_eq!(there.exactly(2).await, b"hi");
    assert!(proxy.heads()[0].starts_with("CONNECT api.test:80 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_forward_proxy_that_wants_other_credentials_is_no_affair_of_the_clients() {
    let echo = Echo::start("it", None).await;
    let proxy = ForwardProxy::start(echo.address, Some(BASIC), None).await;
    let url = format!("http://me:wrong@{}", proxy.address);
    for (upstream, variable) in [("https://api.test", "https_proxy"), ("http://api.test", "http_proxy")] {
        let folder = tempfile::TempDir::new().unwrap();
        let ca = Authority::new("platform").write(folder.path(), "ca.pem");
        configure(folder.path(), &format!("upstream = \"{upstream}\""));
        let environment = [("SSL_CERT_FILE", ca.to_str().unwrap()), (variable, &url)];
        let sidecar = Sidecar::start_in(folder, &environment).await;
        let mut client = Client::one(plain(sidecar.address).await).await.unwrap();
        let response = client.ask(chat(CHAT, BODY, &[])).await.unwrap();
        assert_eq!(response.status(), 502, "not 407, which a client would take for its own proxy's");
        assert!(!response.headers().contains_key("proxy-authenticate"));
        let answer: Value = serde_json::from_slice(response.body()).unwrap();
        assert!(answer["error"]["type"].is_string(), "{answer}");
        sidecar.counted("faults_total{origin=\"upstream\",kind=\"unreachable\"}", 1).await;
        let ready = sidecar.admin("/readyz").await;
        assert!(ready.starts_with("degraded: could not be reached") && ready.contains(upstream), "{ready}");
        let (_, log) = sidecar.stop().await;
        assert!(!log.contains("wrong@") && !log.contains("me:wrong"), "{log}");
    }
    assert_eq!(echo.connections(), 0);
}

#[tokio::test]
async fn a_forward_proxy_that_is_down_or_refuses_is_a_502() {
    let closed = Upstream::start().await.address();
    let refusing = Upstream::start().await;
    let environment =
        [("http_proxy", format!("http://{closed}")), ("all_proxy", format!("http://{}", refusing.address()))];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let sidecar = Sidecar::start("upstream = \"http://api.test\"", &environment).await;
    assert_eq!(ask(sidecar.address, chat(CHAT, BODY, &[])).await.0, 502);
    let folder = tempfile::TempDir::new().unwrap();
    let ca = Authority::new("platform").write(folder.path(), "ca.pem");
    configure(folder.path(), "upstream = \"https://api.test\"");
    let environment = [environment[1], ("SSL_CERT_FILE", ca.to_str().unwrap())];
    let sidecar = Sidecar::start_in(folder, &environment).await;
    for answer in
        ["HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 502 Bad Gateway\r\n\r\n", "junk\r\n\r\n", ""]
    {
        let asked = tokio::spawn(ask(sidecar.address, chat(CHAT, BODY, &[])));
        let mut there = refusing.accept().await;
        there.head().await;
        there.send(answer).await;
        drop(there);
        assert_eq!(asked.await.unwrap().0, 502, "{answer:?}");
    }
    sidecar.counted("requests_in_flight", 0).await;
    // One that takes connections and says nothing is not waited for longer than for an upstream.
    let environment = [("http_proxy", format!("http://{}", refusing.address()))];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let config = "upstream = \"http://api.test\"\n[limits]\nconnect-timeout = \"100ms\"";
    let sidecar = Sidecar::start(config, &environment).await;
    let mut client = sidecar.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n").await;
    let mut there = refusing.accept().await;
    there.head().await;
    assert_eq!(client.message().await.status(), 504);
    there.closed().await;
}

#[tokio::test]
async fn what_is_excepted_goes_straight_and_so_does_what_is_told_to() {
    let echo = Echo::start("it", None).await;
    let proxy = ForwardProxy::start(echo.address, None, None).await;
    let (url, port) = (format!("http://{}", proxy.address), echo.address.port());
    let (at, off) = (format!("upstream-proxy = \"{url}\""), "upstream-proxy = \"off\"");
    let nowhere = "http://127.0.0.1:9";
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], bool);
    let rows: [Row<'_>; 9] = [
        ("127.0.0.1", "", &[("http_proxy", &url)], true),
        ("127.0.0.1", "", &[("http_proxy", &url), ("no_proxy", "other.test, 127.0.0.0/8")], false),
        ("127.0.0.1", "", &[("HTTP_PROXY", &url), ("NO_PROXY", "*")], false),
        ("localhost", "", &[("http_proxy", &url), ("NO_PROXY", "localhost")], false),
        ("localhost", "", &[("http_proxy", &url), ("no_proxy", "127.0.0.1"), ("NO_PROXY", "*")], true),
        ("127.0.0.1", off, &[("http_proxy", nowhere)], false),
        ("127.0.0.1", &at, &[("http_proxy", nowhere), ("no_proxy", "*")], true),
        ("127.0.0.1", "", &[("https_proxy", nowhere)], false),
        ("127.0.0.1", "", &[("HTTP_PROXY", nowhere), ("REQUEST_METHOD", "GET")], false),
    ];
    let mut through = 0;
    for (host, more, environment, asked) in rows {
        let sidecar = Sidecar::start(&format!("upstream = \"http://{host}:{port}\"\n{more}"), environment).await;
        let (status, seen) = ask(sidecar.address, chat(CHAT, BODY, &[])).await;
        assert_eq!((status, &seen["upstream"]), (200, &"it".into()), "{more} {environment:?}");
        through += usize::from(asked);
        assert_eq!(proxy.heads().len(), through, "{more} {environment:?}");
    }
}

#[tokio::test]
async fn each_upstream_has_its_own() {
    let (one, two) = (Echo::start("one", None).await, Echo::start("two", None).await);
    let proxy = ForwardProxy::start(two.address, None, None).await;
    let (straight, through) = (one.url(), proxy.address);
    let config = format!(
        "upstream = \"{straight}\"\nupstream-proxy = \"off\"\n[[upstreams]]\nprefix = \"/two\"\nurl = \"http://two.test\"\nproxy = \"http://me:hunter2%20@{through}\""
    );
    let sidecar = Sidecar::start(&config, &[("all_proxy", "http://127.0.0.1:9")]).await;
    assert_eq!(ask(sidecar.address, chat(CHAT, BODY, &[])).await.1["upstream"], "one");
    assert!(proxy.heads().is_empty());
    assert_eq!(ask(sidecar.address, chat("/two/v1/chat/completions", BODY, &[])).await.1["upstream"], "two");
    let head = proxy.heads().remove(0);
    assert!(head.starts_with("POST http://two.test/v1/chat/completions HTTP/1.1\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains(&BASIC.to_ascii_lowercase()), "{head}");
    secretless(&sidecar.stop().await.1);
    let folder = tempfile::TempDir::new().unwrap();
    configure(folder.path(), &config);
    let checked = groundwire(&["check", "groundwire.toml"]).current_dir(folder.path()).output().await.unwrap();
    let shown = String::from_utf8(checked.stdout).unwrap();
    assert!(shown.contains("proxy = \"http://***@") && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn one_that_cannot_be_used_is_an_error_at_the_start_without_its_password() {
    for value in ["socks5://me:hunter2@h:1080", "http://me:hunter2@", "http://h/hunter2", "hunter2:hunter2"] {
        for command in ["serve", "check"] {
            let said = fails(command, "upstream = \"http://api.test\"", &[("all_proxy", value)]).await;
            assert!(said.contains("all_proxy") && said.contains("upstream-proxy"), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
