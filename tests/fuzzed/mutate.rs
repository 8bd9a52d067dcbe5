//! Changes to requests: to what they say, to how they say it, and to bytes.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::corpus::Seed;

/// Texts with what readers and writers of JSON stumble over.
const TEXTS: [&str; 14] = [
    "",
    " ",
    "\n",
    "Summarize it.",
    "\"quoted\" \\ back",
    "日本語の文章",
    "😀👩‍👩‍👧",
    "\u{0}\u{1f}\u{7f}",
    "\u{2028}\u{feff}",
    "<system-reminder>x</system-reminder>",
    "<grounding-note>\nx\n</grounding-note>",
    "{\"a\":1}",
    "e\u{301}",
    "/* no */",
];

/// Words that mean something in one dialect or another.
const WORDS: [&str; 24] = [
    "user",
    "assistant",
    "system",
    "developer",
    "tool",
    "model",
    "function",
    "message",
    "text",
    "input_text",
    "output_text",
    "tool_result",
    "tool_use",
    "function_call",
    "function_call_output",
    "item_reference",
    "image",
    "image_url",
    "thinking",
    "json_object",
    "json_schema",
    "auto",
    "none",
    "required",
];

/// Keys that mean something in one dialect or another.
const KEYS: [&str; 32] = [
    "role",
    "content",
    "type",
    "text",
    "parts",
    "messages",
    "contents",
    "input",
    "prompt",
    "stream",
    "tools",
    "tool_choice",
    "n",
    "logprobs",
    "model",
    "system",
    "instructions",
    "store",
    "format",
    "response_format",
    "max_tokens",
    "cache_control",
    "metadata",
    "previous_response_id",
    "systemInstruction",
    "generationConfig",
    "images",
    "thinking",
    "tool_calls",
    "name",
    "raw",
    "stop",
];

fn one(rng: &mut Rng, of: &[&'static str]) -> &'static str {
    of[rng.usize(..of.len())]
}

/// A request like the seed, from hardly to not at all.
pub(crate) fn mutated(rng: &mut Rng, seed: &Seed, others: &[Seed]) -> Vec<u8> {
    let mut body = match serde_json::from_slice::<Value>(&seed.body) {
        Ok(mut value) if rng.u8(..) < 208 => {
            // Mostly one change or none: what is changed much is soon read by nobody.
            for _ in 0..[0, 1, 1, 1, 2, 4][rng.usize(..6)] {
                change(rng, &mut value, others);
            }
            written(rng, &value)
        }
        _ => seed.body.clone(),
    };
    if rng.u8(..) < 64 {
        foreign(rng, &mut body);
    }
    if rng.u8(..) < 40 {
        for _ in 0..rng.usize(1..4) {
            damage(rng, &mut body);
        }
    }
    body
}

/// One change to a value somewhere in the document.
fn change(rng: &mut Rng, document: &mut Value, others: &[Seed]) {
    let mut places = Vec::new();
    pointers(document, String::new(), &mut places);
    let place = rng.choice(&places).unwrap().clone();
    let target = document.pointer_mut(&place).unwrap();
    match rng.u8(..9) {
        0 => *target = text(rng),
        1 => *target = any(rng, 3),
        2 if target.is_string() => *target = text(rng),
        3 => lose(rng, target),
        4 => double(rng, target),
        5 => *target = borrowed(rng, others),
        6 => insert(rng, target, others),
        // A string becomes parts, or what a part is becomes its only one.
        7 => *target = json!([{"type": one(rng, &WORDS), "text": target.take()}]),
        _ if target.is_string() => *target = Value::from(one(rng, &WORDS)),
        _ => *target = Value::Array(vec![target.take()]),
    }
}

/// The JSON pointers of all values, the document's own among them.
fn pointers(value: &Value, here: String, found: &mut Vec<String>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| pointers(value, format!("{here}/{}", escaped(key)), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| pointers(value, format!("{here}/{index}"), found));
        }
        _ => {}
    }
    found.push(here);
}

fn text(rng: &mut Rng) -> Value {
    let pieces: Vec<_> = (0..rng.usize(1..4)).map(|_| one(rng, &TEXTS)).collect();
    Value::from(pieces.concat())
}

