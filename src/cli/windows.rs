//! `groundwire windows`: the token ids of windows, for the training recipe.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::classify::{Window, WindowTokenizer};
use crate::error::{Error, Result};
use crate::wire::Dialect;

/// Print the windows that a model would see: JSON lines of conversations in, JSON lines of token ids out.
#[derive(Debug, clap::Args)]
pub(super) struct Windows {
    /// The vocabulary.
    #[arg(long, value_name = "FILE")]
    tokenizer: PathBuf,
    /// Most tokens of a window.
    #[arg(long, value_name = "TOKENS", default_value_t = 128)]
    most: usize,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: Option<&'a RawValue>,
    ids: Vec<i64>,
    types: Vec<i64>,
    marks: Vec<String>,
}

impl Windows {
    pub(super) fn run(&self) -> Result<()> {
        let path = self.tokenizer.display();
        let json = std::fs::read(&self.tokenizer).map_err(|e| Error::io(format!("{path} cannot be read")).with(e))?;
        let tokenizer = WindowTokenizer::from_bytes(&json, self.most)?;
        let mut out = io::BufWriter::new(io::stdout().lock());
        for (i, line) in io::stdin().lock().split(b'\n').enumerate() {
            let failed = |e| Error::io("standard input or output failed").with(e);
            let line = line.map_err(failed)?;
            let wrong = |what: &str| Error::config(format!("line {}: {what}", i + 1));
            let id = serde_json::from_slice::<Line<'_>>(&line).map_err(|e| wrong("not a JSON object").with(e))?.id;
            let call = Dialect::OpenAiChat.read(&line).map_err(|_| wrong("no messages with known roles"))?;
            let window = Window::of(&call.conversation, call.conversation.turns.len() - 1);
            let row = match window {
                Some(window) => {
                    let tokens = tokenizer.encode(&window)?;
                    let marks = window.marks.iter().map(|mark| mark.token()).collect();
                    Row { id, ids: tokens.ids, types: tokens.types, marks }
                }
                None => Row { id, ids: Vec::new(), types: Vec::new(), marks: Vec::new() },
            };
            serde_json::to_writer(&mut out, &row).map_err(|e| failed(e.into()))?;
            out.write_all(b"\n").map_err(failed)?;
        }
        out.flush().map_err(|e| Error::io("standard output failed").with(e))
    }
}
