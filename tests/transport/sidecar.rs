//! The command as a server, from a configuration file, with an environment of the test's.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::Child;

use super::support::served::groundwire;
use super::support::{Peer, within};

/// What stands above the tables of every configuration here.
const TOP: &str = "listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";
const TABLES: &str = "\n[classifier]\nmodel = \"off\"\n[log]\nlevel = \"trace\"\n";

pub struct Sidecar {
    child: Child,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    folder: TempDir,
}

/// A folder with this configuration in it.
pub fn folder(config: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    configure(folder.path(), config);
    folder
}

pub fn configure(folder: &Path, config: &str) {
    // The tables of ours go before those of the test's, its keys before all of them.
    let (keys, tables) = match config.find("\n[") {
        Some(at) => config.split_at(at),
        None => (config, ""),
    };
    std::fs::write(folder.join("groundwire.toml"), [TOP, keys, TABLES, tables].concat()).unwrap();
}

impl Sidecar {
    pub async fn start(config: &str, environment: &[(&str, &str)]) -> Self {
        Self::start_in(folder(config), environment).await
    }

    /// Starts with `groundwire.toml` in `folder`.
    pub async fn start_in(folder: TempDir, environment: &[(&str, &str)]) -> Self {
        let ports = folder.path().join("ports");
        let mut command = groundwire(&["serve", "--config", "groundwire.toml", "--port-file", "ports"]);
        command.envs(environment.iter().copied()).current_dir(folder.path());
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let written = within(async {
            loop {
                if let Ok(written) = tokio::fs::read_to_string(&ports).await {
                    break written;
                }
                if let Some(status) = child.try_wait().unwrap() {
                    panic!("{status}: {}", std::fs::read_to_string(folder.path().join("log")).unwrap());
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
        let address =
            |name: &str| written.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap();
        let (address, admin) = (address("listen"), address("admin"));
        let sidecar = Self { child, address, admin, folder };
        sidecar.admin_says("/readyz", |text| text != "starting\n").await;
        sidecar
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub async fn connect(&self) -> Peer {
        Peer::connect(self.address).await
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// What an admin endpoint says.
    pub async fn admin(&self, path: &str) -> String {
        let mut peer = Peer::connect(self.admin).await;
        peer.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        String::from_utf8(peer.message().await.body).unwrap()
    }

    /// Waits until an admin endpoint says what the test wants to hear.
    pub async fn admin_says(&self, path: &str, wanted: impl Fn(&str) -> bool) -> String {
        within(async {
            loop {
                let text = self.admin(path).await;
                if wanted(&text) {
                    return text;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Waits until a count, labels included, is `wanted`.
    pub async fn counted(&self, name: &str, wanted: usize) {
        let line = format!("groundwire_{name} {wanted}");
        self.admin_says("/metrics", |text| text.lines().any(|counted| counted == line)).await;
    }

    /// Everything it has logged so far, at the level that logs most.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Has it drain, and waits for its end.
    pub async fn stop(mut self) -> (bool, String) {
        self.signal(Signal::TERM);
        let status = within(self.child.wait()).await.unwrap();
        (status.success(), self.log())
    }
}

/// What a command says that cannot do its work, which it must end by itself with exit code 1.
pub async fn fails(command: &str, config: &str, environment: &[(&str, &str)]) -> String {
    let folder = folder(config);
    let arguments: &[&str] =
        if command == "check" { &["check", "groundwire.toml"] } else { &["serve", "--config", "groundwire.toml"] };
    let mut command = groundwire(arguments);
    let Output { status, stderr, .. } =
        within(command.envs(environment.iter().copied()).current_dir(folder.path()).output()).await.unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{config}: {stderr}");
    stderr
}
