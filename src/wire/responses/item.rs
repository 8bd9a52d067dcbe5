//! One item of a call's input: a message, a call of a tool, its result, a thought, or a reference to what is kept elsewhere.

use super::said;
use crate::dialogue::{Part, PartKind, Role};
use crate::wire::call::Tail;
use crate::wire::content::Content;
use crate::wire::span::{Cursor, Kind, Malformed, field, given, once, text, word};
use crate::wire::value::has_items;

/// What an item is.
pub(super) enum Item<'a> {
    /// Somebody says something; a tool's result is said by the tool.
    Message(Role, Content<'a>),
    /// The model did or thought something.
    Act(Part<'a>),
    /// Stands for something that the upstream keeps.
    Elsewhere,
    /// Says nothing.
    Nothing,
    /// Offers tools in the middle of a conversation.
    Tools,
    /// Has the answer structured from here on.
    Structured,
    /// Asks for what was said to be summed up, not for an answer.
    Compaction,
}

/// Values of an item that say what it is; those that may be anything are read only once that is known.
#[derive(Default)]
struct Members<'a> {
    kind: Option<&'a [u8]>,
    role: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
    tools: Option<&'a [u8]>,
    text: Option<&'a [u8]>,
    /// Where the content begins, and where the output does.
    content: Option<Cursor<'a>>,
    output: Option<Cursor<'a>>,
}

/// Reads the item at the cursor.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Item<'a>, Malformed> {
    if cursor.kind()? != Kind::Object {
        return Err(Malformed);
    }
    let start = cursor.offset();
    let mut members = Members::default();
    cursor.object(|key, cursor| {
        let here = cursor.clone();
        let value = cursor.skip()?;
        match key {
            b"type" => once(&mut members.kind, value),
            b"role" => once(&mut members.role, value),
            b"id" => once(&mut members.id, value),
            b"tools" => once(&mut members.tools, value),
            b"text" => once(&mut members.text, value),
            b"content" => once(&mut members.content, here),
            b"output" => once(&mut members.output, here),
            _ => Ok(()),
        }
    })?;
    members.item(&cursor.passed()[start..])
}

impl<'a> Members<'a> {
    fn item(self, raw: &'a [u8]) -> Result<Item<'a>, Malformed> {
        let kind = given(self.kind).map(word);
        match (kind.as_deref(), given(self.role)) {
            (None | Some(b"message"), Some(role)) => self.message(&word(role)),
            (Some(b"message"), None) => Err(Malformed),
            (None | Some(b"item_reference"), None) => Ok(self.reference()),
            (Some(b"reasoning"), _) => Ok(Item::Act(Part::Opaque(PartKind::Other, raw))),
            // What was said before, summed up and sealed.
            (Some(b"compaction" | b"compaction_summary"), _) => Ok(Item::Elsewhere),
            (Some(b"compaction_trigger"), _) => Ok(Item::Compaction),
            (Some(b"additional_tools"), _) => Ok(if has_items(self.tools) { Item::Tools } else { Item::Nothing }),
            (Some(b"configuration_update"), _) => {
                Ok(if is_structured(given(self.text))? { Item::Structured } else { Item::Nothing })
            }
            (Some(b"mcp_approval_response"), _) => Ok(self.result(raw)),
            (Some(kind), _) if kind.ends_with(b"_output") => Ok(self.result(raw)),
            (Some(kind), _) if kind.ends_with(b"_call") || kind == b"mcp_approval_request" => {
                Ok(Item::Act(Part::Opaque(PartKind::ToolCall, raw)))
            }
            // Lists of an MCP server's tools, programs, and what is not known today.
            (Some(_), _) => Ok(Item::Act(Part::Opaque(PartKind::Other, raw))),
        }
    }

    fn message(self, role: &[u8]) -> Result<Item<'a>, Malformed> {
        let role = match role {
            b"user" => Role::User,
            b"assistant" => Role::Assistant,
            b"system" | b"developer" => Role::System,
            b"tool" => Role::Tool,
            _ => return Err(Malformed),
        };
        let mut content = self.content.ok_or(Malformed)?;
        Ok(Item::Message(role, Content::read(&mut content, said)?))
    }

    /// The result of a tool, as text where it is one.
    fn result(self, raw: &'a [u8]) -> Item<'a> {
        let read = |mut output: Cursor<'a>| Content::read(&mut output, said).ok();
        let whole = || Content { parts: vec![Part::Opaque(PartKind::ToolResult, raw)], ..Content::default() };
        Item::Message(Role::Tool, self.output.and_then(read).unwrap_or_else(whole))
    }

    /// A reference to a thought or a call leaves nothing out that is said to the user.
    fn reference(self) -> Item<'a> {
        let id = given(self.id).and_then(text);
        let thought = id.is_some_and(|id| [&b"rs_"[..], b"fc_", b"ctc_"].iter().any(|kind| id.raw().starts_with(kind)));
        if thought { Item::Act(Part::Opaque(PartKind::Other, b"")) } else { Item::Elsewhere }
    }
}

/// Whether a `text` setting asks for another form than text.
pub(super) fn is_structured(settings: Option<&[u8]>) -> Result<bool, Malformed> {
    let Some(format) = settings.map(|text| field(text, b"format")).transpose()?.flatten() else { return Ok(false) };
    Ok(field(format, b"type")?.is_none_or(|kind| *word(kind) != *b"text"))
}

/// Where an instruction can go in a string that is all of the input.
pub(super) fn whole<'a>(cursor: &mut Cursor<'a>) -> Result<Content<'a>, Malformed> {
    let parts = vec![Part::Text(crate::dialogue::Text::Json(cursor.string()?))];
    Ok(Content { parts, tail: Some(Tail::Quote(cursor.offset() - 1)), marked: false })
}
