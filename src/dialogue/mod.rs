//! The vocabulary of grounding: turns, what they need, what they do, and what we may do about it.
//!
//! Everything here is plain data without I/O. Every other module speaks in these terms.

mod act;
mod bypass;
mod conversation;
mod fingerprint;
mod label;
mod text;

pub use act::{Delivery, GroundingAct};
pub use bypass::{Bypass, HeldBack};
pub use conversation::{Conversation, Part, PartKind, Role, Turn};
pub use fingerprint::{ConversationSource, Id, Identity, IdentityKey};
pub use label::{AssistantAct, Distribution, Gap, Label, Need, UserAct};
pub use text::Text;
