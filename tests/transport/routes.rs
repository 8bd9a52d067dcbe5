//! Upstreams by path: which one a request goes to, what of the path arrives, and that nothing but the path has a say.

use std::fmt::Write;

use serde_json::Value;

use super::client::{ask, chat};
use super::echo::Echo;
use super::sidecar::Sidecar;
use super::support::Upstream;
use super::support::wire::ok;

#[tokio::test]
async fn the_longest_prefix_of_whole_segments_wins_and_the_rest_arrives_byte_for_byte() {
    let (rest, a, deep, kept) = (
        Echo::start("rest", None).await,
        Echo::start("a", None).await,
        Echo::start("deep", None).await,
        Echo::start("kept", None).await,
    );
    let config = format!(
        r#"upstream = "{}/base"
[[upstreams]]
prefix = "/a"
url = "{}"
[[upstreams]]
prefix = "/a/deep/"
url = "{}/v2/"
[[upstreams]]
prefix = "/kept"
url = "{}"
strip-prefix = false
"#,
        rest.url(),
        a.url(),
        deep.url(),
        kept.url()
    );
    let sidecar = Sidecar::start(&config, &[]).await;
    let rows = [
        ("/v1/chat/completions", "rest", "/base/v1/chat/completions"),
        ("/a/v1/chat/completions?x=%20&y=/a", "a", "/v1/chat/completions?x=%20&y=/a"),
        ("/a", "a", "/"),
        ("/a?k=v", "a", "/?k=v"),
        ("/a/", "a", "/"),
        ("/a//x/", "a", "//x/"),
        ("/a/a/a", "a", "/a/a"),
        ("/ab/x", "rest", "/base/ab/x"),
        ("/A/x", "rest", "/base/A/x"),
        ("//a/x", "rest", "/base//a/x"),
        ("/%61/x", "rest", "/base/%61/x"),
        ("/a%2Fdeep/x", "rest", "/base/a%2Fdeep/x"),
        ("/a/deep/x", "deep", "/v2/x"),
        ("/a/deep", "deep", "/v2"),
        ("/a/deep?q", "deep", "/v2?q"),
        ("/a/deeper", "a", "/deeper"),
        ("/a/deep/%2E%2e/../x;p=1,2", "deep", "/v2/%2E%2e/../x;p=1,2"),
        ("/kept/v1/x?", "kept", "/kept/v1/x?"),
        ("/kept", "kept", "/kept"),
    ];
    for (asked, upstream, target) in rows {
        let (status, seen) = ask(sidecar.address, chat(asked, "{ }", &[])).await;
        assert_eq!((status, &seen["upstream"], &seen["target"]), (200, &upstream.into(), &target.into()), "{asked}");
        assert_eq!(seen["body"], "{ }");
    }
}

#[tokio::test]
async fn nothing_but_the_path_says_where_a_request_goes() {
    let (meant, routed, evil) = (Upstream::start().await, Upstream::start().await, Echo::start("evil", None).await);
    let config = format!("upstream = \"{}\"\n[[upstreams]]\nprefix = \"/r\"\nurl = \"{}\"", meant.url(), routed.url());
    let sidecar = Sidecar::start(&config, &[]).await;
    let elsewhere = evil.address;
    let mut headers = String::new();
    for name in
        ["x-forwarded-host", "x-forwarded-server", "x-original-url", "x-rewrite-url", "x-groundwire-upstream", "x-host"]
    {
        write!(headers, "{name}: {elsewhere}\r\n").unwrap();
    }
    write!(headers, "forwarded: host={elsewhere};proto=http\r\n").unwrap();
    let targets = [
        format!("http://{elsewhere}/r"),
        format!("http://{elsewhere}/x"),
        format!("//{elsewhere}/x"),
        format!("/@{elsewhere}/x"),
        format!("/r@{elsewhere}/x"),
        format!("/r/http://{elsewhere}/x"),
        format!("/r//{elsewhere}/x"),
        format!("/r/../../{elsewhere}/"),
        format!("/x?upstream=http://{elsewhere}&url=http://{elsewhere}#http://{elsewhere}"),
        "*".to_owned(),
    ];
    for target in &targets {
        let mut client = sidecar.connect().await;
        let method = if target == "*" { "OPTIONS" } else { "GET" };
        client
            .send(format!("{method} {target} HTTP/1.1\r\nhost: {elsewhere}\r\nconnection: close\r\n{headers}\r\n"))
            .await;
        let path = target.strip_prefix(&format!("http://{elsewhere}")).unwrap_or(target);
        let (there, name) =
            if path == "/r" || path.starts_with("/r/") { (&routed, "routed") } else { (&meant, "meant") };
        let mut there = there.accept().await;
        let request = there.message().await;
        let address = if name == "routed" { routed.address() } else { meant.address() };
        assert_eq!(request.header("host"), Some(address.to_string().as_str()), "{target}");
        let wanted = if name == "routed" { &path[2..] } else { path }.split('#').next().unwrap();
        let wanted = if wanted.is_empty() { "/" } else { wanted };
        assert_eq!(request.line(), format!("{method} {wanted} HTTP/1.1"), "{target}");
        there.send(ok("{}").replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n")).await;
        assert_eq!(client.message().await.status(), 200, "{target}");
    }
    let mut client = sidecar.connect().await;
    client.send(format!("CONNECT {elsewhere} HTTP/1.1\r\nhost: {elsewhere}\r\n\r\n")).await;
    assert_eq!(client.message().await.status(), 501);
    assert_eq!(evil.connections(), 0);
}

#[tokio::test]
async fn readiness_tells_of_every_upstream_that_cannot_be_reached() {
    let rest = Echo::start("rest", None).await;
    let gone = Upstream::start().await;
    let address = gone.address();
    drop(gone);
    let config =
        format!("upstream = \"{}\"\n[[upstreams]]\nprefix = \"/gone\"\nurl = \"http://{address}\"", rest.url());
    let sidecar = Sidecar::start(&config, &[]).await;
    // The second line names the configuration.
    let state = || async { sidecar.admin("/readyz").await.lines().next().unwrap().to_owned() };
    assert_eq!(state().await, "ready", "nobody has asked yet");
    let asked = |path: &'static str| ask(sidecar.address, chat(path, "{}", &[]));
    assert_eq!(asked("/gone/v1/chat/completions").await.0, 502);
    let degraded = format!("degraded: could not be reached: http://{address} (for /gone)");
    assert_eq!(state().await, degraded, "and the others are served");
    assert_eq!(asked("/v1/chat/completions").await.0, 200);
    assert!(sidecar.admin("/readyz").await.contains("/gone"), "another's success is not its own");
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut there = super::support::Peer::new(socket);
        there.message().await;
        there.send(ok("{}")).await;
    });
    let (status, answer) = asked("/gone/v1/chat/completions").await;
    assert_eq!((status, answer), (200, Value::Object(serde_json::Map::new())));
    assert_eq!(state().await, "ready");
}
