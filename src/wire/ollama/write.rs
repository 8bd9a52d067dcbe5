//! Answers and errors of our own, in the order of fields and lines that Ollama's server sends.

use crate::wire::call::{AnswerForm, estimate_tokens};
use crate::wire::escape::Quoted;
use crate::wire::reply::{JSON, LINES, OwnReply, ReplyTo, pieces};

use super::clock::rfc3339;

pub(super) fn whole(to: &ReplyTo, text: &str) -> OwnReply {
    OwnReply { content_type: JSON, body: (beginning(to, text) + &end(to, text)).into() }
}

pub(super) fn stream(to: &ReplyTo, text: &str) -> OwnReply {
    let mut lines: String = pieces(text).map(|piece| beginning(to, piece) + "\"done\":false}\n").collect();
    lines += &(beginning(to, "") + &end(to, text) + "\n");
    OwnReply { content_type: LINES, body: lines.into() }
}

/// What every line begins with, up to its text.
fn beginning(to: &ReplyTo, text: &str) -> String {
    let said = match to.form {
        AnswerForm::Completion => format!(r#""response":{}"#, Quoted(text)),
        _ => format!(r#""message":{{"role":"assistant","content":{}}}"#, Quoted(text)),
    };
    let created = rfc3339(to.created, to.created_nanos);
    format!(r#"{{"model":{},"created_at":"{created}",{said},"#, Quoted(&to.model))
}

/// What the last line, or a whole answer, ends with.
///
/// No model ran, so nothing took any time; but clients divide by these durations, which a real server never gives as zero.
/// `/api/generate` gives no `context` here: these words have no tokens of the model's.
fn end(to: &ReplyTo, text: &str) -> String {
    let (prompt, answer) = (to.prompt_tokens, estimate_tokens(text.len()));
    format!(
        concat!(
            r#""done":true,"done_reason":"stop","total_duration":3,"load_duration":1,"prompt_eval_count":{prompt},"#,
            r#""prompt_eval_duration":1,"eval_count":{answer},"eval_duration":1}}"#,
        ),
        prompt = prompt,
        answer = answer,
    )
}

/// The error envelope, of a response and of a line alike.
pub(super) fn fault(message: &str) -> String {
    format!(r#"{{"error":{}}}"#, Quoted(message))
}

#[cfg(test)]
mod tests;
