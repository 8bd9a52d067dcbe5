//! Reading a call: one pass over the body that looks into `messages` and `prompt` and only keeps the place of everything else.

use super::machine::{self, Wishes};
use super::transcript;
use crate::dialogue::{Conversation, Part, PartKind, Role, Text, Turn};
use crate::wire::call::{AnswerForm, Call, Tail};
use crate::wire::listed::Listed;
use crate::wire::span::{Cursor, Kind, Malformed, given, once, text};
use crate::wire::value::has_items;

/// The values of a call's keys that say something about it, as they stand.
#[derive(Default)]
struct Keys<'a> {
    model: Option<&'a [u8]>,
    stream: Option<&'a [u8]>,
    tools: Option<&'a [u8]>,
    system: Option<&'a [u8]>,
    images: Option<&'a [u8]>,
    context: Option<&'a [u8]>,
    wishes: Wishes<'a>,
}

impl<'a> Keys<'a> {
    fn slot(&mut self, key: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        match key {
            b"model" => Some(&mut self.model),
            b"stream" => Some(&mut self.stream),
            b"tools" => Some(&mut self.tools),
            b"system" => Some(&mut self.system),
            b"images" => Some(&mut self.images),
            b"context" => Some(&mut self.context),
            _ => self.wishes.slot(key),
        }
    }
}

pub(super) fn read<'a>(target: &'a str, body: &'a [u8]) -> Result<Call<'a>, Malformed> {
    let mut keys = Keys::default();
    let (mut messages, mut prompt) = (None, None);
    let mut cursor = Cursor::new(body);
    cursor.object(|key, cursor| match (key, keys.slot(key)) {
        (b"messages", _) => once(&mut messages, listed(cursor)?),
        (b"prompt", _) => once(&mut prompt, string(cursor)?),
        (_, Some(slot)) => once(slot, cursor.skip()?),
        (_, None) => cursor.skip().map(drop),
    })?;
    cursor.end()?;
    let model = given(keys.model).and_then(text).filter(|model| !model.is_empty()).ok_or(Malformed)?;
    // A key of the other route means nothing to this one. Where the route is not known, the key that is there tells.
    let path = target.split('?').next().unwrap_or_default().trim_end_matches('/');
    let completion = match (messages.is_some(), prompt.is_some()) {
        _ if path.ends_with("/generate") => true,
        _ if path.ends_with("/chat") => false,
        (true, true) => return Err(Malformed),
        (_, prompt) => prompt,
    };
    let Listed { turns, tail } = match completion {
        true => completion_of(&keys, prompt.flatten())?,
        // Without a message the model is only loaded, or unloaded.
        false => messages.unwrap_or_default(),
    };
    let form = if completion { AnswerForm::Completion } else { AnswerForm::Usual };
    Ok(Call {
        machine: machine::reason(&keys.wishes, form, turns.iter().map(|turn| turn.role).next_back())?,
        // The tokens of what was said before, which nobody here can read.
        elsewhere: completion && has_items(keys.context),
        // What only loads a model is not to be answered in its place.
        answerable: !turns.is_empty(),
        cached_tail: false,
        echoes: Vec::new(),
        conversation: Conversation { turns, tools: !completion && has_items(keys.tools) },
        model: Some(model),
        sources: false,
        stream: match given(keys.stream) {
            None | Some(b"true") => true,
            Some(b"false") => false,
            Some(_) => return Err(Malformed),
        },
        form,
        include_usage: true,
        conversation_id: None,
        tail,
    })
}

/// A string, and where its closing quote stands; `None` for `null`.
fn string<'a>(cursor: &mut Cursor<'a>) -> Result<Option<(Text<'a>, usize)>, Malformed> {
    match cursor.kind()? {
        Kind::String => {
            let said = Text::Json(cursor.string()?);
            Ok(Some((said, cursor.offset() - 1)))
        }
        Kind::Scalar if cursor.skip()? == b"null" => Ok(None),
        Kind::Scalar | Kind::Array | Kind::Object => Err(Malformed),
    }
}

/// The conversation of `/api/generate`: the system prompt, and what the user says, or a transcript of what was said.
fn completion_of<'a>(keys: &Keys<'a>, prompt: Option<(Text<'a>, usize)>) -> Result<Listed<'a>, Malformed> {
    // Without a prompt the model is only loaded, or unloaded.
    let Some((said, quote)) = prompt.filter(|(said, _)| !said.is_empty()) else { return Ok(Listed::default()) };
    let system = given(keys.system).map(|system| text(system).ok_or(Malformed)).transpose()?;
    let system = system.filter(|system| !system.is_empty());
    let mut turns: Vec<_> =
        system.map(|system| Turn { role: Role::System, parts: vec![Part::Text(system)] }).into_iter().collect();
    match transcript::turns(said.raw()) {
        Some(said) => turns.extend(said),
        None => turns.push(Turn { role: Role::User, parts: vec![Part::Text(said)] }),
    }
    // Behind words of the assistant's, an instruction would be in its voice.
    let last = turns.last_mut().filter(|last| last.role == Role::User);
    let tail = last.is_some().then_some(Tail::Quote(quote));
    let images = keys.images.filter(|images| has_items(Some(images)));
    if let (Some(last), Some(images)) = (last, images) {
        last.parts.push(Part::Opaque(PartKind::Image, images));
    }
    Ok(Listed { turns, tail })
}

fn listed<'a>(cursor: &mut Cursor<'a>) -> Result<Listed<'a>, Malformed> {
    let mut all = Listed::default();
    if cursor.kind()? == Kind::Scalar {
        return if cursor.skip()? == b"null" { Ok(all) } else { Err(Malformed) };
    }
    cursor.array(|cursor| {
        let (turn, quote) = message(cursor)?;
        all.push(turn, quote.map(Tail::Quote));
        Ok(())
    })?;
    Ok(all)
}

/// Reads a message; with it comes where the closing quote of its text stands.
fn message<'a>(cursor: &mut Cursor<'a>) -> Result<(Turn<'a>, Option<usize>), Malformed> {
    let (mut role, mut content, mut images, mut tool_calls) = (None, None, None, None);
    cursor.object(|key, cursor| match key {
        b"role" => once(&mut role, speaker(&cursor.word()?)?),
        b"content" => once(&mut content, string(cursor)?),
        b"images" => once(&mut images, cursor.skip()?),
        b"tool_calls" => once(&mut tool_calls, cursor.skip()?),
        _ => cursor.skip().map(drop),
    })?;
    let role = role.ok_or(Malformed)?;
    let content = content.flatten();
    let opaque =
        |value: Option<&'a [u8]>, kind| value.filter(|value| has_items(Some(value))).map(|raw| Part::Opaque(kind, raw));
    let mut parts: Vec<_> = content.iter().map(|(said, _)| Part::Text(*said)).collect();
    parts.extend(opaque(images, PartKind::Image));
    parts.extend(opaque(tool_calls, PartKind::ToolCall).filter(|_| role == Role::Assistant));
    Ok((Turn { role, parts }, content.map(|(_, quote)| quote)))
}

/// The server turns roles into lower case.
fn speaker(role: &[u8]) -> Result<Role, Malformed> {
    Ok(match &*role.to_ascii_lowercase() {
        b"system" | b"developer" => Role::System,
        b"user" => Role::User,
        b"assistant" => Role::Assistant,
        b"tool" => Role::Tool,
        _ => return Err(Malformed),
    })
}

#[cfg(test)]
mod tests;
