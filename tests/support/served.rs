//! The command in a process of its own, as a server.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::within;

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
    let folder = TempDir::new().unwrap();
    let ports = folder.path().join("ports");
    let mut command =
        groundwire(&["serve", "--upstream", upstream, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    if !more.contains(&"--model") {
        command.args(["--model", "off"]);
    }
    command.arg("--port-file").arg(&ports).args(more).current_dir(folder.path());
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
