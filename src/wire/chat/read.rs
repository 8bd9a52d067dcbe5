//! Reading a call: one pass over the body that looks into `messages` and only keeps the place of everything else.

use super::machine::{self, Wishes};
use crate::dialogue::{Conversation, Part, PartKind, Role, Turn};
use crate::wire::call::{AnswerForm, Call, Tail};
use crate::wire::content::Content;
use crate::wire::listed::Listed;
use crate::wire::span::{Cursor, Malformed, field, given, once, text};
use crate::wire::value::{boolean, conversation_id, has_items};

/// The values of a call's keys that say something about it, as they stand.
#[derive(Default)]
struct Keys<'a> {
    model: Option<&'a [u8]>,
    stream: Option<&'a [u8]>,
    stream_options: Option<&'a [u8]>,
    metadata: Option<&'a [u8]>,
    tools: Option<&'a [u8]>,
    functions: Option<&'a [u8]>,
    wishes: Wishes<'a>,
}

impl<'a> Keys<'a> {
    fn slot(&mut self, key: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        match key {
            b"model" => Some(&mut self.model),
            b"stream" => Some(&mut self.stream),
            b"stream_options" => Some(&mut self.stream_options),
            b"metadata" => Some(&mut self.metadata),
            b"tools" => Some(&mut self.tools),
            b"functions" => Some(&mut self.functions),
            _ => self.wishes.slot(key),
        }
    }
}

/// Keys by which servers are told of material beside the messages (vLLM and Cohere, Azure, OpenAI, OpenRouter).
const SOURCES: [&[u8]; 7] = [
    b"documents",
    b"data_sources",
    b"dataSources",
    b"web_search_options",
    b"plugins",
    b"prompt",
    b"previous_response_id",
];

pub(super) fn read(body: &[u8]) -> Result<Call<'_>, Malformed> {
    let mut keys = Keys::default();
    let (mut messages, mut sources) = (None, false);
    let mut cursor = Cursor::new(body);
    cursor.object(|key, cursor| match (key, keys.slot(key)) {
        (b"messages", _) => once(&mut messages, listed(cursor)?),
        (_, Some(slot)) => once(slot, cursor.skip()?),
        (key, None) if SOURCES.contains(&key) => {
            sources |= given(Some(cursor.skip()?)).is_some();
            Ok(())
        }
        (_, None) => cursor.skip().map(drop),
    })?;
    cursor.end()?;
    let Listed { turns, tail } = messages.filter(|messages| !messages.turns.is_empty()).ok_or(Malformed)?;

    let stream_options = given(keys.stream_options);
    let include_usage = stream_options.map(|options| field(options, b"include_usage")).transpose()?.flatten();
    Ok(Call {
        machine: machine::reason(&keys.wishes, turns.last().map(|turn| turn.role))?,
        cached_tail: false,
        elsewhere: false,
        answerable: true,
        echoes: Vec::new(),
        conversation: Conversation { turns, tools: has_items(keys.tools) || has_items(keys.functions) },
        model: given(keys.model).map(|model| text(model).ok_or(Malformed)).transpose()?,
        sources,
        form: AnswerForm::Usual,
        stream: boolean(given(keys.stream))?,
        include_usage: boolean(include_usage)?,
        conversation_id: given(keys.metadata).map(conversation_id).transpose()?.flatten(),
        tail,
    })
}

fn listed<'a>(cursor: &mut Cursor<'a>) -> Result<Listed<'a>, Malformed> {
    let mut all = Listed::default();
    cursor.array(|cursor| {
        let (turn, tail) = message(cursor)?;
        all.push(turn, tail);
        Ok(())
    })?;
    Ok(all)
}

fn message<'a>(cursor: &mut Cursor<'a>) -> Result<(Turn<'a>, Option<Tail>), Malformed> {
    let (mut role, mut content) = (None, None);
    let (mut refusal, mut audio, mut tool_calls, mut function_call) = (None, None, None, None);
    cursor.object(|key, cursor| match key {
        b"role" => once(&mut role, speaker(&cursor.word()?)?),
        b"content" => once(&mut content, Content::read(cursor, super::said)?),
        b"refusal" => once(&mut refusal, cursor.skip()?),
        b"audio" => once(&mut audio, cursor.skip()?),
        b"tool_calls" => once(&mut tool_calls, cursor.skip()?),
        b"function_call" => once(&mut function_call, cursor.skip()?),
        _ => cursor.skip().map(drop),
    })?;
    let role = role.ok_or(Malformed)?;
    let Content { mut parts, tail, .. } = content.unwrap_or_default();
    if role == Role::Assistant {
        parts.extend(given(refusal).and_then(text).map(Part::Text));
        parts.extend(given(audio).map(|raw| Part::Opaque(PartKind::Audio, raw)));
        let calls = tool_calls.filter(|calls| has_items(Some(calls)));
        parts.extend(calls.map(|raw| Part::Opaque(PartKind::ToolCall, raw)));
        parts.extend(given(function_call).map(|raw| Part::Opaque(PartKind::ToolCall, raw)));
    }
    Ok((Turn { role, parts }, tail))
}

fn speaker(role: &[u8]) -> Result<Role, Malformed> {
    Ok(match role {
        b"system" | b"developer" => Role::System,
        b"user" => Role::User,
        b"assistant" => Role::Assistant,
        b"tool" | b"function" => Role::Tool,
        _ => return Err(Malformed),
    })
}

#[cfg(test)]
mod tests;
