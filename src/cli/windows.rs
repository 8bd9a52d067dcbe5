//! `groundwire windows`: the model's input for each conversation of a JSONL stream, for training.
//!
//! Training takes its windows from here, so that a model learns on what the proxy will show it.

use std::io::{BufRead, BufWriter, Write, stdin, stdout};
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failure, line};
use crate::classify::{Window, WindowTokenizer};
use crate::dialogue::{Conversation, Role, Turn};

/// Tokens that the shipped model reads at most.
const MOST_TOKENS: usize = 128;

/// Write the model's input for each conversation on standard input
#[derive(Args)]
#[command(
    after_help = "Example:\n  groundwire windows --tokenizer models/ambiguity/tokenizer.json < conversations.jsonl"
)]
pub(super) struct Windows {
    /// The model's tokenizer
    #[arg(long, value_name = "FILE")]
    tokenizer: PathBuf,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    messages: Vec<Message>,
    #[serde(default)]
    tools: bool,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: String,
}

impl Message {
    fn role(&self) -> Role {
        match &*self.role {
            "system" => Role::System,
            "assistant" => Role::Assistant,
            _ => Role::User,
        }
    }
}

impl Windows {
    pub(super) fn run(self) -> Result<(), Failure> {
        let path = &self.tokenizer;
        let file = std::fs::read(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
        let tokenizer = WindowTokenizer::from_bytes(&file, MOST_TOKENS)?;
        let mut out = BufWriter::new(stdout().lock());
        for (number, text) in stdin().lock().lines().enumerate() {
            let text = text?;
            let line: Line = serde_json::from_str(&text)
                .map_err(|_| format!("line {}: {}", number + 1, line::wrong(text.as_bytes())))?;
            serde_json::to_writer(&mut out, &window(&line, &tokenizer)?)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        Ok(())
    }
}

/// The last message in its window; empty where there is nothing to judge.
fn window(line: &Line, tokenizer: &WindowTokenizer) -> Result<Value, Failure> {
    let turns: Vec<Turn<'_>> =
        line.messages.iter().map(|message| Turn::new(message.role(), &message.content)).collect();
    let Some(at) = turns.len().checked_sub(1) else { return Err("a conversation has no messages".into()) };
    let window = Window::of(&Conversation { turns, tools: line.tools }, at);
    let Some(window) = window else {
        return Ok(json!({ "id": line.id, "ids": [], "types": [], "marks": [] }));
    };
    let tokens = tokenizer.encode(&window)?;
    let marks: Vec<_> = window.marks.iter().map(|mark| mark.token()).collect();
    Ok(json!({ "id": line.id, "ids": tokens.ids, "types": tokens.types, "marks": marks }))
}
