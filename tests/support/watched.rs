//! The command as a server in a process of its own, whose descriptors, threads, memory and gauges are watched: what a fault
//! leaves behind is seen from outside.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{Peer, within};

/// A server of its own process.
pub struct Watched {
    child: Child,
    pub listen: SocketAddr,
    pub admin: SocketAddr,
    folder: TempDir,
}

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub struct Holds {
    pub descriptors: usize,
    pub threads: usize,
}

impl Watched {
    /// Judges nothing; `more` stands in the configuration's file.
    pub async fn start(upstream: &str, more: &str) -> Self {
        Self::limited(upstream, more, 1024).await
    }

    /// May have so many descriptors.
    pub async fn limited(upstream: &str, more: &str, descriptors: usize) -> Self {
        let model = if more.contains("[classifier]") { "" } else { "[classifier]\nmodel = \"off\"\n" };
        let file =
            format!("listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nupstream = \"{upstream}\"\n{more}\n{model}");
        let folder = TempDir::new().unwrap();
        let (config, ports) = (folder.path().join("groundwire.toml"), folder.path().join("ports"));
        std::fs::write(&config, file).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -n {descriptors}; exec \"$@\"")).arg("sh");
        command.arg(env!("CARGO_BIN_EXE_groundwire")).args(["serve", "--config"]).arg(&config);
        command.arg("--port-file").arg(&ports).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        let child = command.spawn().unwrap();
        let written = within(async {
            loop {
                match std::fs::read_to_string(&ports) {
                    Ok(written) => break written,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        })
        .await;
        let address =
            |name: &str| written.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap();
        let watched = Self { child, listen: address("listen"), admin: address("admin"), folder };
        watched.until(async || watched.ask("/readyz").await.starts_with("ready\n")).await;
        watched
    }

    pub async fn connect(&self) -> Peer {
        Peer::connect(self.listen).await
    }

    /// What an admin endpoint says.
    pub async fn ask(&self, path: &str) -> String {
        let mut peer = Peer::connect(self.admin).await;
        peer.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        String::from_utf8(peer.message().await.body).unwrap()
    }

    /// Waits for `condition`, which must come about.
    pub async fn until(&self, condition: impl AsyncFn() -> bool) {
        within(async {
            while !condition().await {
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Waits until `/metrics` shows `line`.
    pub async fn counted(&self, line: &str) {
        let shown = std::cell::RefCell::new(String::new());
        let found = self.until(async || {
            *shown.borrow_mut() = self.ask("/metrics").await;
            shown.borrow().lines().any(|found| found == line)
        });
        if tokio::time::timeout(std::time::Duration::from_secs(20), found).await.is_err() {
            panic!("no line {line:?} in\n{}", shown.borrow());
        }
    }

    /// What `/metrics` says of a metric, by its whole name with labels; 0 where it says nothing.
    pub async fn metric(&self, name: &str) -> u64 {
        let metrics = self.ask("/metrics").await;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |number| number.parse().unwrap())
    }

    /// What the process holds now. Taken where nothing is under way.
    pub fn holds(&self) -> Holds {
        let of = |folder: &str| std::fs::read_dir(self.proc().join(folder)).unwrap().count();
        Holds { descriptors: of("fd"), threads: of("task") }
    }

    /// Waits until nothing is under way, and the process holds no more than it did.
    pub async fn settled(&self, before: Holds) {
        self.counted("groundwire_connections 0").await;
        self.counted("groundwire_requests_in_flight 0").await;
        let settling = self.until(async || {
            let now = self.holds();
            now.descriptors <= before.descriptors && now.threads <= before.threads
        });
        let settled = tokio::time::timeout(std::time::Duration::from_secs(20), settling).await;
        assert!(settled.is_ok(), "{:?}, and before that {before:?}", self.holds());
    }

    /// Bytes of memory that it holds, from `/proc`: `VmRSS` now, `VmHWM` at most so far.
    pub fn memory(&self, which: &str) -> usize {
        let status = std::fs::read_to_string(self.proc().join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(which)?.strip_prefix(':')).unwrap();
        line.split_whitespace().next().unwrap().parse::<usize>().unwrap() << 10
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn terminate(&self) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Its exit code, once it has ended.
    pub async fn ended(mut self) -> Option<i32> {
        within(self.child.wait()).await.unwrap().code()
    }

    fn proc(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}", self.child.id().unwrap()))
    }
}
