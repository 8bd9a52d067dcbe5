//! Certificates in files: what is said at the start about those that are no good, and what becomes of new ones.

use std::path::Path;

use rustix::process::Signal;
use rustls::pki_types::CertificateDer;

use super::authority::{Authority, Issued};
use super::client::{Client, chat, secure};
use super::echo::Echo;
use super::sidecar::{Sidecar, configure, fails};
use super::support::{Upstream, within};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls");

/// The certificate that a new connection is shown.
async fn shown(sidecar: &Sidecar, authority: &Authority) -> CertificateDer<'static> {
    let stream = secure(sidecar.address, &authority.client(&[], None)).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone()
}

async fn shows(sidecar: &Sidecar, authority: &Authority, wanted: &Issued) {
    let wanted = pem(wanted);
    within(async {
        while shown(sidecar, authority).await != wanted {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn pem(issued: &Issued) -> CertificateDer<'static> {
    use rustls::pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()
}

/// A sidecar that shows what `server.pem` and `server.key` hold.
async fn start(authority: &Authority, upstream: &str, clients: Option<&Authority>) -> (Sidecar, Issued) {
    let folder = tempfile::TempDir::new().unwrap();
    let first = authority.issue(&["localhost"]);
    first.write(folder.path(), "server");
    let mut tls = "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n".to_owned();
    if let Some(clients) = clients {
        clients.write(folder.path(), "clients.pem");
        tls.push_str("client-ca = \"clients.pem\"\n");
    }
    configure(folder.path(), &format!("upstream = \"{upstream}\"\n{tls}"));
    (Sidecar::start_in(folder, &[]).await, first)
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_new_connections_and_old_ones_go_on() {
    let echo = Echo::start("it", None).await;
    let authority = Authority::new("servers");
    let (sidecar, first) = start(&authority, &echo.url(), None).await;
    assert_eq!(shown(&sidecar, &authority).await, pem(&first));
    let stream = secure(sidecar.address, &authority.client(&["h2"], None)).await.unwrap();
    let mut open = Client::two(stream).await.unwrap();
    let url = "https://localhost/v1/chat/completions";
    assert_eq!(open.ask(chat(url, "{}", &[])).await.unwrap().status(), 200);
    let second = authority.issue(&["localhost"]);
    second.write(sidecar.folder(), "server");
    shows(&sidecar, &authority, &second).await;
    sidecar.counted("certificate_reads_total{outcome=\"ok\"}", 1).await;
    assert_eq!(open.ask(chat(url, "{}", &[])).await.unwrap().status(), 200, "on the connection that was open");
    let (clean, log) = sidecar.stop().await;
    assert!(clean && log.matches("the certificate was read anew").count() == 1, "{log}");
    assert!(!log.contains("PRIVATE KEY"));
}

#[tokio::test]
async fn the_old_one_stays_whatever_is_wrong_with_the_new() {
    let authority = Authority::new("servers");
    let (sidecar, first) = start(&authority, "http://127.0.0.1:9", None).await;
    let (certificate, key) = (sidecar.folder().join("server.pem"), sidecar.folder().join("server.key"));
    let second = authority.issue(&["localhost"]);
    type Damage<'a> = (&'a str, Box<dyn Fn() + 'a>, &'a str);
    let damages: [Damage<'_>; 4] = [
        (
            "no PEM",
            Box::new(|| std::fs::write(&certificate, "hunter2").unwrap()),
            "tls.certificate: server.pem holds no certificate in PEM",
        ),
        (
            "no file",
            Box::new(|| std::fs::remove_file(&certificate).unwrap()),
            "tls.certificate: server.pem cannot be read",
        ),
        (
            "another key's",
            Box::new(|| std::fs::write(&certificate, &second.certificate).unwrap()),
            "tls.certificate: server.pem does not belong to the key in server.key",
        ),
        ("no key", Box::new(|| std::fs::write(&key, "").unwrap()), "tls.key: server.key holds no private key in PEM"),
    ];
    for (failed, (name, damage, said)) in (1..).zip(&damages) {
        damage();
        sidecar.counted("certificate_reads_total{outcome=\"failed\"}", failed).await;
        let log = sidecar.log();
        assert_eq!(log.matches(said).count(), 1, "{name}: {log}");
        assert!(!log.contains("hunter2"));
        assert_eq!(shown(&sidecar, &authority).await, pem(&first), "{name}");
    }
    // What was wrong is said once, however often it is looked at, and what is right is taken up without a restart.
    let looks = |log: &str| log.matches("looked at the certificate").count();
    let enough = looks(&sidecar.log()) + 4;
    within(async {
        while looks(&sidecar.log()) < enough {
            tokio::task::yield_now().await;
        }
    })
    .await;
    second.write(sidecar.folder(), "server");
    shows(&sidecar, &authority, &second).await;
    sidecar.counted("certificate_reads_total{outcome=\"failed\"}", damages.len()).await;
    sidecar.counted("certificate_reads_total{outcome=\"ok\"}", 1).await;
}

#[tokio::test]
async fn a_hangup_reads_them_at_once_and_ends_nothing() {
    let upstream = Upstream::start().await;
    let authority = Authority::new("servers");
    let (sidecar, first) = start(&authority, &upstream.url(), None).await;
    for read in 1..=3 {
        sidecar.signal(Signal::HUP);
        sidecar.counted("certificate_reads_total{outcome=\"ok\"}", read).await;
    }
    assert_eq!(shown(&sidecar, &authority).await, pem(&first));
    assert!(sidecar.stop().await.0);
}

/// Puts both files into a folder of their own and turns `..data` to it, as Kubernetes does with a secret that changes.
fn turn(folder: &Path, name: &str, issued: &Issued) {
    let version = folder.join(name);
    std::fs::create_dir(&version).unwrap();
    issued.write(&version, "server");
    let (new, data) = (folder.join("..data.new"), folder.join("..data"));
    std::os::unix::fs::symlink(name, &new).unwrap();
    std::fs::rename(&new, &data).unwrap();
}

#[tokio::test]
async fn a_link_that_is_turned_elsewhere_is_a_change() {
    let authority = Authority::new("servers");
    let folder = tempfile::TempDir::new().unwrap();
    let (first, second) = (authority.issue(&["localhost"]), authority.issue(&["localhost"]));
    turn(folder.path(), "..1", &first);
    for name in ["server.pem", "server.key"] {
        std::os::unix::fs::symlink(Path::new("..data").join(name), folder.path().join(name)).unwrap();
    }
    let tls = "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"";
    configure(folder.path(), &format!("upstream = \"http://127.0.0.1:9\"\n{tls}"));
    let sidecar = Sidecar::start_in(folder, &[]).await;
    assert_eq!(shown(&sidecar, &authority).await, pem(&first));
    turn(sidecar.folder(), "..2", &second);
    shows(&sidecar, &authority, &second).await;
    sidecar.counted("certificate_reads_total{outcome=\"ok\"}", 1).await;
}

#[tokio::test]
async fn who_is_let_in_changes_with_the_file_that_says_so() {
    let echo = Echo::start("it", None).await;
    let authority = Authority::new("servers");
    let (old, new) = (Authority::new("old clients"), Authority::new("new clients"));
    let (sidecar, _) = start(&authority, &echo.url(), Some(&old)).await;
    // One connector for all connections: it resumes its session where it is let to.
    let (old_client, new_client) =
        (authority.client(&[], Some(&old.issue(&["a"]))), authority.client(&[], Some(&new.issue(&["b"]))));
    let let_in = async |tls: &tokio_rustls::TlsConnector| {
        let Ok(stream) = secure(sidecar.address, tls).await else { return false };
        let Ok(mut client) = Client::one(stream).await else { return false };
        client.ask(chat("/v1/chat/completions", "{}", &[])).await.is_ok()
    };
    assert!(let_in(&old_client).await && let_in(&old_client).await && !let_in(&new_client).await);
    new.write(sidecar.folder(), "clients.pem");
    sidecar.counted("certificate_reads_total{outcome=\"ok\"}", 1).await;
    assert!(let_in(&new_client).await);
    assert!(!let_in(&old_client).await, "not even with a ticket from before");
}

#[tokio::test]
async fn what_is_no_good_at_the_start_is_said_with_its_key_file_and_reason() {
    let authority = Authority::new("servers");
    let folder = tempfile::TempDir::new().unwrap();
    let there = |name: &str| folder.path().join(name).display().to_string();
    authority.issue(&["localhost"]).write(folder.path(), "server");
    authority.issue(&["localhost"]).write(folder.path(), "other");
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    std::fs::write(folder.path().join("locked.key"), locked).unwrap();
    std::fs::write(folder.path().join("cut.pem"), "-----BEGIN CERTIFICATE-----\nMIIB\n").unwrap();
    std::fs::write(folder.path().join("junk.pem"), "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
        .unwrap();
    std::fs::write(folder.path().join("empty.pem"), "").unwrap();
    let rows = [
        ("server.pem", "other.key", "", "tls.certificate", "server.pem", "does not belong to the key in"),
        ("none.pem", "server.key", "", "tls.certificate", "none.pem", "cannot be read"),
        ("server.key", "server.key", "", "tls.certificate", "server.key", "holds no certificate in PEM"),
        ("cut.pem", "server.key", "", "tls.certificate", "cut.pem", "is broken off or no PEM"),
        ("junk.pem", "server.key", "", "tls.certificate", "junk.pem", "holds a certificate that cannot be used"),
        ("server.pem", "server.pem", "", "tls.key", "server.pem", "holds no private key in PEM"),
        ("server.pem", "locked.key", "", "tls.key", "locked.key", "holds an encrypted key"),
        ("server.pem", "none.key", "", "tls.key", "none.key", "cannot be read"),
        ("server.pem", "server.key", "empty.pem", "tls.client-ca", "empty.pem", "holds no certificate in PEM"),
        (
            "server.pem",
            "server.key",
            "junk.pem",
            "tls.client-ca",
            "junk.pem",
            "holds a certificate that cannot be trusted",
        ),
    ];
    for (certificate, key, ca, wrong_key, file, why) in rows {
        let mut config = format!(
            "upstream = \"http://h\"\n[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
            there(certificate),
            there(key)
        );
        if !ca.is_empty() {
            config.push_str(&format!("client-ca = \"{}\"\n", there(ca)));
        }
        for command in ["serve", "check"] {
            let said = fails(command, &config, &[]).await;
            assert!(said.contains(&format!("{wrong_key}: {} {why}", there(file))), "{command}: {said}");
        }
    }
    // Of an upstream's, the same.
    let rows = [
        ("upstream-ca = \"{none}\"", "upstream-ca: "),
        (
            "upstream-client-certificate = \"{server.pem}\"\nupstream-client-key = \"{other.key}\"",
            "upstream-client-certificate: ",
        ),
        ("\n[[upstreams]]\nprefix = \"/a\"\nurl = \"https://h\"\nca = \"{none}\"", "`ca` of the upstream for /a: "),
    ];
    for (more, said_of) in rows {
        let more = more.replace("{none}", &there("none")).replace("{server.pem}", &there("server.pem"));
        let more = more.replace("{other.key}", &there("other.key"));
        for command in ["serve", "check"] {
            let said = fails(
                command,
                &format!("upstream = \"https://h\"\n{more}"),
                &[("SSL_CERT_FILE", &format!("{FOLDER}/ca.pem"))],
            )
            .await;
            assert!(said.contains(said_of), "{command}: {said}");
        }
    }
}
