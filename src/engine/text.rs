//! Finding tags and lines in a text as it stands in a request, escaped or not; nothing is copied.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

use crate::dialogue::Text;

/// An element of a text: `<name …>inside</name>`, at the beginning of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    /// What stands before it.
    pub(super) before: Text<'a>,
    /// What stands in it.
    pub(super) inside: Text<'a>,
    /// What stands behind it.
    pub(super) behind: Text<'a>,
}

/// A part of the text, where no escape is cut.
pub(super) fn slice(text: Text<'_>, at: Range<usize>) -> Text<'_> {
    match text {
        Text::Plain(plain) => Text::Plain(plain.get(at).unwrap_or_default()),
        Text::Json(raw) => Text::Json(raw.get(at).unwrap_or_default()),
    }
}

/// The first element of this name.
pub(super) fn element<'a>(text: Text<'a>, name: &str) -> Option<Element<'a>> {
    first_element(text, &[name])
}

/// Names of tags, to be looked for in texts that mostly have none of them, though many others.
pub(super) struct Tags<'n> {
    /// By their first byte.
    names: [Vec<&'n str>; 128],
}

impl<'n> Tags<'n> {
    /// These names.
    pub(super) fn of(all: impl IntoIterator<Item = &'n str>) -> Self {
        let mut names = [const { Vec::new() }; 128];
        for name in all {
            if let Some(named) = name.bytes().next().and_then(|first| names.get_mut(usize::from(first))) {
                named.push(name);
            }
        }
        Self { names }
    }

    /// Whether one of them begins a tag anywhere in `text`. One pass, which for most texts is a search for a byte that is
    /// not there.
    pub(super) fn are_in(&self, text: Text<'_>) -> bool {
        let raw = text.raw();
        let mut plain = memchr::memchr_iter(b'<', raw).peekable();
        if plain.peek().is_some() {
            return plain.any(|at| self.begin(&raw[at + 1..]));
        }
        let mut from = 0;
        while let Some((_, behind)) = bracket(raw, from) {
            if self.begin(&raw[behind..]) {
                return true;
            }
            from = behind;
        }
        false
    }

    fn begin(&self, rest: &[u8]) -> bool {
        let Some(named) = rest.first().and_then(|first| self.names.get(usize::from(*first))) else { return false };
        named.iter().any(|name| rest.starts_with(name.as_bytes()))
    }
}

/// The name that begins here; empty if none does.
fn name_at(raw: &[u8], at: usize) -> &str {
    let rest = &raw[at..];
    let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    std::str::from_utf8(&rest[..length]).unwrap_or_default()
}

/// The first element of any of these names.
pub(super) fn first_element<'a>(text: Text<'a>, names: &[&str]) -> Option<Element<'a>> {
    let raw = text.raw();
    let mut from = 0;
    while let Some((start, behind_bracket)) = bracket(raw, from) {
        from = behind_bracket;
        let name = name_at(raw, behind_bracket);
        if !names.contains(&name) || !begins_line(raw, start) {
            continue;
        }
        // Its attributes end where the tag does.
        let Some(inside) = closing(raw, behind_bracket + name.len()) else { continue };
        let Some((end, behind)) = end_tag(raw, inside, name) else { continue };
        return Some(Element {
            before: slice(text, 0..start),
            inside: slice(text, inside..end),
            behind: slice(text, behind..raw.len()),
        });
    }
    None
}

/// How `<` begins where an encoder escapes it, for HTML's sake.
const OPEN: &[u8] = br"\u003";
/// Ways to write `>`.
const CLOSE: [&[u8]; 3] = [b">", br"\u003e", br"\u003E"];

/// The next opening bracket: where it begins and where it ends. A text has it as it is, or escaped: encoders do not mix.
fn bracket(raw: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = raw.get(from..)?;
    if let Some(at) = memchr::memchr(b'<', rest) {
        return Some((from + at, from + at + 1));
    }
    static ESCAPED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(OPEN));
    ESCAPED
        .find_iter(rest)
        .map(|at| from + at)
        .find(|&at| !is_escaped(raw, at) && matches!(raw.get(at + OPEN.len()), Some(b'c' | b'C')))
        .map(|at| (at, at + OPEN.len() + 1))
}

