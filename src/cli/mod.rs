//! The `groundwire` command: one file a subcommand.

mod assemble;
mod audit;
mod check;
mod demo;
mod explain;
mod feedback;
mod gauges;
mod health;
mod licenses;
mod line;
mod logging;
mod model;
mod offline;
mod overview;
mod panicked;
mod paper;
mod plan;
mod playground;
mod reload;
mod replay;
mod report;
mod retire;
mod running;
mod score;
mod serve;
mod shape;
mod signals;
mod store;
mod watch;
mod windows;

use std::error::Error as StdError;
use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Parser, Subcommand};

use crate::config::UpstreamUrl;

pub use panicked::report_without_text;

/// What ends a command early; `main` prints it with its causes.
pub type Failure = Box<dyn StdError + Send + Sync>;

/// An error with its causes, a line each, as `main` prints it and the log has it.
pub fn told(error: &(dyn StdError + 'static)) -> String {
    let mut message = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        message.push_str(&format!("\n  because: {cause}"));
        next = cause.source();
    }
    message
}

/// Inference-time grounding for LLM APIs: asks before it guesses.
#[derive(Parser)]
#[command(name = "groundwire", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(Box<demo::Demo>),
    Serve(Box<serve::Serve>),
    Score(score::Score),
    Explain(Box<explain::Explain>),
    Replay(replay::Replay),
    Audit(audit::Audit),
    Store(store::StoreCommand),
    Plan(plan::Plan),
    Report(report::Report),
    Check(check::Check),
    Health(health::Health),
    Licenses(licenses::Licenses),
    #[command(hide = true)]
    Windows(windows::Windows),
}

/// Runs the command that the arguments name.
///
/// Arguments that name none, or that are wrong, end the process with exit code 2; `--help` and `--version` with 0.
///
/// # Errors
/// Whatever kept the command from doing its work.
pub fn run() -> Result<(), Failure> {
    report_without_text();
    match Cli::parse().command {
        Command::Demo(demo) => Ok(demo.run()?),
        Command::Score(score) => Ok(score.run()?),
        Command::Serve(serve) => serve.run(),
        Command::Explain(explain) => explain.run(),
        Command::Replay(replay) => replay.run(),
        Command::Audit(audit) => audit.run(),
        Command::Store(store) => store.run(),
        Command::Plan(plan) => plan.run(),
        Command::Report(report) => report.run(),
        Command::Check(check) => check.run(),
        Command::Health(health) => health.run(),
        Command::Licenses(licenses) => licenses.run(),
        Command::Windows(windows) => windows.run(),
    }
}

/// Parses an argument that stands in the configuration as text, so that both take the same values.
fn value<T>(text: &str) -> Result<T, String>
where
    T: std::str::FromStr<Err = crate::config::Wrong>,
{
    text.parse().map_err(|wrong: crate::config::Wrong| wrong.to_string().replace('\n', ": "))
}

/// Parses an upstream's URL. Unlike clap by itself it never repeats what is wrong, which may hold a password or a key.
#[derive(Clone)]
struct UpstreamParser;

impl TypedValueParser for UpstreamParser {
    type Value = UpstreamUrl;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        given: &OsStr,
    ) -> Result<UpstreamUrl, clap::Error> {
        value(&given.to_string_lossy()).map_err(|why| {
            let argument = argument.map(ToString::to_string).unwrap_or_default();
            let message = format!("wrong value for '{argument}': {why}\n");
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("groundwire {}", command.get_name())), "{}: {help}", command.get_name());
        }
    }
}
