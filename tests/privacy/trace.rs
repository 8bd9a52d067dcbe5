//! The running proxy under strace (Debian: strace): every file and every address that it touches is one of its own.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::support::wire::{ok, post};
use super::support::{Peer, Upstream, within};

/// What strace saw: the calls that name files or have to do with sockets, in order.
pub(crate) struct Trace(Vec<String>);

impl Trace {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        // "1234  openat(AT_FDCWD, …) = 3"; a resumed call was shown with its arguments before.
        let calls = text.lines().filter_map(|line| line.split_once(' ')).map(|(_, call)| call.trim_start());
        Self(calls.filter(|call| !call.starts_with("<...") && call.contains('(')).map(str::to_owned).collect())
    }

    pub(crate) fn of<'t>(&'t self, names: &'t [&str]) -> impl Iterator<Item = &'t str> {
        self.0.iter().map(String::as_str).filter(|call| names.contains(&call.split('(').next().unwrap()))
    }

    /// Every path that a call named, whether the file is there or not.
    pub(crate) fn files(&self) -> BTreeSet<PathBuf> {
        // The others quote what is sent and received, and names of options.
        let network = ["socket", "connect", "bind", "send", "recv", "get", "set", "accept", "memfd"];
        let calls = self.0.iter().filter(|call| !network.iter().any(|name| call.starts_with(name)));
        let path = |call: &String| Some(PathBuf::from(call.split('"').nth(1)?));
        calls.filter_map(path).filter(|path| !path.as_os_str().is_empty()).collect()
    }

    /// The addresses that the calls of this name named.
    pub(crate) fn addresses(&self, name: &str) -> BTreeSet<SocketAddr> {
        let address = |call: &str| {
            let port = call.split_once("sin_port=htons(")?.1.split(')').next()?;
            let host = call.split_once("inet_addr(\"")?.1.split('"').next()?;
            format!("{host}:{port}").parse().ok()
        };
        self.of(&[name]).map(|call| address(call).unwrap_or_else(|| panic!("not IPv4: {call}"))).collect()
    }
}

/// The command under strace, as its own process (`-D`), so that signals reach it.
pub(crate) fn traced(log: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command.args([
        "-D",
        "-f",
        "-qq",
        "-e",
        "trace=%file,%network,memfd_create",
        "-e",
        "signal=none",
        "-s",
        "4096",
        "-o",
    ]);
    command.arg(log).arg(env!("CARGO_BIN_EXE_groundwire")).args(arguments);
    // Cargo's own variables have the loader look for libraries in its folders. HOME is where telemetry and caches would go.
    let path = std::env::var_os("PATH").unwrap();
    command.env_clear().env("PATH", path).env("HOME", log.parent().unwrap().join("home"));
    command
}

/// What every process on this system reads: its libraries, itself, the machine. `own` is what was named to it.
pub(crate) fn foreign(files: &BTreeSet<PathBuf>, own: &[&Path]) -> Vec<PathBuf> {
    let system = ["/lib", "/lib64", "/usr/lib", "/proc", "/sys", "/dev/null", "/dev/urandom", "/usr/share/locale"];
    let system = system.into_iter().chain(["/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime"]).map(Path::new);
    let binary = Path::new(env!("CARGO_BIN_EXE_groundwire"));
    let beside = ["libonnxruntime.so", "libonnxruntime.so.1.28.0"].map(|name| binary.with_file_name(name));
    let allowed: Vec<&Path> = system.chain(own.iter().copied()).chain([binary]).collect();
    let strange = |path: &&PathBuf| !beside.contains(*path) && !allowed.iter().any(|allowed| path.starts_with(allowed));
    files.iter().filter(strange).cloned().collect()
}

#[tokio::test]
async fn the_proxy_touches_its_own_files_and_addresses_only() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("home")).unwrap();
    fs::write(path("key"), "0123456789abcdef0123456789abcdef").unwrap();
    let records = path("records.jsonl");
    fs::write(
        path("groundwire.toml"),
        format!(
            "upstream = \"{}\"\nlisten = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nidentity-key = \"file:{}\"\n\
             [classifier]\ndeadline = \"20s\"\n[records]\nto = \"{}\"\n",
            upstream.url(),
            path("key").display(),
            records.display()
        ),
    )
    .unwrap();
    let (config, ports, log) = (path("groundwire.toml"), path("ports"), path("strace.log"));
    let arguments = ["serve", "--config", config.to_str().unwrap(), "--port-file", ports.to_str().unwrap()];
    let mut command = tokio::process::Command::from(traced(&log, &arguments));
    command.kill_on_drop(true).stdin(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().expect("strace cannot be started; install it (Debian: apt-get install strace)");
    let written = within(async {
        loop {
            if let Ok(written) = fs::read_to_string(&ports) {
                break written;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let address = |name: &str| -> SocketAddr {
        written.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap()
    };
    let (listen, admin) = (address("listen"), address("admin"));

    let mut client = Peer::connect(listen).await;
    let chat =
        |text: &str| post("/v1/chat/completions", &format!(r#"{{"messages":[{{"role":"user","content":"{text}"}}]}}"#));
    for text in ["Translate the paragraph below into Spanish.", "What is the speed of light?"] {
        client.send(chat(text)).await;
        let mut there = upstream.accept().await;
        there.message().await;
        let reply = r#"{"choices":[{"message":{"role":"assistant","content":"Which one?"},"finish_reason":"stop"}]}"#;
        // Closed, so that the next request connects anew.
        there.send(ok(reply).replacen("\r\n", "\r\nconnection: close\r\n", 1)).await;
        assert_eq!(client.message().await.status(), 200);
    }
    for page in ["/", "/metrics", "/readyz"] {
        let mut probe = Peer::connect(admin).await;
        probe.send(format!("GET {page} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        assert_eq!(probe.message().await.status(), 200);
    }
    drop(client);
    let pid = i32::try_from(child.id().unwrap()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::TERM).unwrap();
    let output = within(child.wait_with_output()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let told = fs::read_to_string(&records).unwrap();
    let judged = |line: &&str| !serde_json::from_str::<serde_json::Value>(line).unwrap()["judgement"].is_null();
    assert_eq!(told.lines().filter(judged).count(), 2, "both turns were judged while it was watched: {told}");

    let trace = Trace::read(&log);
    assert_eq!(trace.of(&["memfd_create"]).count(), 1, "the library comes out of the binary");
    assert_eq!(trace.of(&["execve", "execveat"]).count(), 1, "no other program is started");
    let sockets: Vec<&str> = trace.of(&["socket"]).filter(|call| !call.contains("AF_INET, SOCK_STREAM")).collect();
    assert!(sockets.is_empty(), "{sockets:?}");
    assert_eq!(trace.addresses("connect"), BTreeSet::from([upstream.address()]));
    assert_eq!(trace.addresses("bind"), BTreeSet::from(["127.0.0.1:0".parse().unwrap()]));
    assert_eq!(trace.of(&["bind"]).count(), 2, "one listener for clients, one for the operator");
    let elsewhere: Vec<&str> =
        trace.of(&["sendto", "sendmsg", "sendmmsg"]).filter(|call| call.contains("sin")).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");

    let files = trace.files();
    assert!(files.contains(&config) && files.contains(&records), "strace saw little: {files:?}");
    let unfinished = path("ports.unfinished");
    let own: [&Path; 5] = [&config, &records, &ports, &unfinished, &path("key")];
    assert_eq!(foreign(&files, &own), Vec::<PathBuf>::new());
    assert!(fs::read_dir(path("home")).unwrap().next().is_none());
}
