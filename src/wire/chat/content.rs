//! The content of a message: a string, `null`, or a list of parts.

use crate::dialogue::{Part, PartKind, Text};
use crate::wire::call::Tail;
use crate::wire::span::{Cursor, Kind, Malformed, given, once, text, word};

/// What a message says, and where something could be added to it.
#[derive(Debug, Default)]
pub(super) struct Content<'a> {
    pub(super) parts: Vec<Part<'a>>,
    pub(super) tail: Option<Tail>,
}

impl<'a> Content<'a> {
    /// Reads the content at the cursor.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Malformed> {
        match cursor.kind()? {
            Kind::String => {
                let parts = vec![Part::Text(Text::Json(cursor.string()?))];
                Ok(Self { parts, tail: Some(Tail::Quote(cursor.offset() - 1)) })
            }
            Kind::Array => {
                let mut parts = Vec::new();
                // An opening bracket has one byte.
                let mut tail = Tail::NoParts(cursor.offset() + 1);
                cursor.array(|cursor| {
                    parts.push(part(cursor)?);
                    tail = Tail::AfterPart(cursor.offset());
                    Ok(())
                })?;
                Ok(Self { parts, tail: Some(tail) })
            }
            Kind::Scalar if cursor.skip()? == b"null" => Ok(Self::default()),
            Kind::Scalar | Kind::Object => Err(Malformed),
        }
    }
}

/// Reads one part of a list. What has no known type is kept as it is.
fn part<'a>(cursor: &mut Cursor<'a>) -> Result<Part<'a>, Malformed> {
    if cursor.kind()? != Kind::Object {
        return Ok(Part::Opaque(PartKind::Other, cursor.skip()?));
    }
    let start = cursor.offset();
    let (mut kind, mut said, mut refused) = (None, None, None);
    cursor.object(|key, cursor| {
        let value = cursor.skip()?;
        match key {
            b"type" => once(&mut kind, value),
            b"text" => once(&mut said, value),
            b"refusal" => once(&mut refused, value),
            _ => Ok(()),
        }
    })?;
    let raw = &cursor.passed()[start..];
    let opaque = |kind| Ok(Part::Opaque(kind, raw));
    let spoken = |value| given(value).and_then(text).map(Part::Text).ok_or(Malformed);
    match kind.map(word).as_deref() {
        Some(b"text") => spoken(said),
        // What the assistant said instead of an answer.
        Some(b"refusal") => spoken(refused),
        Some(b"image_url") => opaque(PartKind::Image),
        Some(b"input_audio") => opaque(PartKind::Audio),
        Some(b"file") => opaque(PartKind::File),
        _ => opaque(PartKind::Other),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<(String, Option<Tail>), Malformed> {
        let content = Content::read(&mut Cursor::new(content.as_bytes()))?;
        let parts = content.parts.iter().map(|part| match part {
            Part::Text(text) => format!("'{}'", text.decode().unwrap()),
            Part::Opaque(kind, raw) => format!("{kind:?} {}", std::str::from_utf8(raw).unwrap()),
        });
        Ok((parts.collect::<Vec<_>>().join(" "), content.tail))
    }

    #[test]
    fn content_has_three_forms() {
        for (content, parts, tail) in [
            (r#" "a\"b""#, "'a\"b'", Some(Tail::Quote(6))),
            (r#""""#, "''", Some(Tail::Quote(1))),
            ("null", "", None),
            (" [ ]", "", Some(Tail::NoParts(2))),
            (r#"[ {"type":"text","text":"hi"} ]"#, "'hi'", Some(Tail::AfterPart(29))),
            (r#"[{"text":"hi","x":[],"t\u0079pe":"te\u0078t"}]"#, "'hi'", Some(Tail::AfterPart(45))),
        ] {
            assert_eq!(read(content), Ok((parts.to_owned(), tail)), "{content}");
        }
        for content in ["1", "true", "{}", "", "[1", r#"[{"type":"text"}]"#, r#"[{"type":"text","text":null}]"#] {
            assert_eq!(read(content), Err(Malformed), "{content}");
        }
    }

    #[test]
    fn parts_are_told_by_their_type() {
        for (part, kind) in [
            (r#"{"type":"image_url","image_url":{"url":"data:,"}}"#, "Image"),
            (r#"{"type":"input_audio","input_audio":{}}"#, "Audio"),
            (r#"{"type":"file","file":{"file_id":"x"}}"#, "File"),
            (r#"{"type":"video"}"#, "Other"),
            (r#"{"text":"without a type"}"#, "Other"),
            (r#"{"type":["text"]}"#, "Other"),
            (r#""bare""#, "Other"),
            ("[[[]]]", "Other"),
            ("7", "Other"),
        ] {
            assert_eq!(read(&format!("[{part}]")).unwrap().0, format!("{kind} {part}"));
        }
        assert_eq!(read(r#"[{"type":"refusal","refusal":"No."}]"#).unwrap().0, "'No.'");
    }

    #[test]
    fn a_part_with_two_texts_is_refused() {
        for twice in [r#""text":"a","text":"b""#, r#""type":"text","text":"b""#, r#""refusal":null,"refusal":"b""#] {
            assert_eq!(read(&format!(r#"[{{"type":"text",{twice}}}]"#)), Err(Malformed), "{twice}");
        }
    }
}
