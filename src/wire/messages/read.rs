//! Reading a call: one pass over the body that looks into `messages` and only keeps the place of everything else.

use super::Hosted;
use crate::dialogue::{Bypass, Conversation, Part, PartKind, Role, Text, Turn};
use crate::wire::call::{AnswerForm, Call, Machine, Tail};
use crate::wire::content::{Content, Said};
use crate::wire::span::{Cursor, Kind, Malformed, field, given, once, text, word};
use crate::wire::value::{Members, has_items, is_probe};

/// The keys of a call that say something about it; `messages` is looked into.
const KEYS: [&str; 13] = [
    "cache_control",
    "compaction",
    "container",
    "max_tokens",
    "mcp_servers",
    "metadata",
    "model",
    "output_config",
    "output_format",
    "stream",
    "thread",
    "tool_choice",
    "tools",
];

pub(super) fn read<'a>(hosted: Option<Hosted<'a>>, body: &'a [u8]) -> Result<Call<'a>, Malformed> {
    let mut keys = Members::of(&KEYS);
    let (mut messages, mut system) = (None, None);
    let mut cursor = Cursor::new(body);
    cursor.object(|key, cursor| match (key, keys.slot(key)) {
        (b"messages", _) => once(&mut messages, Messages::read(cursor)?),
        (b"system", _) => once(&mut system, Content::read(cursor, said)?),
        (_, Some(slot)) => once(slot, cursor.skip()?),
        (_, None) => cursor.skip().map(drop),
    })?;
    cursor.end()?;
    let Messages { mut turns, tail, sealed, marked_behind } =
        messages.filter(|all| !all.turns.is_empty()).ok_or(Malformed)?;
    let machine = machine(&keys, turns.iter().rfind(|turn| turn.role != Role::System).map(|turn| turn.role))?;
    if let Some(Content { parts, .. }) = system.filter(|system| !system.parts.is_empty()) {
        turns.insert(0, Turn { role: Role::System, parts });
    }
    let thread = keys.get("thread").map(|thread| field(thread, b"type")).transpose()?;
    let continues = thread.is_some_and(|kind| kind.is_none_or(|kind| *word(kind) != *b"create"));
    let model = keys.get("model").map(|model| text(model).ok_or(Malformed)).transpose()?;
    Ok(Call {
        machine,
        elsewhere: continues || sealed,
        answerable: thread.is_none() && hosted.is_none_or(|hosted| !hosted.framed),
        echoes: Vec::new(),
        conversation: Conversation { turns, tools: has_items(keys.get("tools")) || has_items(keys.get("mcp_servers")) },
        model: model.or(hosted.map(|hosted| Text::Plain(hosted.model))),
        sources: keys.get("container").is_some(),
        form: AnswerForm::Usual,
        stream: keys.is_true("stream")? || hosted.is_some_and(|hosted| hosted.framed),
        include_usage: true,
        cached_tail: marked_behind || keys.get("cache_control").is_some(),
        conversation_id: keys.get("metadata").map(session).transpose()?.flatten(),
        tail,
    })
}

/// Why this call looks machine-made, given who speaks last beside the product, which in this API may say something behind the
/// user's message at any time; `None` where a person may well wait for the answer.
fn machine(keys: &Members<'_, { KEYS.len() }>, last: Option<Role>) -> Result<Option<Machine>, Malformed> {
    use Bypass::{ForcedTools, InternalCall, StructuredOutput, ToolResult};
    let format = keys.get("output_config").map(|config| field(config, b"format")).transpose()?.flatten();
    let choice = match keys.get("tool_choice") {
        Some(choice) => field(choice, b"type")?.map(word),
        None => Some(b"auto"[..].into()),
    };
    let signs = [
        (ToolResult, "tool_result", last == Some(Role::Tool)),
        (Bypass::Machine, "assistant_prefill", last == Some(Role::Assistant)),
        (StructuredOutput, "output_config.format", format.is_some()),
        (StructuredOutput, "output_format", keys.get("output_format").is_some()),
        (ForcedTools, "tool_choice", !choice.is_some_and(|choice| matches!(&*choice, b"auto" | b"none"))),
        // One token probes the quota; none warms the cache.
        (InternalCall, "probe", keys.get("max_tokens").is_some_and(is_probe)),
        (InternalCall, "compaction", keys.get("compaction").is_some()),
    ];
    Ok(signs.into_iter().find(|(.., is_there)| *is_there).map(|(bypass, sign, _)| Machine::new(bypass, sign)))
}

