//! A conversation as the assistant would see it, borrowed from the request that carries it.

use super::Text;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The product: `system` and `developer` messages.
    System,
    /// The user, or whatever stands in their place.
    User,
    /// The model.
    Assistant,
    /// The result of a tool call.
    Tool,
}

impl Role {
    /// The name most dialects use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// What a part of a message is, when it is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// An image.
    Image,
    /// Audio.
    Audio,
    /// A document or another file.
    File,
    /// A call of a tool by the assistant.
    ToolCall,
    /// The result of a tool call.
    ToolResult,
    /// Anything else.
    Other,
}

/// One part of a message.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// Text.
    Text(Text<'a>),
    /// Something else, with its bytes as received.
    Opaque(PartKind, &'a [u8]),
}

/// One message.
#[derive(Clone, Debug)]
pub struct Turn<'a> {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part<'a>>,
}

impl<'a> Turn<'a> {
    /// A message of one text.
    pub fn new(role: Role, text: &'a str) -> Self {
        Self { role, parts: vec![Part::Text(Text::Plain(text))] }
    }

    /// The texts of this message, in order.
    pub fn texts(&self) -> impl DoubleEndedIterator<Item = Text<'a>> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(*text),
            Part::Opaque(..) => None,
        })
    }

    /// Whether a part of this kind is attached.
    pub fn has(&self, kind: PartKind) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Opaque(k, _) if *k == kind))
    }

    /// Whether this is a user's message with text in it.
    pub fn is_user_text(&self) -> bool {
        self.role == Role::User && self.texts().any(|text| !text.is_empty())
    }
}

/// The conversation that a request carries.
#[derive(Clone, Debug, Default)]
pub struct Conversation<'a> {
    /// Every message in order, system prompts included.
    pub turns: Vec<Turn<'a>>,
    /// Whether the request offers the model tools.
    pub tools: bool,
}

impl<'a> Conversation<'a> {
    /// The position of the last user turn that holds text.
    pub fn last_user(&self) -> Option<usize> {
        self.turns.iter().rposition(Turn::is_user_text)
    }

    /// Whether any system prompt is given.
    pub fn has_system(&self) -> bool {
        self.turns.iter().any(|turn| turn.role == Role::System)
    }
}
