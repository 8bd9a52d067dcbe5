//! The `groundwire` command: exit code 0 for success, 1 for failure, 2 for wrong usage.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use groundwire::cli::Cli;

fn main() -> ExitCode {
    // Wrong usage prints itself and exits with 2.
    let cli = Cli::parse();
    let Err(error) = cli.run() else { return ExitCode::SUCCESS };
    let mut stderr = anstream::stderr().lock();
    // Where standard error is gone, the exit code is all there is to say.
    let _ = writeln!(stderr, "error: {error}");
    let mut source = error.source();
    while let Some(error) = source {
        let _ = writeln!(stderr, "  caused by: {error}");
        source = error.source();
    }
    ExitCode::FAILURE
}
