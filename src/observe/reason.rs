//! Why turns are left alone, and which setting would change that.

use std::fmt;

use super::Record;
use crate::dialogue::{Bypass, HeldBack, Label};

/// Why a turn was left alone: it was not judged, or what was decided was only observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It passed unjudged, or without its act.
    Bypassed(Bypass),
    /// It was judged, and nothing would have been done whatever came of it.
    Observed(HeldBack),
}

impl Reason {
    /// How many there are.
    pub(super) const COUNT: usize = Bypass::ALL.len() + HeldBack::ALL.len();

    /// Why the turn of this record was left alone, if it was.
    pub fn of(record: &Record) -> Option<Self> {
        // To leave a turn of `control` alone is what the experiment is for.
        let held_back = record.held_back.filter(|held| *held != HeldBack::Control);
        record.bypass.map(Self::Bypassed).or(held_back.map(Self::Observed))
    }

    /// Each of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let bypassed = Bypass::ALL.iter().copied().map(Self::Bypassed);
        bypassed.chain(HeldBack::ALL.iter().copied().map(Self::Observed))
    }

    pub(super) fn index(self) -> usize {
        match self {
            Self::Bypassed(bypass) => bypass.index(),
            Self::Observed(held) => Bypass::ALL.len() + held.index(),
        }
    }

    /// The name in metrics and on the admin page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bypassed(bypass) => bypass.as_str(),
            Self::Observed(HeldBack::Tools) => "observed_tools",
            Self::Observed(HeldBack::Mode) => "observed_mode",
            Self::Observed(HeldBack::Control) => "observed_control",
        }
    }

    /// The setting to change where these turns should not be left alone, in words for the operator.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Observed(HeldBack::Tools) => {
                "requests that offer tools are judged and never changed; set `tools = \"steer\"` to act on them, too"
            }
            Self::Observed(HeldBack::Mode) => {
                "clients ask for `x-groundwire-mode: observe`; take `mode` out of `trust-headers` to act all the same"
            }
            Self::Observed(HeldBack::Control) => {
                "these units are in the arm `control` of an experiment; nothing is to be set"
            }
            Self::Bypassed(bypass) => advice(bypass),
        }
    }
}

fn advice(bypass: Bypass) -> &'static str {
    match bypass {
        Bypass::NotACall => "these are no chat calls of a dialect that is read; nothing is to be set",
        Bypass::Machine | Bypass::StructuredOutput | Bypass::ForcedTools | Bypass::ToolResult => {
            "these requests are made by machines, for answers that a program reads; nothing is to be set"
        }
        Bypass::InternalCall | Bypass::WrapperOnly => {
            "these requests are what agent harnesses ask for themselves; nothing is to be set"
        }
        Bypass::HistoryElsewhere => {
            "the upstream keeps what was said before, so these turns cannot be judged; have clients send the whole \
             conversation, with `store: false`"
        }
        Bypass::ToolsOffered => {
            "requests that offer tools are not judged; set `tools = \"observe\"` to judge them or \"steer\" to act on them"
        }
        Bypass::OptedOut => {
            "clients ask for `x-groundwire-mode: off`; take `mode` out of `trust-headers` to judge them all the same"
        }
        Bypass::Signed => "these bodies are signed and must not be edited; sign them behind groundwire",
        Bypass::NotHumanText | Bypass::AttachmentsOnly => {
            "the last message of these requests holds no text that a person typed; nothing is to be set"
        }
        Bypass::Language => "only English is judged; a model for the language is set with `classifier.model`",
        Bypass::Encoded => "these bodies are compressed in a way that is not read; have clients send them as they are",
        Bypass::Undecodable => "these bodies are not compressed as they say; look at the clients",
        Bypass::DecodedTooLarge => "raise `limits.decoded-bytes`",
        Bypass::TooLarge => "raise `limits.classify-bytes` and `limits.text-bytes`",
        Bypass::Truncated => "these bodies end early; look at the clients, and at `limits.idle-timeout`",
        Bypass::Malformed => "these bodies are not of the dialect that their path names; look at the clients",
        Bypass::NoModel => "there is no classifier; set `classifier.model = \"builtin\"`",
        Bypass::Saturated => "raise `classifier.threads`, or `classifier.queue`",
        Bypass::Deadline => "raise `classifier.deadline`, or `classifier.threads`",
        Bypass::Stalled | Bypass::Panicked | Bypass::ClassifierFailed => {
            "the classifier is broken; set another `classifier.model`, or restart"
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
