//! `groundwire demo`: a short conversation through the real proxy and the real model, and what became of each turn.

mod play;
mod recorder;
mod script;
mod show;
mod upstream;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::classify::{OnnxClassifier, PoolOptions};
use crate::config::UpstreamUrl;
use crate::dialogue::{Delivery, Gap, GroundingAct, IdentityKey};
use crate::engine::Grounder;
use crate::error::{Error, Result};
use crate::policy::{PRESETS, Rule, RulePolicy, preset};

/// Play a short conversation through the real proxy and model, and show what became of each turn.
///
/// Needs no key and no network: a scripted upstream stands in for the model.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  groundwire demo\n  groundwire demo turns.txt --json\n  \
                        groundwire demo --upstream http://127.0.0.1:8081 --model smollm2")]
pub(super) struct Demo {
    /// Turns of your own, one a line: what a user types, a request body, or {"messages": [...]}.
    file: Option<PathBuf>,
    /// Take each line of FILE for the next turn of one conversation.
    #[arg(long, requires = "file")]
    conversation: bool,
    /// A real OpenAI-compatible server in place of the scripted one; OPENAI_API_KEY is sent to it if it is set.
    #[arg(long, value_name = "URL", value_parser = super::UpstreamParser)]
    upstream: Option<UpstreamUrl>,
    /// The model to ask the upstream for.
    #[arg(long, value_name = "NAME", default_value = "demo")]
    model: String,
    /// The policy: one that ships, or "demo", which is gentle and asks for absent texts itself.
    #[arg(long, value_name = "NAME", default_value = "demo", value_parser = ["demo", "gentle", "careful", "clinical", "candid", "agent", "off"])]
    policy: String,
    /// One JSON object a turn.
    #[arg(long)]
    json: bool,
}

impl Demo {
    pub(super) fn run(self) -> Result<()> {
        let steps = match &self.file {
            Some(path) => script::from_file(path, self.conversation)?,
            None => script::builtin(),
        };
        let policy = policy(&self.policy)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::io("the threads of the demonstration cannot be started").with(e))?;
        runtime.block_on(self.play(steps, policy))
    }

    async fn play(self, steps: Vec<script::Step>, policy: RulePolicy) -> Result<()> {
        // One person waits for it, on a machine that may be busy building: no hurry.
        let pool = PoolOptions::default().deadline(Duration::from_secs(5)).stall_after(Duration::from_secs(20));
        let classifier = Arc::new(OnnxClassifier::builder().pool(pool).build()?);
        let scripted = self.upstream.is_none();
        let upstream = match self.upstream {
            Some(url) => url,
            None => {
                let address = upstream::start().await?;
                let wrong = |_| Error::io("the scripted upstream has no address");
                format!("http://{address}").parse().map_err(wrong)?
            }
        };
        let grounder = Grounder::builder(classifier, policy).identity_key(IdentityKey::derive(b"demo"));
        let mut player = play::Player::start(grounder, upstream, scripted, self.model).await?;
        let mut out = anstream::stdout();
        let failed = |e| Error::io("standard output failed").with(e);
        if !self.json {
            let what =
                if scripted { "a scripted upstream: no model runs, no key, no network" } else { "your upstream" };
            writeln!(out, "groundwire: the real proxy and classifier in front of {what}.\n").map_err(failed)?;
        }
        let (mut wrong, lines) = (0, steps.len());
        for (i, step) in steps.into_iter().enumerate() {
            let shown = if let script::Kind::Wrong { line, why } = &step.kind {
                wrong += 1;
                // Where standard error is gone, standard output and the exit code still tell.
                let _ = writeln!(io::stderr(), "{}: {why}", step.label);
                if self.json {
                    show::wrong_json(&mut out, i + 1, *line, &step.label, why)
                } else {
                    show::wrong_text(&mut out, i + 1, &step.label, why)
                }
            } else {
                let played = player.play(step).await?;
                if self.json { show::json(&mut out, i + 1, &played) } else { show::text(&mut out, i + 1, &played) }
            };
            match shown {
                // Whoever reads our output has seen enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                shown => shown.map_err(failed)?,
            }
        }
        player.stop().await;
        out.flush().map_err(failed)?;
        match wrong {
            0 => Ok(()),
            n => Err(Error::config(format!("{n} of the {lines} lines could not be understood; see above"))),
        }
    }
}

fn policy(name: &str) -> Result<RulePolicy> {
    if name != "demo" {
        return preset(name)
            .ok_or_else(|| Error::config(format!("no policy {name:?} ships; take demo, {}", PRESETS.join(", "))));
    }
    let mut rules = preset("gentle").unwrap_or_else(|| RulePolicy { name: String::new(), rules: Vec::new() });
    rules.name = name.to_owned();
    let ask = Rule {
        delivery: Delivery::Reply,
        gap: Some(vec![Gap::MissingMaterial, Gap::MissingReferent]),
        ambiguity: Some(0.5),
        ..Rule::plain(GroundingAct::Clarify)
    };
    // After the rule that leaves distress alone.
    rules.rules.insert(1, ask);
    Ok(rules)
}
