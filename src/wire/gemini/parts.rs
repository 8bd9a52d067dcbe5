//! The parts of a content: texts, and whatever else.

use crate::dialogue::{Part, PartKind};
use crate::wire::call::Tail;
use crate::wire::span::{Cursor, Kind, Malformed, field, given, once, text, word};

/// What a content says, and where something could be added to it.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) parts: Vec<Part<'a>>,
    pub(super) tail: Option<Tail>,
}

impl<'a> Parts<'a> {
    /// Reads the value of `parts` at the cursor: a list, one part, or `null`.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Malformed> {
        match cursor.kind()? {
            Kind::Array => {
                let mut parts = Vec::new();
                // An opening bracket has one byte.
                let mut tail = Tail::NoParts(cursor.offset() + 1);
                cursor.array(|cursor| {
                    parts.push(part(cursor)?.0);
                    tail = Tail::AfterPart(cursor.offset());
                    Ok(())
                })?;
                Ok(Self { parts, tail: Some(tail) })
            }
            // What is no list cannot be added to, but its text can go on.
            Kind::Object => {
                let (part, quote) = part(cursor)?;
                Ok(Self { parts: vec![part], tail: quote.map(Tail::Quote) })
            }
            Kind::Scalar if cursor.skip()? == b"null" => Ok(Self::default()),
            Kind::Scalar | Kind::String => Err(Malformed),
        }
    }
}

/// Reads one part; with it comes, of one that is a text, where its closing quote stands.
fn part<'a>(cursor: &mut Cursor<'a>) -> Result<(Part<'a>, Option<usize>), Malformed> {
    if cursor.kind()? != Kind::Object {
        return Err(Malformed);
    }
    let start = cursor.offset();
    let (mut said, mut quote, mut thought, mut other) = (None, None, None, None);
    cursor.object(|key, cursor| {
        let is_text = key == b"text" && cursor.kind()? == Kind::String;
        let value = cursor.skip()?;
        let kind = match key {
            b"text" => {
                quote = is_text.then(|| cursor.offset() - 1);
                return once(&mut said, value);
            }
            b"thought" => return once(&mut thought, value),
            b"inlineData" | b"inline_data" | b"fileData" | b"file_data" => media(value)?,
            b"functionCall" | b"function_call" | b"toolCall" | b"tool_call" | b"executableCode"
            | b"executable_code" => PartKind::ToolCall,
            b"functionResponse"
            | b"function_response"
            | b"toolResponse"
            | b"tool_response"
            | b"codeExecutionResult"
            | b"code_execution_result" => PartKind::ToolResult,
            // What is beside the data: signatures, the cut of a video, resolutions.
            _ => return Ok(()),
        };
        // The servers accept one kind of data in a part.
        if given(Some(value)).is_some() { once(&mut other, kind) } else { Ok(()) }
    })?;
    let raw = &cursor.passed()[start..];
    let opaque = |kind| Ok((Part::Opaque(kind, raw), None));
    match (given(said), other) {
        (Some(_), Some(_)) => Err(Malformed),
        (None, other) => opaque(other.unwrap_or(PartKind::Other)),
        // What the model thinks it does not say.
        (Some(_), None) if thought == Some(b"true") => opaque(PartKind::Other),
        (Some(said), None) => Ok((Part::Text(text(said).ok_or(Malformed)?), quote)),
    }
}

/// What a blob, or a file, is by its media type.
fn media(value: &[u8]) -> Result<PartKind, Malformed> {
    if given(Some(value)).is_none() {
        return Ok(PartKind::File);
    }
    let named = field(value, b"mimeType")?.or(field(value, b"mime_type")?);
    let media_type = named.map(word).unwrap_or_default();
    Ok(match media_type.split(|&byte| byte == b'/').next() {
        Some(kind) if kind.eq_ignore_ascii_case(b"image") => PartKind::Image,
        Some(kind) if kind.eq_ignore_ascii_case(b"audio") => PartKind::Audio,
        _ => PartKind::File,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn read(parts: &str) -> Result<(String, Option<Tail>), Malformed> {
        let read = Parts::read(&mut Cursor::new(parts.as_bytes()))?;
        let parts = read.parts.iter().map(|part| match part {
            Part::Text(text) => format!("'{}'", text.decode().unwrap()),
            Part::Opaque(kind, _) => format!("{kind:?}"),
        });
        Ok((parts.collect::<Vec<_>>().join(" "), read.tail))
    }

    #[test]
    fn parts_are_a_list_or_one() {
        for (parts, read_as, tail) in [
            (r#"[{"text":"a\"b"},{"text":""} ]"#, r#"'a"b' ''"#, Some(Tail::AfterPart(28))),
            (" [ ]", "", Some(Tail::NoParts(2))),
            (r#"{"text":"hi"}"#, "'hi'", Some(Tail::Quote(11))),
            (r#"{ "thought":false,"text" : "hi\\" ,"x":1}"#, r"'hi\'", Some(Tail::Quote(32))),
            (r#"{"functionCall":{}}"#, "ToolCall", None),
            ("null", "", None),
        ] {
            assert_eq!(read(parts), Ok((read_as.to_owned(), tail)), "{parts}");
        }
        for parts in ["", "1", "\"hi\"", "[\"hi\"]", "[null]", "[{]", r#"[{"text":1}]"#, r#"{"text":{}}"#] {
            assert_eq!(read(parts), Err(Malformed), "{parts}");
        }
    }

    #[test]
    fn parts_are_told_by_their_data() {
        for (part, kind) in [
            (r#"{"inlineData":{"mimeType":"image/png","data":""}}"#, "Image"),
            (r#"{"inline_data":{"mime_type":"audio/wav","data":""}}"#, "Audio"),
            (r#"{"fileData":{"mimeType":"application/pdf","fileUri":"x"}}"#, "File"),
            (r#"{"file_data":{"file_uri":"x"},"videoMetadata":{}}"#, "File"),
            (r#"{"function_call":{"name":"f"},"thoughtSignature":"x"}"#, "ToolCall"),
            (r#"{"functionResponse":{"name":"f"}}"#, "ToolResult"),
            (r#"{"executableCode":{}}"#, "ToolCall"),
            (r#"{"codeExecutionResult":{}}"#, "ToolResult"),
            (r#"{"text":"hmm","thought":true}"#, "Other"),
            (r#"{"text":"hi","thoughtSignature":"x"}"#, "'hi'"),
            (r#"{"text":"hi","inlineData":null}"#, "'hi'"),
            (r#"{"text":null,"somethingNew":{}}"#, "Other"),
            ("{}", "Other"),
        ] {
            assert_eq!(read(&format!("[{part}]")).map(|(read, _)| read), Ok(kind.to_owned()), "{part}");
        }
    }

    #[test]
    fn a_part_of_two_kinds_is_refused() {
        for part in [
            r#"{"text":"a","text":"b"}"#,
            r#"{"text":"a","inlineData":{}}"#,
            r#"{"functionCall":{},"functionResponse":{}}"#,
            r#"{"inlineData":{},"inline_data":{}}"#,
            r#"{"inlineData":{"mimeType":"a","mimeType":"b"}}"#,
        ] {
            assert_eq!(read(&format!("[{part}]")), Err(Malformed), "{part}");
        }
    }
}
