//! What agent harnesses put around a user's words, and what they ask of the model for themselves.
//!
//! A harness (Claude Code, Codex, Gemini CLI, OpenCode, Cline, Cursor, Copilot, aider …) speaks to the model in the user's
//! place: it wraps reminders, the environment and files into the user's messages, and asks for titles, summaries and
//! permissions that nobody typed. The first are taken off before a turn is judged; the second are left alone. What is known
//! here was read from recorded requests and from the harnesses' sources; what is not known is taken for what it says.

mod internal;
mod wrapper;

pub(super) use internal::internal;
pub(super) use wrapper::{Unwrapped, unwrap};
