//! TLS towards upstreams: who is trusted, what is shown, which HTTP is spoken.

use super::authority::Authority;
use super::client::{ask, chat};
use super::echo::Echo;
use super::secured::BODY;
use super::sidecar::{Sidecar, configure};

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn an_upstream_that_wants_a_certificate_is_shown_one() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let closed = Echo::start("closed", Some(servers.server(&["localhost"], &["h2", "http/1.1"], Some(&clients)))).await;
    let other = Echo::start("other", Some(servers.server(&["localhost"], &["http/1.1"], Some(&clients)))).await;
    let folder = tempfile::TempDir::new().unwrap();
    servers.write(folder.path(), "ca.pem");
    clients.issue(&["sidecar"]).write(folder.path(), "client");
    let (closed_port, other_port) = (closed.address.port(), other.address.port());
    let config = format!(
        r#"upstream = "https://localhost:{closed_port}"
upstream-ca = "ca.pem"
upstream-client-certificate = "client.pem"
upstream-client-key = "client.key"
[[upstreams]]
prefix = "/other"
url = "https://localhost:{other_port}"
ca = "ca.pem"
client-certificate = "client.pem"
client-key = "client.key"
[[upstreams]]
prefix = "/unshown"
url = "https://localhost:{closed_port}"
ca = "ca.pem"
[[upstreams]]
prefix = "/untrusted"
url = "https://localhost:{closed_port}"
client-certificate = "client.pem"
client-key = "client.key"
"#
    );
    configure(folder.path(), &config);
    // The platform trusts somebody else.
    Authority::new("platform").write(folder.path(), "platform.pem");
    let platform = folder.path().join("platform.pem");
    let sidecar = Sidecar::start_in(folder, &[("SSL_CERT_FILE", platform.to_str().unwrap())]).await;
    for (path, name, version) in [(CHAT, "closed", 2), ("/other/v1/chat/completions", "other", 1)] {
        let (status, seen) = ask(sidecar.address, chat(path, BODY, &[])).await;
        assert_eq!((status, &seen["upstream"], &seen["version"]), (200, &name.into(), &version.into()));
        assert_eq!((&seen["certificate"], &seen["target"]), (&true.into(), &CHAT.into()));
        assert_eq!(seen["body"], BODY);
    }
    for path in ["/unshown/v1/chat/completions", "/untrusted/v1/chat/completions"] {
        let (status, answer) = ask(sidecar.address, chat(path, BODY, &[])).await;
        assert_eq!(status, 502, "{path}: {answer}");
        assert!(answer["error"]["message"].is_string());
    }
}

#[tokio::test]
async fn unless_told_otherwise_an_upstream_is_trusted_by_what_the_platform_trusts() {
    let servers = Authority::new("servers");
    let echo = Echo::start("it", Some(servers.server(&["localhost"], &["h2"], None))).await;
    let folder = tempfile::TempDir::new().unwrap();
    let platform = servers.write(folder.path(), "platform.pem");
    configure(folder.path(), &format!("upstream = \"https://localhost:{}\"", echo.address.port()));
    let sidecar = Sidecar::start_in(folder, &[("SSL_CERT_FILE", platform.to_str().unwrap())]).await;
    let (status, seen) = ask(sidecar.address, chat(CHAT, BODY, &[])).await;
    assert_eq!((status, &seen["version"]), (200, &2.into()));
    assert_eq!(seen["authority"], format!("localhost:{}", echo.address.port()));
    // The address is not in the certificate, and so it is another server.
    let folder = tempfile::TempDir::new().unwrap();
    configure(folder.path(), &format!("upstream = \"https://{}\"", echo.address));
    let sidecar = Sidecar::start_in(folder, &[("SSL_CERT_FILE", platform.to_str().unwrap())]).await;
    assert_eq!(ask(sidecar.address, chat(CHAT, BODY, &[])).await.0, 502);
    drop(platform);
}
