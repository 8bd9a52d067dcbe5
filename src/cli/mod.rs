//! The commands of `groundwire`.

mod check;
mod demo;
mod gauges;
mod log;
mod score;
mod serve;
mod windows;

use clap::{Parser, Subcommand};

use crate::error::Result;

/// Inference-time grounding middleware for LLM APIs: asks before it guesses.
#[derive(Debug, Parser)]
#[command(name = "groundwire", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Serve(serve::Serve),
    Score(score::Score),
    Check(check::Check),
    #[command(hide = true)]
    Windows(windows::Windows),
}

impl Cli {
    /// Runs the command to its end.
    ///
    /// # Errors
    /// If it cannot do what it was asked to.
    pub fn run(self) -> Result<()> {
        match self.command {
            Command::Demo(demo) => demo.run(),
            Command::Serve(serve) => serve.run(),
            Command::Score(score) => score.run(),
            Command::Check(check) => check.run(),
            Command::Windows(windows) => windows.run(),
        }
    }
}
