//! Reading a call: one pass over the body that looks into `input` and only keeps the place of everything else.

use super::item::{self, Item};
use super::machine;
use crate::dialogue::{Conversation, Part, Role, Text, Turn};
use crate::wire::call::{AnswerForm, Call, Tail};
use crate::wire::content::Content;
use crate::wire::listed::tail_after;
use crate::wire::span::{Cursor, Kind, Malformed, field, once, text};
use crate::wire::value::{Members, boolean, conversation_id, has_items};

/// The keys of a call that say something about it, those first that an answer repeats, each with what an answer says where
/// the call says nothing.
const ECHOED: [(&str, &str); 19] = [
    ("background", "false"),
    ("conversation", "null"),
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("store", "true"),
    ("temperature", "1.0"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_p", "1.0"),
    ("truncation", r#""disabled""#),
    ("user", "null"),
];

/// All keys that are read; `input` is looked into.
pub(super) const KEYS: [&str; 34] = [
    "background",
    "conversation",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "truncation",
    "user",
    "include",
    "model",
    "prompt",
    "prompt_cache_options",
    "stream",
    "top_logprobs",
    "response_format",
    "grammar",
    "json_schema",
    "guided_json",
    "guided_regex",
    "guided_choice",
    "guided_grammar",
    "structured_outputs",
    "response_schema",
];

/// Most bytes that an answer repeats of its request.
const MOST_ECHOED: usize = 64 << 10;

pub(super) fn read(body: &[u8]) -> Result<Call<'_>, Malformed> {
    let mut keys = Members::of(&KEYS);
    let mut input = None;
    let mut cursor = Cursor::new(body);
    cursor.object(|key, cursor| match (key, keys.slot(key)) {
        (b"input", _) => once(&mut input, Input::read(cursor)?),
        (_, Some(slot)) => once(slot, cursor.skip()?),
        (_, None) => cursor.skip().map(drop),
    })?;
    cursor.end()?;
    let mut input = input.unwrap_or_default();
    // A template that the upstream keeps may bring the input; without one, a body without is of another API.
    let says = !input.turns.is_empty() || input.elsewhere || keys.get("prompt").is_some();
    let kept = ["previous_response_id", "conversation"].iter().any(|key| keys.get(key).is_some());
    if !says && !kept {
        return Err(Malformed);
    }
    let machine = machine::reason(&keys, &input)?;
    if let Some(instructions) = keys.get("instructions") {
        let turn = |parts| Turn { role: Role::System, parts };
        match Cursor::new(instructions).kind()? {
            Kind::String => input.turns.insert(0, turn(text(instructions).map(Part::Text).into_iter().collect())),
            // An answer of the API gives them as items; sent back, they are what a product says, in another form.
            Kind::Array => input.turns.insert(0, turn(Vec::new())),
            _ => return Err(Malformed),
        }
    }
    let stateless = keys.get("store").map(|store| boolean(Some(store))).transpose()? == Some(false);
    let elsewhere = kept || input.elsewhere;
    let echoes = if stateless && !elsewhere { echoes(&keys) } else { Vec::new() };
    Ok(Call {
        machine,
        cached_tail: false,
        elsewhere,
        answerable: !echoes.is_empty(),
        echoes,
        conversation: Conversation { turns: input.turns, tools: has_items(keys.get("tools")) || input.tools },
        model: keys.get("model").map(|model| text(model).ok_or(Malformed)).transpose()?,
        sources: keys.get("prompt").is_some(),
        form: AnswerForm::Usual,
        stream: keys.is_true("stream")?,
        include_usage: true,
        conversation_id: match keys.get("conversation") {
            Some(conversation) => named(conversation)?,
            None => keys.get("metadata").map(conversation_id).transpose()?.flatten(),
        },
        tail: input.tail,
    })
}

/// A conversation is named by its identifier, or by an object that holds it.
fn named(conversation: &[u8]) -> Result<Option<Text<'_>>, Malformed> {
    match Cursor::new(conversation).kind()? {
        Kind::Object => Ok(field(conversation, b"id")?.and_then(text)),
        _ => Ok(text(conversation)),
    }
}

/// What an answer repeats; nothing where that is more than is worth repeating.
fn echoes<'a>(keys: &Members<'a, { KEYS.len() }>) -> Vec<(&'static str, &'a [u8])> {
    let all = ECHOED.iter().map(|&(key, without)| (key, keys.get(key).unwrap_or(without.as_bytes())));
    let all: Vec<_> = all.collect();
    let bytes: usize = all.iter().map(|(_, value)| value.len()).sum();
    if bytes <= MOST_ECHOED { all } else { Vec::new() }
}

/// What an answer says of a call that asks for nothing in particular: members of an object, a comma before each.
pub(super) fn unasked() -> String {
    ECHOED.iter().fold(String::new(), |all, (key, without)| all + ",\"" + key + "\":" + without)
}

/// What the input says.
#[derive(Default)]
pub(super) struct Input<'a> {
    pub(super) turns: Vec<Turn<'a>>,
    pub(super) tail: Option<Tail>,
    /// Something of it is kept by the upstream.
    pub(super) elsewhere: bool,
    pub(super) tools: bool,
    pub(super) structured: bool,
    pub(super) compaction: bool,
}

impl<'a> Input<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, Malformed> {
        let mut all = Self::default();
        match cursor.kind()? {
            Kind::String => all.say(Role::User, item::whole(cursor)?),
            Kind::Array => cursor.array(|cursor| {
                all.take(item::read(cursor)?);
                Ok(())
            })?,
            Kind::Scalar if cursor.skip()? == b"null" => {}
            Kind::Scalar | Kind::Object => return Err(Malformed),
        }
        Ok(all)
    }

    fn take(&mut self, item: Item<'a>) {
        match item {
            Item::Message(role, content) => self.say(role, content),
            Item::Act(part) => self.act(part),
            Item::Elsewhere => {
                self.elsewhere = true;
                self.tail = None;
            }
            Item::Tools => self.tools = true,
            Item::Structured => self.structured = true,
            Item::Compaction => self.compaction = true,
            Item::Nothing => {}
        }
    }

    fn say(&mut self, role: Role, Content { parts, tail, .. }: Content<'a>) {
        self.tail = tail_after(self.tail, role, tail);
        match self.turns.last_mut() {
            // Thoughts and the message they led to are one turn.
            Some(last) if role == Role::Assistant && last.role == role && last.texts().next().is_none() => {
                last.parts.extend(parts);
            }
            _ => self.turns.push(Turn { role, parts }),
        }
    }

    /// The model does something: in the same turn as what it said right before, as in the other dialects.
    fn act(&mut self, part: Part<'a>) {
        self.tail = None;
        match self.turns.last_mut() {
            Some(last) if last.role == Role::Assistant => last.parts.push(part),
            _ => self.turns.push(Turn { role: Role::Assistant, parts: vec![part] }),
        }
    }
}

#[cfg(test)]
mod tests;
