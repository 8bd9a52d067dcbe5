//! Running a command that needs no server: arguments and standard input in, its output out.

#![allow(clippy::unwrap_used, unreachable_pub)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

pub fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_groundwire"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}
