//! `groundwire score`: judges turns offline, JSON lines in and out.

use std::io::{self, BufRead, IsTerminal, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::line;
use super::model::ModelChoice;
use crate::classify::{Model, Scores, Window, is_foreign};
use crate::dialogue::{AssistantAct, Bypass, Distribution, Gap, Need, Role, UserAct};
use crate::error::{Error, Result};
use crate::wire::Dialect;

/// Judge turns offline: JSON lines on standard input, JSON lines on standard output.
///
/// Each line is {"id"?, "messages": [{"role", "content"}, ...]}; the last message is judged, a user's or an assistant's.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  echo '{\"messages\":[{\"role\":\"user\",\"content\":\"Make it shorter\"}]}' | groundwire score"
)]
pub(super) struct Score {
    #[command(flatten)]
    model: ModelChoice,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// One line of output. `null` where a head does not apply to the speaker, and for an abstention.
#[derive(Serialize)]
struct Judged<'a> {
    id: Option<&'a RawValue>,
    ambiguity: Option<f64>,
    need: Option<Distribution<Need>>,
    gap: Option<Distribution<Gap>>,
    emotion: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crisis: Option<f64>,
    user_act: Option<Distribution<UserAct>>,
    assistant_act: Option<Distribution<AssistantAct>>,
    tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bypass: Option<Bypass>,
}

#[derive(Serialize)]
struct Failed<'a> {
    id: Option<&'a RawValue>,
    error: String,
}

impl Score {
    pub(super) fn run(&self) -> Result<()> {
        let mut model = self.model.load()?;
        let (input, output) = (io::stdin().lock(), io::BufWriter::new(io::stdout().lock()));
        match score(&mut model, input, output) {
            // Whoever reads our output has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result.map_err(|e| Error::io("standard input or output failed").with(e)),
        }
    }
}

fn score(model: &mut Model, mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let progress = io::stderr().is_terminal() && !io::stdout().is_terminal();
    let mut bytes = Vec::new();
    for number in 1u64.. {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let text = bytes.trim_ascii();
        if text.is_empty() {
            continue;
        }
        // Nothing but an object has a name; serde would take the first of a list for one.
        let named = || serde_json::from_slice::<Line<'_>>(text).ok().filter(|_| text.starts_with(b"{"));
        let (id, result) = match named() {
            Some(line) => (line.id, judge(model, text)),
            None => (None, Err(line::wrong(text))),
        };
        match result {
            Ok(judged) => serde_json::to_writer(&mut output, &Judged { id, ..judged })?,
            Err(error) => serde_json::to_writer(&mut output, &Failed { id, error: format!("line {number}: {error}") })?,
        }
        output.write_all(b"\n")?;
        output.flush()?;
        if progress && number % 100 == 0 {
            write!(io::stderr(), "\r{number} turns")?;
        }
    }
    if progress {
        writeln!(io::stderr(), "\rdone      ")?;
    }
    output.flush()
}

fn judge(model: &mut Model, text: &[u8]) -> Result<Judged<'static>, String> {
    let call = Dialect::OpenAiChat.read(text).map_err(|_| line::wrong(text))?;
    let conversation = &call.conversation;
    let at = conversation.turns.len() - 1;
    let role = conversation.turns[at].role;
    if !matches!(role, Role::User | Role::Assistant) {
        return Err(format!("the last message is a {}'s; only a user's or an assistant's is judged", role.as_str()));
    }
    let none = Judged {
        id: None,
        ambiguity: None,
        need: None,
        gap: None,
        emotion: None,
        crisis: None,
        user_act: None,
        assistant_act: None,
        tokens: None,
        bypass: None,
    };
    let Some(window) = Window::of(conversation, at) else {
        return Ok(Judged { bypass: Some(Bypass::NotHumanText), ..none });
    };
    if role == Role::User && is_foreign(&window) {
        return Ok(Judged { bypass: Some(Bypass::Language), ..none });
    }
    let round = |p: f32| (f64::from(p) * 1e5).round() / 1e5;
    Ok(match model.judge(&window).map_err(|error| error.to_string())? {
        Scores::User(judgement) => Judged {
            ambiguity: Some(round(judgement.ambiguity())),
            need: Some(judgement.need),
            gap: Some(judgement.gap),
            emotion: Some(round(judgement.emotion)),
            crisis: judgement.crisis.map(round),
            user_act: Some(judgement.user_act),
            tokens: Some(judgement.tokens),
            ..none
        },
        Scores::Assistant(judgement) => {
            Judged { assistant_act: Some(judgement.acts), tokens: Some(judgement.tokens), ..none }
        }
    })
}
