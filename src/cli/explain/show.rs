//! An explanation for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::cli::paper::{BOLD, DIM, PLAIN, Paper};
use crate::dialogue::{Distribution, GroundingAct, Label};
use crate::engine::explain::{Change, Explanation, Facts, Forwarded, Scores, Standing};
use crate::observe::Record;
use crate::policy::Step;

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// How much of the request is shown around a change.
const AROUND: usize = 60;
/// Labels less likely than this are not worth a line; JSON has them all.
const UNLIKELY: f32 = 0.05;

/// Everything that led to what is done with the body `sent`.
pub(super) fn text(out: &mut impl Write, told: &Explanation, sent: &[u8], width: usize) -> io::Result<()> {
    let mut paper = Paper::new(out, width);
    recognised(&mut paper, told, sent.len())?;
    gates(&mut paper, told)?;
    let Some(record) = &told.record else { return forwarded(&mut paper, told, sent) };
    identities(&mut paper, record)?;
    if let Some(scores) = &told.judgement {
        judged(&mut paper, scores)?;
    }
    if let Some(facts) = &told.facts {
        history(&mut paper, facts)?;
    }
    if told.judgement.is_some() {
        tried(&mut paper, &record.policy, &told.steps)?;
        decided(&mut paper, record)?;
    }
    forwarded(&mut paper, told, sent)
}

fn recognised(paper: &mut Paper<'_, impl Write>, told: &Explanation, bytes: usize) -> io::Result<()> {
    paper.name("recognised")?;
    let Some(call) = &told.recognised else { return paper.text(YELLOW, "no chat call of an API that is read") };
    paper.text(PLAIN, &format!("{} at {}, {bytes} bytes", call.dialect, call.route))?;
    let (Some(messages), Some(turns)) = (call.messages, call.user_turns) else { return Ok(()) };
    let tools = if call.tools == Some(true) { "tools are offered" } else { "no tools" };
    paper.text(DIM, &format!("messages: {messages}, of these the user's: {turns}; {tools}"))
}

fn gates(paper: &mut Paper<'_, impl Write>, told: &Explanation) -> io::Result<()> {
    paper.name("gates")?;
    paper.pieces(told.stages.iter().map(|stage| {
        let name = stage.stage.as_str();
        match &stage.standing {
            Standing::Passed => (GREEN, format!("✓ {name}")),
            Standing::Stopped { .. } => (YELLOW, format!("✗ {name}")),
            Standing::NotReached => (DIM, format!("– {name}")),
        }
    }))?;
    for stage in &told.stages {
        if let Standing::Stopped { bypass, detail } = &stage.standing {
            let detail = detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
            paper.text(YELLOW, &format!("left alone: {bypass}{detail}"))?;
        }
    }
    Ok(())
}

fn identities(paper: &mut Paper<'_, impl Write>, record: &Record) -> io::Result<()> {
    paper.name("identities")?;
    let (Some(turn), Some(conversation)) = (record.turn, record.conversation) else {
        return paper.text(DIM, "none: the conversation could not be read");
    };
    let parent = record.parent.map_or_else(|| "none, an opening".to_owned(), |parent| parent.to_string());
    let source = serde_json::to_value(record.conversation_source).unwrap_or_default();
    paper.pieces([
        (DIM, format!("turn {turn}")),
        (DIM, format!("parent {parent}")),
        (DIM, format!("conversation {conversation} from {}", source.as_str().unwrap_or("nowhere"))),
    ])
}

fn judged(paper: &mut Paper<'_, impl Write>, scores: &Scores) -> io::Result<()> {
    paper.name("judged")?;
    for (need, p) in scores.need.iter() {
        paper.text(PLAIN, &format!("{:<8}{p:.3}  {}", need.as_str(), bar(p)))?;
    }
    paper.marked("gap     ", PLAIN, &likely(&scores.gap))?;
    paper.marked("act     ", PLAIN, &likely(&scores.user_act))?;
    paper.text(PLAIN, &format!("emotion {:.3}", scores.emotion))?;
    if let Some(crisis) = scores.crisis {
        paper.text(PLAIN, &format!("crisis  {crisis:.3}"))?;
    }
    paper.text(DIM, &format!("{} tokens, model {}", scores.tokens, scores.model))
}

fn bar(p: f32) -> String {
    // Twenty steps are as many as anybody reads off a bar.
    "█".repeat((p.clamp(0.0, 1.0) * 20.0).round() as usize)
}

fn likely<L: Label>(distribution: &Distribution<L>) -> String {
    let mut likely: Vec<_> = distribution.iter().filter(|(_, p)| *p >= UNLIKELY).collect();
    likely.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    likely.iter().map(|(label, p)| format!("{} {p:.2}", label.as_str())).collect::<Vec<_>>().join(", ")
}

