//! Windows into token ids: the layout that the model was trained on.
//!
//! `[CLS] marks turn [SEP] (speaker-mark message)* (system-mark prompt)? [SEP]`, where the second half has token type 1
//! and is present only if there is something to show. The training recipe asks this code for its windows
//! (`groundwire windows`), so what is trained on and what is judged cannot drift apart.

use tokenizers::Tokenizer;

use super::window::{Excerpt, Mark, Window};
use crate::dialogue::Role;
use crate::error::{Error, Result};

/// Most tokens that the judged turn may take where there is context to show.
const TURN_WITH_CONTEXT: usize = 80;
/// Most tokens of the messages before it, newest first; the last number holds for all older ones.
const CONTEXT: [usize; 3] = [40, 24, 16];
/// Most tokens of the system prompt.
const SYSTEM: usize = 24;
/// A message is not begun with fewer tokens left than this.
const LEAST: usize = 6;

/// Token ids and token types of one window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Vocabulary indices, `[CLS]` and `[SEP]` included.
    pub ids: Vec<i64>,
    /// 0 for the judged turn, 1 for what came before it.
    pub types: Vec<i64>,
}

/// A WordPiece vocabulary and the layout of windows.
pub struct WindowTokenizer {
    tokenizer: Tokenizer,
    marks: [i64; Mark::ALL.len() + 1],
    cls: i64,
    sep: i64,
    most: usize,
}

impl WindowTokenizer {
    /// Reads a `tokenizer.json`; windows take at most `most` tokens.
    ///
    /// # Errors
    /// If it cannot be parsed, or lacks `[CLS]`, `[SEP]` or one of the mark tokens.
    pub fn from_bytes(json: &[u8], most: usize) -> Result<Self> {
        let mut tokenizer =
            Tokenizer::from_bytes(json).map_err(|e| Error::model("tokenizer.json cannot be read").with(e))?;
        // Windows are cut and joined here, never inside the tokeniser.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|e| Error::model("tokenizer.json: truncation").with(e))?;
        // A user who writes "[SEP]" writes five characters.
        tokenizer.set_encode_special_tokens(true);
        let id = |token: &str| {
            tokenizer
                .token_to_id(token)
                .map(i64::from)
                .ok_or_else(|| Error::model(format!("tokenizer.json has no token {token}, which this version needs")))
        };
        let mut marks = [0; Mark::ALL.len() + 1];
        for mark in Mark::ALL {
            marks[mark as usize] = id(&mark.token())?;
        }
        let (cls, sep) = (id("[CLS]")?, id("[SEP]")?);
        if most < 32 {
            return Err(Error::model(format!("max-tokens is {most}; a window takes at least 32")));
        }
        Ok(Self { tokenizer, marks, cls, sep, most })
    }

    /// The token ids of a window.
    ///
    /// # Errors
    /// If the tokeniser fails, which a valid vocabulary does on no text.
    pub fn encode(&self, window: &Window) -> Result<Tokens> {
        let mut out = Tokens::default();
        let push = |out: &mut Tokens, ids: &[i64], kind: i64| {
            out.ids.extend_from_slice(ids);
            out.types.resize(out.ids.len(), kind);
        };
        let marks: Vec<i64> = window.marks.iter().map(|&mark| self.mark(mark)).collect();
        let frame = marks.len() + 2;
        let has_context = !window.context.is_empty() || window.system.is_some();
        let budget = if has_context { TURN_WITH_CONTEXT.min(self.most - frame) } else { self.most - frame };
        push(&mut out, &[self.cls], 0);
        push(&mut out, &marks, 0);
        push(&mut out, &self.excerpt(&window.turn, budget)?, 0);
        push(&mut out, &[self.sep], 0);
        if !has_context {
            return Ok(out);
        }
        let messages = window.context.iter().enumerate().map(|(i, e)| (e, CONTEXT[i.min(CONTEXT.len() - 1)]));
        for (message, most) in messages.chain(window.system.iter().map(|system| (system, SYSTEM))) {
            // Speaker mark, at least LEAST tokens, and the closing [SEP].
            let left = self.most.saturating_sub(out.ids.len() + 2);
            if left < LEAST {
                break;
            }
            let speaker = match message.role {
                Role::User => Mark::User,
                Role::Assistant => Mark::Assistant,
                Role::System | Role::Tool => Mark::System,
            };
            push(&mut out, &[self.mark(speaker)], 1);
            push(&mut out, &self.excerpt(message, most.min(left))?, 1);
        }
        push(&mut out, &[self.sep], 1);
        Ok(out)
    }

    fn mark(&self, mark: Mark) -> i64 {
        self.marks[mark as usize]
    }

    /// At most `most` tokens of a message: all of it, or three fifths from its head and the rest from its tail.
    fn excerpt(&self, excerpt: &Excerpt, most: usize) -> Result<Vec<i64>> {
        let mut head = self.ids(&excerpt.head)?;
        let tail = match &excerpt.tail {
            Some(tail) => self.ids(tail)?,
            None if head.len() <= most => return Ok(head),
            None => head.split_off(head.len() / 2),
        };
        let room = most.saturating_sub(1);
        let first = (room * 3).div_ceil(5).min(head.len());
        let last = (room - first).min(tail.len());
        head.truncate(first);
        head.push(self.mark(Mark::Cut));
        head.extend_from_slice(&tail[tail.len() - last..]);
        Ok(head)
    }

    fn ids(&self, text: &str) -> Result<Vec<i64>> {
        let encoding = self
            .tokenizer
            .encode_fast(text, false)
            .map_err(|e| Error::model("the text cannot be tokenised").with(e))?;
        Ok(encoding.get_ids().iter().map(|&id| i64::from(id)).collect())
    }
}