/// The session that Claude Code names in `metadata.user_id`, which otherwise names a person: behind `_session_`, or in an
/// object that is written as a string.
fn session(metadata: &[u8]) -> Result<Option<Text<'_>>, Malformed> {
    let Some(id) = field(metadata, b"user_id")?.and_then(text) else { return Ok(None) };
    let raw = id.raw();
    let behind = |mark: &[u8]| memchr::memmem::find(raw, mark).map(|at| &raw[at + mark.len()..]);
    let written =
        behind(br#"\"session_id\":\""#).map(|rest| &rest[..memchr::memchr(b'\\', rest).unwrap_or(rest.len())]);
    Ok(behind(b"_session_").or(written).filter(|session| !session.is_empty()).map(Text::Json))
}

#[derive(Default)]
struct Messages<'a> {
    turns: Vec<Turn<'a>>,
    tail: Option<Tail>,
    /// What came before was summed up and sealed.
    sealed: bool,
    /// A cache breakpoint stands behind the last user's message: on what the product says in the middle of a conversation.
    marked_behind: bool,
}

impl<'a> Messages<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Malformed> {
        let mut all = Self::default();
        cursor.array(|cursor| {
            let (mut role, mut content) = (None, None);
            cursor.object(|key, cursor| match key {
                b"role" => once(&mut role, speaker(&cursor.word()?)?),
                b"content" => once(&mut content, Content::read(cursor, said)?),
                _ => cursor.skip().map(drop),
            })?;
            all.say(role.ok_or(Malformed)?, content.ok_or(Malformed)?);
            Ok(())
        })?;
        Ok(all)
    }

    fn say(&mut self, role: Role, Content { parts, tail, marked }: Content<'a>) {
        self.sealed |= parts.iter().any(is_sealed);
        if role != Role::User {
            // What the assistant says refers to the user's message as it was.
            self.tail = self.tail.filter(|_| role == Role::System);
            self.marked_behind |= marked;
            return self.turns.push(Turn { role, parts });
        }
        // The results of tools come in a user's message; what else is in it, a person may have typed.
        let speaker = |part: &Part<'_>| match part {
            Part::Opaque(PartKind::ToolResult, _) => Role::Tool,
            Part::Text(_) | Part::Opaque(..) => Role::User,
        };
        self.marked_behind = false;
        let mut last = Role::User;
        if parts.is_empty() {
            self.turns.push(Turn { role: Role::User, parts: Vec::new() });
        }
        for run in parts.chunk_by(|one, next| speaker(one) == speaker(next)) {
            last = run.first().map_or(Role::User, speaker);
            let parts = if last == Role::Tool { run.iter().flat_map(result).collect() } else { run.to_vec() };
            self.turns.push(Turn { role: last, parts });
        }
        self.tail = tail.filter(|_| last == Role::User);
    }
}

/// What a tool's result says: its text where it has any, as in the other dialects.
fn result<'a>(block: &Part<'a>) -> Vec<Part<'a>> {
    let Part::Opaque(_, raw) = block else { return vec![*block] };
    let read = |content: &'a [u8]| Content::read(&mut Cursor::new(content), said).ok();
    let parts = field(raw, b"content").ok().flatten().and_then(read).map(|content| content.parts);
    parts.filter(|parts| !parts.is_empty()).unwrap_or_else(|| vec![*block])
}

fn speaker(role: &[u8]) -> Result<Role, Malformed> {
    match role {
        b"user" => Ok(Role::User),
        b"assistant" => Ok(Role::Assistant),
        b"system" => Ok(Role::System),
        _ => Err(Malformed),
    }
}

/// The types of blocks of a message.
pub(super) fn said(kind: &[u8]) -> Said {
    match kind {
        b"text" => Said::Text,
        b"image" => Said::Opaque(PartKind::Image),
        b"document" | b"search_result" | b"container_upload" => Said::Opaque(PartKind::File),
        // Of the API's own tools, too: `server_tool_use`, `web_search_tool_result`, `mcp_tool_use` and their like.
        kind if kind.ends_with(b"tool_result") => Said::Opaque(PartKind::ToolResult),
        kind if kind.ends_with(b"tool_use") => Said::Opaque(PartKind::ToolCall),
        // Thinking, also redacted, and what is not known today.
        _ => Said::Opaque(PartKind::Other),
    }
}

/// Whether a block stands for earlier messages.
fn is_sealed(part: &Part<'_>) -> bool {
    let Part::Opaque(PartKind::Other, raw) = part else { return false };
    let mut cursor = Cursor::new(raw);
    let kind = cursor.kind().is_ok_and(|kind| kind == Kind::Object).then(|| field(raw, b"type").ok().flatten());
    given(kind.flatten()).is_some_and(|kind| *word(kind) == *b"compaction")
}

#[cfg(test)]
mod tests;
