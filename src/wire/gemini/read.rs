//! Reading a call: one pass over the body that looks into `contents` and only keeps the place of everything else.

use super::machine;
use super::parts::Parts;
use super::route::Route;
use crate::dialogue::{Conversation, PartKind, Role, Text, Turn};
use crate::wire::call::{Call, Tail};
use crate::wire::listed::Listed;
use crate::wire::span::{Cursor, Kind, Malformed, given, once};
use crate::wire::value::conversation_id;

/// The values of a call's keys that say something about it, as they stand.
#[derive(Default)]
struct Keys<'a> {
    tools: Option<&'a [u8]>,
    tool_config: Option<&'a [u8]>,
    generation: Option<&'a [u8]>,
    cached: Option<&'a [u8]>,
    labels: Option<&'a [u8]>,
}

impl<'a> Keys<'a> {
    fn slot(&mut self, key: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        match key {
            b"tools" => Some(&mut self.tools),
            b"toolConfig" | b"tool_config" => Some(&mut self.tool_config),
            b"generationConfig" | b"generation_config" => Some(&mut self.generation),
            b"cachedContent" | b"cached_content" => Some(&mut self.cached),
            b"labels" => Some(&mut self.labels),
            _ => None,
        }
    }
}

pub(super) fn read<'a>(target: &'a str, body: &'a [u8]) -> Result<Call<'a>, Malformed> {
    let mut keys = Keys::default();
    let (mut contents, mut system) = (None, None);
    let mut cursor = Cursor::new(body);
    cursor.object(|key, cursor| match (key, keys.slot(key)) {
        (b"contents", _) => once(&mut contents, listed(cursor)?),
        (b"systemInstruction" | b"system_instruction", _) => once(&mut system, instruction(cursor)?),
        (_, Some(slot)) => once(slot, cursor.skip()?),
        (_, None) => cursor.skip().map(drop),
    })?;
    cursor.end()?;
    let Listed { mut turns, tail } = contents.filter(|contents| !contents.turns.is_empty()).ok_or(Malformed)?;
    let last = turns.last().map(|turn| turn.role);
    turns.splice(0..0, system.flatten());
    let (route, form) = Route::of_target(target);
    let offered = given(keys.tools).map(Offered::read).transpose()?.unwrap_or_default();
    Ok(Call {
        machine: machine::reason(given(keys.generation), given(keys.tool_config), last)?,
        elsewhere: false,
        // Where the path is a gateway's own, nobody knows whether the answer is to be a stream.
        answerable: target.is_empty() || route.is_some(),
        cached_tail: false,
        echoes: Vec::new(),
        conversation: Conversation { turns, tools: offered.tools },
        model: route.map(|route| Text::Plain(route.model)),
        sources: offered.sources || given(keys.cached).is_some(),
        stream: route.is_some_and(|route| route.stream),
        form,
        include_usage: true,
        // Of Vertex AI.
        conversation_id: given(keys.labels).map(conversation_id).transpose()?.flatten(),
        tail,
    })
}

/// What the tools of a call are.
#[derive(Default)]
struct Offered {
    /// Something that the model may call instead of answering.
    tools: bool,
    /// Material that the model looks up by itself.
    sources: bool,
}

impl Offered {
    fn read(tools: &[u8]) -> Result<Self, Malformed> {
        let mut offered = Self::default();
        list(&mut Cursor::new(tools), |cursor| {
            cursor.object(|key, cursor| {
                let value = cursor.skip()?;
                match key {
                    _ if given(Some(value)).is_none() || is_empty_list(value) => {}
                    b"googleSearch"
                    | b"google_search"
                    | b"googleSearchRetrieval"
                    | b"google_search_retrieval"
                    | b"retrieval"
                    | b"urlContext"
                    | b"url_context"
                    | b"fileSearch"
                    | b"file_search"
                    | b"googleMaps"
                    | b"google_maps"
                    | b"enterpriseWebSearch"
                    | b"enterprise_web_search"
                    | b"parallelAiSearch"
                    | b"parallel_ai_search"
                    | b"exaAiSearch"
                    | b"exa_ai_search" => offered.sources = true,
                    // Functions, code, a computer, and what is not known yet.
                    _ => offered.tools = true,
                }
                Ok(())
            })
        })?;
        Ok(offered)
    }
}

fn is_empty_list(value: &[u8]) -> bool {
    let mut empty = true;
    let walked = Cursor::new(value).array(|cursor| {
        empty = false;
        cursor.skip().map(drop)
    });
    walked.is_ok() && empty
}

/// Walks a list, or the one value that may stand in its place.
fn list<'a>(
    cursor: &mut Cursor<'a>,
    mut each: impl FnMut(&mut Cursor<'a>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    match cursor.kind()? {
        Kind::Array => cursor.array(each),
        Kind::Object => each(cursor),
        Kind::String | Kind::Scalar => Err(Malformed),
    }
}

/// Reads the system instruction; `None` for `null`.
fn instruction<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Turn<'a>>, Malformed> {
    match cursor.kind()? {
        // Its role, which SDKs set to `user`, means nothing.
        Kind::Object => content(cursor).map(|(turn, _)| Some(Turn { role: Role::System, ..turn })),
        Kind::Scalar if cursor.skip()? == b"null" => Ok(None),
        Kind::Array | Kind::String | Kind::Scalar => Err(Malformed),
    }
}

fn listed<'a>(cursor: &mut Cursor<'a>) -> Result<Listed<'a>, Malformed> {
    let mut all = Listed::default();
    list(cursor, |cursor| {
        let (turn, tail) = content(cursor)?;
        all.push(turn, tail);
        Ok(())
    })?;
    Ok(all)
}

fn content<'a>(cursor: &mut Cursor<'a>) -> Result<(Turn<'a>, Option<Tail>), Malformed> {
    let (mut role, mut parts) = (None, None);
    cursor.object(|key, cursor| match key {
        b"role" => once(&mut role, speaker(cursor)?),
        b"parts" => once(&mut parts, Parts::read(cursor)?),
        _ => cursor.skip().map(drop),
    })?;
    let Parts { parts, tail } = parts.unwrap_or_default();
    let mut turn = Turn { role: role.unwrap_or(Role::User), parts };
    // The result of a function comes in the user's name; it is the user's turn only where the user says something beside.
    if turn.role == Role::User && turn.has(PartKind::ToolResult) && !turn.is_user_text() {
        turn.role = Role::Tool;
    }
    Ok((turn, tail))
}

/// A content without a role is the user's. Upper case is what Google's own examples had.
fn speaker(cursor: &mut Cursor<'_>) -> Result<Role, Malformed> {
    if cursor.kind()? == Kind::Scalar && cursor.skip()? == b"null" {
        return Ok(Role::User);
    }
    Ok(match &*cursor.word()?.to_ascii_lowercase() {
        b"user" | b"" => Role::User,
        b"model" => Role::Assistant,
        b"function" | b"tool" => Role::Tool,
        b"system" => Role::System,
        _ => return Err(Malformed),
    })
}

#[cfg(test)]
mod tests;