fn history(paper: &mut Paper<'_, impl Write>, facts: &Facts) -> io::Result<()> {
    paper.name("history")?;
    // By its serialised form, so that whatever is counted is shown.
    let value = serde_json::to_value(facts).unwrap_or_default();
    let shown = value.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let value = match value {
            serde_json::Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            serde_json::Value::Null => "none".to_owned(),
            serde_json::Value::Array(list) if list.is_empty() => return None,
            // Of the turns before this one, what each did.
            serde_json::Value::Array(list) => {
                let acts: Vec<&str> = list.iter().filter_map(|turn| turn["act"].as_str()).collect();
                acts.join(", ")
            }
            serde_json::Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        Some((PLAIN, format!("{}: {value}", name.replace('_', " "))))
    });
    paper.pieces(shown)
}

fn tried(paper: &mut Paper<'_, impl Write>, policy: &str, steps: &[Step]) -> io::Result<()> {
    paper.name("policy")?;
    paper.text(BOLD, policy)?;
    for group in steps.chunk_by(|a, b| (&a.policy, a.rule) == (&b.policy, b.rule)) {
        let Some(first) = group.first() else { continue };
        let held = group.iter().all(|step| step.held);
        let rule = first.rule.map_or_else(|| "around".to_owned(), |rule| format!("rule {rule}"));
        let act = first.act.map(|act| format!(": {act}")).unwrap_or_default();
        let of = if first.policy == policy { String::new() } else { format!("{} ", first.policy) };
        paper.text(if held { GREEN } else { DIM }, &format!("{of}{rule}{act}"))?;
        for step in group {
            let (mark, style) = if step.held { ("  ✓ ", PLAIN) } else { ("  ✗ ", DIM) };
            paper.marked(mark, style, &step.to_string())?;
        }
    }
    if steps.is_empty() { paper.text(DIM, "it tells of no condition") } else { Ok(()) }
}

fn decided(paper: &mut Paper<'_, impl Write>, record: &Record) -> io::Result<()> {
    paper.name("act")?;
    let reason = record.reason.as_deref().unwrap_or("no reason given");
    if record.act == GroundingAct::None {
        paper.text(PLAIN, "none")?;
    } else {
        let about = record.gap.map(|gap| format!(", about {gap}")).unwrap_or_default();
        paper.text(YELLOW, &format!("{} by {}{about}", record.act, record.delivery))?;
    }
    if let (Some(experiment), Some(arm)) = (&record.experiment, &record.arm) {
        paper.text(PLAIN, &format!("experiment {experiment}, arm {arm}"))?;
    }
    if let Some(why) = record.held_back {
        paper.text(YELLOW, &format!("observed only: {why}"))?;
    }
    paper.text(DIM, reason)
}

fn forwarded(paper: &mut Paper<'_, impl Write>, told: &Explanation, sent: &[u8]) -> io::Result<()> {
    match &told.forwarded {
        Forwarded::Same { bytes } => {
            paper.name("forwarded")?;
            paper.text(GREEN, &format!("{bytes} bytes, as they came"))
        }
        Forwarded::Edited { bytes, change, .. } => {
            if let Some(words) = &change.words {
                paper.name("words")?;
                paper.text(CYAN, words.trim())?;
            }
            paper.name("forwarded")?;
            paper.text(PLAIN, &format!("{bytes} bytes, changed at byte {}:", change.at))?;
            difference(paper, change, sent)
        }
        Forwarded::Reply { content_type, says, body } => {
            paper.name("words")?;
            paper.text(CYAN, says)?;
            paper.name("forwarded")?;
            paper.text(YELLOW, "nothing: groundwire answers, and the upstream is not called")?;
            paper.text(DIM, &format!("{} bytes of {content_type} go back", body.len()))
        }
    }
}

fn difference(paper: &mut Paper<'_, impl Write>, change: &Change, sent: &[u8]) -> io::Result<()> {
    let sent = String::from_utf8_lossy(sent);
    let at = sent.floor_char_boundary(change.at);
    let start = sent.floor_char_boundary(at.saturating_sub(AROUND));
    let dots = if start > 0 { "…" } else { "" };
    paper.marked("  ", DIM, &format!("{dots}{}", &sent[start..at]))?;
    if !change.removed.is_empty() {
        paper.marked("- ", RED, &change.removed)?;
    }
    if !change.inserted.is_empty() {
        // As it stands in the JSON, broken where the text breaks.
        for line in change.inserted.split_inclusive("\\n") {
            paper.marked("+ ", GREEN, line)?;
        }
    }
    let behind = &sent[sent.floor_char_boundary((at + change.removed.len()).min(sent.len()))..];
    let end = behind.char_indices().nth(AROUND).map_or(behind.len(), |(end, _)| end);
    let dots = if end < behind.len() { "…" } else { "" };
    paper.marked("  ", DIM, &format!("{}{dots}", &behind[..end]))
}
