//! A PostgreSQL server of the test's own, from Debian's package. Where that is not installed, the test fails.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "p%40ss/w:rd-9f3a";

/// A server that ends with this.
pub(crate) struct Database {
    folder: TempDir,
    server: Child,
    port: u16,
    user: Option<(u32, u32)>,
    made: AtomicU32,
}

impl Database {
    /// Starts one in a folder of its own, on a free port.
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let user = not_root();
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let password = folder.path().join("password");
        // As it stands in a URL it is escaped.
        fs::write(&password, PASSWORD.replace("%40", "@")).unwrap();
        readable(&password);
        let data = folder.path().join("data");
        let mut init = command("initdb", user);
        init.arg("-D").arg(&data).args([
            "-U",
            "groundwire",
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-N",
        ]);
        let made = init.arg("--pwfile").arg(&password).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let server = run(&data, folder.path(), port, user);
        let database = Self { folder, server, port, user, made: AtomicU32::new(0) };
        database.wait();
        database
    }

    /// The URL of a database of its own in it.
    pub(crate) fn fresh(&self) -> String {
        let name = format!("test{}", self.made.fetch_add(1, Ordering::SeqCst));
        let made = self.psql("postgres", &format!("CREATE DATABASE {name}"));
        assert!(made.contains("CREATE DATABASE"), "{made}");
        self.url(&name)
    }

    pub(crate) fn url(&self, name: &str) -> String {
        let password = PASSWORD.replace('/', "%2F").replace(':', "%3A");
        format!("postgres://groundwire:{password}@127.0.0.1:{}/{name}?sslmode=disable", self.port)
    }

    /// What `psql` says to a statement.
    pub(crate) fn psql(&self, database: &str, statement: &str) -> String {
        let mut psql = command("psql", None);
        psql.env("PGPASSWORD", PASSWORD.replace("%40", "@"));
        psql.args([
            "-h",
            "127.0.0.1",
            "-U",
            "groundwire",
            "-At",
            "-v",
            "ON_ERROR_STOP=1",
            "-p",
            &self.port.to_string(),
        ]);
        let output = psql.args(["-d", database, "-c", statement]).output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr)
    }

    /// Stops it as a crash would.
    pub(crate) fn stop(&mut self) {
        signal(&self.server, rustix::process::Signal::QUIT);
        self.server.wait().unwrap();
    }

    /// Starts it again.
    pub(crate) fn resume(&mut self) {
        self.server = run(&self.folder.path().join("data"), self.folder.path(), self.port, self.user);
        self.wait();
    }

    fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(60);
        while !self.psql("postgres", "SELECT 1").starts_with('1') {
            assert!(Instant::now() < end, "PostgreSQL did not start: {}", self.psql("postgres", "SELECT 1"));
            std::thread::yield_now();
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        signal(&self.server, rustix::process::Signal::QUIT);
        let _ = self.server.wait();
    }
}

fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, signal);
}

fn run(data: &Path, sockets: &Path, port: u16, user: Option<(u32, u32)>) -> Child {
    let mut server = command("postgres", user);
    server.arg("-D").arg(data).arg("-k").arg(sockets).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    // What the machine loses when it stops is nothing to these tests.
    server.args(["-c", "fsync=off", "-c", "max_connections=50"]);
    server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A program of PostgreSQL's, which Debian keeps beside the path.
fn command(name: &str, user: Option<(u32, u32)>) -> Command {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is not installed: apt-get install postgresql")
        .map(|entry| entry.unwrap().path().join("bin").join(name))
        .filter(|path| path.exists())
        .collect();
    versions.sort();
    let mut command = Command::new(versions.pop().expect("PostgreSQL is not installed: apt-get install postgresql"));
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command.current_dir("/").env("LC_ALL", "C.UTF-8");
    command
}

/// PostgreSQL refuses to run as root; the package has made a user for it.
fn not_root() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = users.lines().find(|line| line.starts_with("postgres:")).expect("there is no user postgres");
    let mut fields = user.split(':').skip(2).map(|field| field.parse().unwrap());
    Some((fields.next().unwrap(), fields.next().unwrap()))
}

fn readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
