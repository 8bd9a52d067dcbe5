//! The command in a process of its own, as a server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::{Peer, within};

/// The command, to be started.
pub fn groundwire(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_groundwire"));
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    // Upstreams of tests are on this machine, whatever forward proxy leads out of it.
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_ascii_uppercase());
    }
    command
}

/// A server of its own process, and where it listens.
pub struct Served {
    child: Child,
    /// Read as it comes: a pipe that nobody empties would hold up who writes much.
    said: JoinHandle<Vec<u8>>,
    pub listen: SocketAddr,
    pub admin: SocketAddr,
    folder: TempDir,
}

pub async fn serve(upstream: &str, more: &[&str]) -> Served {
    let mut arguments = vec!["--upstream", upstream];
    if !more.contains(&"--model") {
        arguments.extend(["--model", "off"]);
    }
    arguments.extend(more);
    start(TempDir::new().unwrap(), &arguments, &[]).await
}

/// A server whose configuration is this text, in the file `groundwire.toml` of its folder, and nothing else.
pub async fn configured(text: &str) -> Served {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("groundwire.toml"), text).unwrap();
    start(folder, &["--config", "groundwire.toml"], &[]).await
}

/// A server in `folder`, on free ports.
pub async fn start(folder: TempDir, arguments: &[&str], environment: &[(&str, &str)]) -> Served {
    let ports = folder.path().join("ports");
    let mut command = groundwire(&["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    command.arg("--port-file").arg(&ports).args(arguments).current_dir(folder.path());
    command.envs(environment.iter().copied());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let said = tokio::spawn(async move {
        let mut said = Vec::new();
        stderr.read_to_end(&mut said).await.unwrap();
        said
    });
    let written = within(appears(&ports)).await;
    let address =
        |name: &str| written.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap();
    Served { child, said, listen: address("listen"), admin: address("admin"), folder }
}

/// The content of a file, once it is there.
async fn appears(path: &Path) -> String {
    loop {
        if let Ok(content) = tokio::fs::read_to_string(path).await {
            return content;
        }
        tokio::task::yield_now().await;
    }
}

impl Served {
    /// A file in its folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub async fn connect(&self) -> Peer {
        Peer::connect(self.listen).await
    }

    /// What an admin endpoint says: status and text.
    pub async fn ask(&self, path: &str) -> (u16, String) {
        self.ask_for(path, "*/*").await
    }

    /// The same, of the type that is wished for.
    pub async fn ask_for(&self, path: &str, accept: &str) -> (u16, String) {
        let mut peer = Peer::connect(self.admin).await;
        peer.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\n\r\n")).await;
        let message = peer.message().await;
        (message.status(), String::from_utf8(message.body).unwrap())
    }

    /// What an admin endpoint says, once that is as it is wanted.
    pub async fn says(&self, path: &str, wanted: impl Fn(&str) -> bool) -> String {
        let asking = async {
            loop {
                let (_, text) = self.ask(path).await;
                if wanted(&text) {
                    return text;
                }
                tokio::task::yield_now().await;
            }
        };
        within(asking).await
    }

    /// The process, as the system numbers it.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Asks for a reload.
    pub fn hang_up(&self) {
        self.signal(rustix::process::Signal::HUP);
    }

    /// Ends it, and returns what it wrote to standard error.
    pub async fn log(self) -> String {
        self.signal(rustix::process::Signal::TERM);
        let (output, _) = self.ended().await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    pub async fn ended(self) -> (Output, TempDir) {
        let mut output = within(self.child.wait_with_output()).await.unwrap();
        output.stderr = within(self.said).await.unwrap();
        (output, self.folder)
    }
}
