//! Why a request went through without being judged or without its act.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Label;
use super::label::labels;

labels! {
    /// The recorded reason of a passthrough that was not a judgement of "nothing needed".
    ///
    /// Whatever fails in groundwire becomes one of these, never an error of the caller's request.
    Bypass {
        /// Not a chat call of a known dialect: another route, method or content type.
        NotACall = "not_a_call",
        /// Made by a machine for a machine, as several choices, log-probabilities, spoken or predicted output, work in the
        /// background or the beginning of the answer show.
        Machine = "machine",
        /// The answer must have a structure that a program reads: JSON, a schema, a grammar.
        StructuredOutput = "structured_output",
        /// The answer must be a call of a tool.
        ForcedTools = "forced_tools",
        /// The last turn is the result of a tool.
        ToolResult = "tool_result",
        /// A call that an agent harness makes for itself: a title, a summary, a permission, a probe of the quota.
        InternalCall = "internal_call",
        /// The last message is only what an agent harness wrapped for the model; no human typed any of it.
        WrapperOnly = "wrapper_only",
        /// The last message holds pictures, sound or files, and no text.
        AttachmentsOnly = "attachments_only",
        /// What was said before is kept by the upstream and is not in the request.
        HistoryElsewhere = "history_elsewhere",
        /// Tools are offered and the configuration says to leave such requests alone.
        ToolsOffered = "tools_offered",
        /// The request or the configuration said not to look.
        OptedOut = "opted_out",
        /// The body is signed; an edit would break the signature.
        Signed = "signed",
        /// The last turn holds no text that a human typed.
        NotHumanText = "not_human_text",
        /// The turn is in a language that the model does not read.
        Language = "language",
        /// The body has a content encoding that is not read: an unknown one, or too many.
        Encoded = "encoded",
        /// The body is not what its content encoding says: damaged, cut, or with something behind it.
        Undecodable = "undecodable",
        /// The body is compressed, and larger than what is read once it is decoded.
        DecodedTooLarge = "decoded_too_large",
        /// The body or its text is above the classification cap.
        TooLarge = "too_large",
        /// The client's body ended early or failed while it was being read.
        Truncated = "truncated",
        /// Not valid JSON, not UTF-8, or not of the dialect's shape.
        Malformed = "malformed",
        /// No classifier is loaded.
        NoModel = "no_model",
        /// The classifier's queue was full.
        Saturated = "saturated",
        /// The classifier did not answer before the deadline.
        Deadline = "deadline",
        /// Every worker hangs in a run that is past its deadline; replacements are being started.
        Stalled = "stalled",
        /// The classifier's thread panicked while it judged this turn; it has been replaced.
        Panicked = "panicked",
        /// The model ran and failed.
        ClassifierFailed = "classifier_failed",
    }
}

impl Bypass {
    /// Whether it says something of the classifier's state, and nothing of the request: the same one may be judged the next
    /// time.
    pub const fn is_of_the_moment(self) -> bool {
        use Bypass::{ClassifierFailed, Deadline, NoModel, Panicked, Saturated, Stalled};
        matches!(self, NoModel | Saturated | Deadline | Stalled | Panicked | ClassifierFailed)
    }
}

labels! {
    /// Why what is decided about a turn is only observed.
    HeldBack {
        /// The request offers tools, and the configuration says not to change such.
        Tools = "tools",
        /// The request asks for it: `x-groundwire-mode: observe`.
        Mode = "mode",
        /// The unit is in the arm `control` of an experiment.
        Control = "control",
    }
}