/// Whether the byte at `at` is escaped by a backslash before it.
fn is_escaped(raw: &[u8], at: usize) -> bool {
    raw[..at].iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

/// Where the tag ends whose name ends at `at`; a tag is shorter than this, and has no other tag in it.
fn closing(raw: &[u8], at: usize) -> Option<usize> {
    const LONGEST: usize = 512;
    let tag = &raw[at..raw.len().min(at + LONGEST)];
    let (end, width) = CLOSE
        .iter()
        .filter_map(|close| Some((memchr::memmem::find(tag, close)?, close.len())))
        .min_by_key(|(end, _)| *end)?;
    let plain = end == 0 || tag[0] == b' ' || tag[0] == b'\\';
    (plain && !tag[..end].contains(&b'<')).then_some(at + end + width)
}

/// Where `</name>` begins and ends, from `from` on.
fn end_tag(raw: &[u8], from: usize, name: &str) -> Option<(usize, usize)> {
    let mut at = from;
    while let Some((start, behind)) = bracket(raw, at) {
        let rest = raw[behind..].strip_prefix(b"/").and_then(|rest| rest.strip_prefix(name.as_bytes()));
        let close = rest.and_then(|rest| CLOSE.iter().find(|close| rest.starts_with(close)));
        if let Some(close) = close {
            return Some((start, behind + 1 + name.len() + close.len()));
        }
        at = behind;
    }
    None
}

/// Whether nothing but spaces stands before `at` on its line, or behind the element before it.
fn begins_line(raw: &[u8], at: usize) -> bool {
    let before = raw[..at].trim_ascii_end();
    before.is_empty()
        || raw[before.len()..at].contains(&b'\n')
        || [&br"\n"[..], br"\r", br"\t"]
            .iter()
            .any(|escape| before.ends_with(escape) && !is_escaped(before, before.len() - 2))
        || CLOSE.iter().any(|close| before.ends_with(close))
}

/// Where a line begins with `start`.
pub(super) fn line(text: Text<'_>, start: &str) -> Option<usize> {
    let raw = text.raw();
    memchr::memmem::find_iter(raw, start.as_bytes()).find(|&at| begins_line(raw, at))
}

/// The text without the spaces and line ends around it, escaped or not.
pub(super) fn trim(text: Text<'_>) -> Text<'_> {
    let raw = text.raw();
    let is_json = matches!(text, Text::Json(_));
    let (mut start, mut end) = (0, raw.len());
    let blank = |pair: &[u8]| is_json && matches!(pair, br"\n" | br"\r" | br"\t");
    loop {
        let rest = &raw[start..end];
        match rest {
            [b' ' | b'\n' | b'\r' | b'\t', ..] => start += 1,
            [first, second, ..] if blank(&[*first, *second]) => start += 2,
            [.., b' ' | b'\n' | b'\r' | b'\t'] => end -= 1,
            [.., last, final_byte] if blank(&[*last, *final_byte]) && !is_escaped(rest, rest.len() - 2) => end -= 2,
            _ => return slice(text, start..end),
        }
    }
}

/// Phrases that are looked for all at once, in one pass and in any case.
pub(super) struct Marks(Option<AhoCorasick>);

impl Marks {
    /// These phrases; of too many to search for, none is ever found.
    pub(super) fn of<'p>(phrases: impl IntoIterator<Item = &'p str>) -> Self {
        Self(AhoCorasick::builder().ascii_case_insensitive(true).build(phrases).ok())
    }

    /// Whether one of them is in `bytes`.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.first_in(bytes).is_some()
    }

    /// The number of the phrase that is found first in `bytes`.
    pub(super) fn first_in(&self, bytes: &[u8]) -> Option<usize> {
        Some(self.0.as_ref()?.find(bytes)?.pattern().as_usize())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: Text<'_>) -> String {
        text.decode().unwrap().into_owned()
    }

    #[test]
    fn spaces_and_line_ends_are_trimmed_and_backslashes_are_not() {
        for (raw, trimmed) in
            [(r" \n\t a \r\n ", "a"), (r"a\\n", r"a\n"), (r"a\\\n", r"a\"), (r"\n", ""), (r"\\n a", r"\n a"), ("", "")]
        {
            assert_eq!(shown(trim(Text::Json(raw.as_bytes()))), trimmed, "{raw}");
        }
        assert_eq!(shown(trim(Text::Plain(" \n a\\n "))), "a\\n");
    }

    #[test]
    fn elements_begin_a_line_and_end() {
        let found = |raw: &str| {
            element(Text::Json(raw.as_bytes()), "x").map(|e| [e.before, e.inside, e.behind].map(shown).join("|"))
        };
        assert_eq!(found("<x>a</x>b").as_deref(), Some("|a|b"));
        assert_eq!(found(r"c\n <x y='1'>a<y></x>b").as_deref(), Some("c\n |a<y>|b"));
        assert_eq!(found(r"\u003cx\u003ea\u003C/x\u003Eb").as_deref(), Some("|a|b"));
        assert_eq!(found(r#"<x y=\"1\">a</x>"#).as_deref(), Some("|a|"));
        for raw in ["c <x>a</x>", "<x>a", "<xx>a</xx>", "<x a</x", r"\\u003cx>a</x>", "<x <b>a</x>", "<", r"\", ""] {
            assert_eq!(found(raw), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_cut_is_still_text(pieces in prop::collection::vec(prop::sample::select(vec![
            "<", "x", ">", "</x>", "<x>", r"\n", r"\\", r"\u003c", r"\u003e", "é", " ", r#"\""#, "a",
        ]), 0..20)) {
            let raw = pieces.concat();
            let whole = serde_json::from_str::<String>(&format!("\"{raw}\"")).unwrap();
            let text = Text::Json(raw.as_bytes());
            prop_assert_eq!(shown(trim(text)), whole.trim_matches([' ', '\n', '\t', '\r']));
            if let Some(element) = element(text, "x") {
                for part in [element.before, element.inside, element.behind] {
                    let part: String = serde_json::from_str(&format!("\"{}\"", std::str::from_utf8(part.raw()).unwrap())).unwrap();
                    prop_assert!(whole.contains(&part));
                }
            }
        }
    }
}
