//! The content of a message: a string, `null`, or a list of parts, each told by its `type`.

use super::call::Tail;
use super::document::Splice;
use super::escape::{Quoted, escaped};
use super::span::{Cursor, Kind, Malformed, given, once, text, word};
use crate::dialogue::{Part, PartKind, Text};

/// What a part is, by the word in its `type`.
pub(crate) enum Said {
    /// Its `text` is said.
    Text,
    /// Its `refusal` is said, in place of an answer.
    Refusal,
    /// It is kept as it is.
    Opaque(PartKind),
}

/// What a message says, and where something could be added to it.
#[derive(Debug, Default)]
pub(crate) struct Content<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) tail: Option<Tail>,
    /// Whether a part has a cache breakpoint.
    pub(crate) marked: bool,
}

impl<'a> Content<'a> {
    /// Reads the content at the cursor; `said` knows the types of this dialect's parts.
    pub(crate) fn read(cursor: &mut Cursor<'a>, said: fn(&[u8]) -> Said) -> Result<Self, Malformed> {
        match cursor.kind()? {
            Kind::String => {
                let parts = vec![Part::Text(Text::Json(cursor.string()?))];
                Ok(Self { parts, tail: Some(Tail::Quote(cursor.offset() - 1)), marked: false })
            }
            Kind::Array => {
                let (mut parts, mut marked) = (Vec::new(), false);
                // An opening bracket has one byte.
                let mut tail = Tail::NoParts(cursor.offset() + 1);
                cursor.array(|cursor| {
                    parts.push(part(cursor, said, &mut marked)?);
                    tail = Tail::AfterPart(cursor.offset());
                    Ok(())
                })?;
                Ok(Self { parts, tail: Some(tail), marked })
            }
            Kind::Scalar if cursor.skip()? == b"null" => Ok(Self::default()),
            Kind::Scalar | Kind::Object => Err(Malformed),
        }
    }
}

/// Reads one part of a list. What has no known type is kept as it is.
fn part<'a>(cursor: &mut Cursor<'a>, said: fn(&[u8]) -> Said, marked: &mut bool) -> Result<Part<'a>, Malformed> {
    if cursor.kind()? != Kind::Object {
        return Ok(Part::Opaque(PartKind::Other, cursor.skip()?));
    }
    let start = cursor.offset();
    let (mut kind, mut spoken, mut refused) = (None, None, None);
    cursor.object(|key, cursor| {
        let value = cursor.skip()?;
        match key {
            b"type" => once(&mut kind, value),
            b"text" => once(&mut spoken, value),
            b"refusal" => once(&mut refused, value),
            b"cache_control" => {
                *marked |= given(Some(value)).is_some();
                Ok(())
            }
            _ => Ok(()),
        }
    })?;
    let says = |value| given(value).and_then(text).map(Part::Text).ok_or(Malformed);
    match kind.map(word).map_or(Said::Opaque(PartKind::Other), |kind| said(&kind)) {
        Said::Text => says(spoken),
        Said::Refusal => says(refused),
        Said::Opaque(kind) => Ok(Part::Opaque(kind, &cursor.passed()[start..])),
    }
}

/// Puts `instruction` at this place: into a string as it is, into a list as one more part of this `kind`.
pub(crate) fn steer(tail: Tail, instruction: &str, kind: &str) -> Splice {
    let part = |comma| format!(r#"{comma}{{"type":"{kind}","text":{}}}"#, Quoted(instruction));
    let (at, with) = match tail {
        Tail::Quote(at) => (at, escaped(instruction)),
        Tail::AfterPart(at) => (at, part(",")),
        Tail::NoParts(at) => (at, part("")),
    };
    Splice { at: at..at, with: with.into_bytes() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn said(kind: &[u8]) -> Said {
        match kind {
            b"text" => Said::Text,
            b"refusal" => Said::Refusal,
            b"image_url" => Said::Opaque(PartKind::Image),
            _ => Said::Opaque(PartKind::Other),
        }
    }

    fn read(content: &str) -> Result<(String, Option<Tail>), Malformed> {
        let content = Content::read(&mut Cursor::new(content.as_bytes()), said)?;
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