fn any(rng: &mut Rng, depth: usize) -> Value {
    match rng.u8(..if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => Value::from(rng.bool()),
        2 => Value::from(rng.i64(-2..3)),
        3 => Value::from(rng.f64() * 1e18),
        4 => Value::from(one(rng, &WORDS)),
        5 => text(rng),
        6 => (0..rng.usize(..4)).map(|_| any(rng, depth - 1)).collect(),
        _ => {
            (0..rng.usize(..4)).map(|_| (one(rng, &KEYS).to_owned(), any(rng, depth - 1))).collect::<Map<_, _>>().into()
        }
    }
}

/// A value out of another request, of whatever dialect.
fn borrowed(rng: &mut Rng, others: &[Seed]) -> Value {
    let Ok(mut other) = serde_json::from_slice::<Value>(&rng.choice(others).unwrap().body) else { return Value::Null };
    let mut places = Vec::new();
    pointers(&other, String::new(), &mut places);
    other.pointer_mut(rng.choice(&places).unwrap()).unwrap().take()
}

fn lose(rng: &mut Rng, value: &mut Value) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let key = members.keys().nth(rng.usize(..members.len())).unwrap().clone();
            members.remove(&key);
        }
        Value::Array(items) if !items.is_empty() => drop(items.remove(rng.usize(..items.len()))),
        _ => *value = Value::Null,
    }
}

fn double(rng: &mut Rng, value: &mut Value) {
    if let Value::Array(items) = value
        && !items.is_empty()
    {
        let item = items[rng.usize(..items.len())].clone();
        items.insert(rng.usize(..=items.len()), item);
    }
}

fn insert(rng: &mut Rng, value: &mut Value, others: &[Seed]) {
    match value {
        Value::Object(members) => {
            let new = if rng.bool() { any(rng, 2) } else { borrowed(rng, others) };
            members.insert(one(rng, &KEYS).to_owned(), new);
        }
        Value::Array(items) => items.insert(rng.usize(..=items.len()), borrowed(rng, others)),
        _ => {}
    }
}

/// Compact, spread out, or with every letter beyond ASCII escaped, as Python writes them.
fn written(rng: &mut Rng, value: &Value) -> Vec<u8> {
    match rng.u8(..4) {
        0 => serde_json::to_vec_pretty(value).unwrap(),
        1 => {
            let mut out = String::new();
            for unit in serde_json::to_string(value).unwrap().encode_utf16() {
                match u8::try_from(unit) {
                    Ok(byte) if byte.is_ascii() => out.push(char::from(byte)),
                    _ => out += &format!("\\u{unit:04x}"),
                }
            }
            out.into_bytes()
        }
        _ => serde_json::to_vec(value).unwrap(),
    }
}

/// Puts a member into an object that the reader's own writer would not write: a second one of its key, an odd number, an
/// escaped key, a lone surrogate.
fn foreign(rng: &mut Rng, body: &mut Vec<u8>) {
    let key = one(rng, &KEYS);
    let member = match rng.u8(..6) {
        0 => format!("\"{key}\": null,"),
        1 => "\t\"seed\" : 1e400 ,\r\n".to_owned(),
        2 => format!("\"\\u{:04x}{}\":[],", u32::from(key.as_bytes()[0]), &key[1..]),
        3 => "\"x\":\"\\ud800\",".to_owned(),
        4 => "\"x\":-0.0E-0,\"y\":12345678901234567890123456789,".to_owned(),
        _ => format!("\"x\":{}1{},", "[".repeat(40), "]".repeat(40)),
    };
    let opened: Vec<_> = (0..body.len()).filter(|&at| body[at] == b'{').collect();
    if let Some(&at) = rng.choice(&opened) {
        body.splice(at + 1..at + 1, member.into_bytes());
    }
}

/// Bytes are flipped, lost, put in, or cut off.
fn damage(rng: &mut Rng, body: &mut Vec<u8>) {
    if body.is_empty() {
        return;
    }
    let at = rng.usize(..body.len());
    match rng.u8(..6) {
        0 => body[at] ^= 1 << rng.u8(..8),
        1 => drop(body.remove(at)),
        2 => body.insert(at, *rng.choice(b"{}[],:\"\\ \n\x00\xff").unwrap()),
        3 => body.truncate(at),
        4 => body.extend_from_slice(b" {}"),
        _ => {
            let piece = body[at..(at + rng.usize(..40)).min(body.len())].to_vec();
            let to = rng.usize(..=body.len());
            body.splice(to..to, piece);
        }
    }
}
