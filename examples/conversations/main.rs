//! The conversation bench: scripted users who tell what they want piece by piece and correct some of it, under several
//! policies. It shows what the last turn carries when it is forwarded.
//!
//! ```console
//! $ cargo run --release --example conversations
//! $ cargo run --release --example conversations -- --scripts tests/conversations/held_back.toml --failures
//! $ cargo run --release --example conversations -- --url http://127.0.0.1:8081/v1 --model smollm2 --most 10
//! ```
//!
//! Without `--url` it proves *construction*: that a restated turn holds all that holds and nothing that was taken back. Whether
//! answers get better is *effect*, which only a real model shows; with `--url` one stands in the assistant's place, and what its
//! last answer carries is counted, which is crude: an answer may meet a requirement without repeating it.

#![allow(clippy::print_stdout, reason = "an example shows what it found")]

mod endpoint;
mod measure;
mod play;
mod policies;
mod script;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use endpoint::Endpoint;
use groundwire::Grounder;
use groundwire::classify::{OnnxClassifier, PoolOptions};
use measure::Carried;
use play::{Played, play};
use script::Script;

struct Wanted {
    scripts: PathBuf,
    most: usize,
    failures: bool,
    endpoint: Option<Endpoint>,
}

fn wanted() -> Result<Wanted, Box<dyn Error>> {
    let mut wanted = Wanted {
        scripts: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conversations/scripts.toml")),
        most: usize::MAX,
        failures: false,
        endpoint: None,
    };
    let (mut url, mut model) = (None, "default".to_owned());
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--scripts" => wanted.scripts = value()?.into(),
            "--most" => wanted.most = value()?.parse()?,
            "--failures" => wanted.failures = true,
            "--url" => url = Some(value()?),
            "--model" => model = value()?,
            _ => {
                return Err(format!(
                    "{name} is not known: --scripts FILE, --most N, --failures, --url URL, --model NAME"
                )
                .into());
            }
        }
    }
    let client = reqwest::Client::builder().timeout(Duration::from_secs(300)).build()?;
    wanted.endpoint = url.map(|url| Endpoint { url, model, client });
    Ok(wanted)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let wanted = wanted()?;
    let mut scripts = script::read(&wanted.scripts)?;
    if let Some(fault) = scripts.iter().flat_map(Script::faults).next() {
        return Err(fault.into());
    }
    scripts.truncate(wanted.most);
    // Nobody waits here.
    let pool = PoolOptions::default().deadline(Duration::from_secs(30)).stall_after(Duration::from_secs(60));
    let classifier = OnnxClassifier::builder().pool(pool).build()?;
    let grounder = Grounder::builder(classifier, |_: &groundwire::policy::Situation<'_>| {
        groundwire::policy::Decision::none("replaced by each policy below")
    })
    .build();
    println!("{} scripted users of {}", scripts.len(), wanted.scripts.display());
    println!("in the last user turn as forwarded | in the messages before it");
    println!(
        "{:<16} {:>8} {:>10} | {:>8} {:>10}   questions (in a row)  turns  drafts  prefix kept",
        "policy", "valid", "superseded", "valid", "superseded"
    );
    for (name, policy) in policies::all() {
        let grounder = grounder.rehearsal(Some(policy));
        let mut all = Vec::new();
        for script in &scripts {
            all.push(play(script, &grounder, wanted.endpoint.as_ref()).await?);
        }
        row(name, &all);
        for (script, played) in scripts.iter().zip(&all).filter(|_| wanted.failures && name.contains("recap")) {
            failure(script, played);
        }
    }
    match &wanted.endpoint {
        None => println!("\nThis proves construction, not effect: no model answered."),
        Some(_) => println!("\nWhat an answer repeats is a crude measure of what it meets."),
    }
    Ok(())
}

fn row(name: &str, all: &[Played]) {
    let sum = |of: &dyn Fn(&Played) -> Option<Carried>| {
        let mut sum = Carried::default();
        all.iter().filter_map(of).for_each(|carried| sum.add(carried));
        sum
    };
    let (last, history) = (sum(&|played| Some(played.last)), sum(&|played| Some(played.history)));
    let count = |of: fn(&Played) -> usize| all.iter().map(of).sum::<usize>();
    let kept = 100.0 * count(|p| p.prefix.0) as f64 / count(|p| p.prefix.1).max(1) as f64;
    println!(
        "{name:<16} {:>8} {:>10} | {:>8} {:>10}   {:>9} {:>10}  {:>6}  {:>6}  {kept:>9.1} %",
        share(last.valid, last.of_valid),
        share(last.superseded, last.of_superseded),
        share(history.valid, history.of_valid),
        share(history.superseded, history.of_superseded),
        count(|p| p.questions),
        format!("({})", count(|p| p.in_a_row)),
        count(|p| p.turns),
        count(|p| p.drafts),
    );
    if all.iter().any(|played| played.answer.is_some()) {
        let answer = sum(&|played| played.answer);
        let (valid, old) = (share(answer.valid, answer.of_valid), share(answer.superseded, answer.of_superseded));
        println!("{:16} the last answers repeat {valid} of what holds and {old} of what does not", "");
    }
}

fn failure(script: &Script, played: &Played) {
    let Carried { valid, of_valid, superseded, .. } = played.last;
    if valid < of_valid || superseded > 0 {
        let there = |one: &&str| script::plain_case(&played.forwarded).contains(&script::plain_case(one));
        let missing: Vec<_> = script.valid().into_iter().filter(|one| !there(one)).collect();
        let stale: Vec<_> = script.superseded().into_iter().filter(there).collect();
        println!("  {} ({}): missing {missing:?}, stale {stale:?}\n{}\n", script.id, script.domain, played.forwarded);
    }
}

fn share(count: usize, of: usize) -> String {
    if of == 0 { "–".to_owned() } else { format!("{:.1} %", 100.0 * count as f64 / of as f64) }
}
