//! Official SDKs through the real binary, compared with the same SDK talking to the upstream directly.
//!
//! The SDKs are pinned in `tests/sdk/requirements.txt` and installed into a virtual environment under `target/`.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Runs a command to its end; its output is part of the failure.
fn run(command: &mut Command) {
    let shown = format!("{command:?}");
    let output =
        command.output().unwrap_or_else(|e| panic!("{shown} cannot be started: {e}; python3 with pip is needed"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{shown}\n{}\n{}", text(&output.stdout), text(&output.stderr));
}

/// A virtual environment with the pinned SDKs; made once for each version of the requirements.
fn environment() -> &'static Path {
    static MADE: LazyLock<PathBuf> = LazyLock::new(make_environment);
    &MADE
}

fn make_environment() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let requirements = root.join("tests/sdk/requirements.txt");
    let pinned = std::fs::read(&requirements).unwrap();
    let hash = blake3::hash(&pinned).to_hex();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sdk-{}", &hash[..12]));
    let python = folder.join("bin/python");
    if folder.join("complete").exists() {
        return python;
    }
    // Debian splits venv's pip off its python3: without it the environment is made bare and filled by the outer pip.
    let full =
        Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).output().is_ok_and(|o| o.status.success());
    let pip = if full {
        vec![python.clone().into_os_string(), "-m".into(), "pip".into()]
    } else {
        run(Command::new("python3").args(["-m", "venv", "--clear", "--without-pip"]).arg(&folder));
        vec!["python3".into(), "-m".into(), "pip".into(), "--python".into(), python.clone().into_os_string()]
    };
    let quiet = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "-r"];
    run(Command::new(&pip[0]).args(&pip[1..]).args(quiet).arg(&requirements));
    std::fs::write(folder.join("complete"), "").unwrap();
    python
}

#[test]
fn openai_chat() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/openai_chat.py");
    run(Command::new(environment()).arg(script).arg(env!("CARGO_BIN_EXE_groundwire")));
}

#[test]
fn gemini() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/gemini.py");
    run(Command::new(environment()).arg(script).arg(env!("CARGO_BIN_EXE_groundwire")));
}

#[test]
fn ollama() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/ollama_api.py");
    run(Command::new(environment()).arg(script).arg(env!("CARGO_BIN_EXE_groundwire")));
}

#[test]
fn replies_of_ours() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    run(Command::new(environment()).arg(root.join("tests/sdk/replies.py")).arg(root.join("tests/data/wire")));
}

#[test]
fn responses() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/responses.py");
    run(Command::new(environment()).arg(script).arg(env!("CARGO_BIN_EXE_groundwire")));
}

#[test]
fn messages() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk/messages.py");
    run(Command::new(environment()).arg(script).arg(env!("CARGO_BIN_EXE_groundwire")));
}
