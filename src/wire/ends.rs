//! The beginning and the end of a text that arrives in pieces, in bounded memory.

/// How many bytes of each end are kept.
const KEPT: usize = 640;

/// The first and the last 640 bytes of a text; they never overlap.
///
/// A text of up to 1280 bytes is kept whole: its end is what follows the beginning. Cuts fall between characters. They
/// are those of [`Text::ends`](crate::dialogue::Text::ends), so that a reply is judged alike as it passes and when it
/// comes back in a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    head: String,
    head_is_full: bool,
    /// At most four times what is kept; cut back only when that is full, so that many small pieces cost little.
    tail: String,
    cut: bool,
    bytes: usize,
}

impl Ends {
    /// Takes the next piece of the text.
    pub(crate) fn push(&mut self, mut piece: &str) {
        self.bytes = self.bytes.saturating_add(piece.len());
        if !self.head_is_full {
            let room = KEPT - self.head.len();
            let fits = piece.floor_char_boundary(room);
            self.head.push_str(&piece[..fits]);
            if piece.len() < room {
                return;
            }
            self.head_is_full = true;
            piece = &piece[fits..];
        }
        if piece.len() > self.rest() {
            self.cut = true;
            self.tail.clear();
            piece = &piece[piece.ceil_char_boundary(piece.len() - KEPT)..];
        }
        self.tail.push_str(piece);
        if self.tail.len() > 4 * KEPT {
            self.trim();
        }
    }

    /// The text is complete: only what is kept stays.
    pub(crate) fn finish(&mut self) {
        if self.cut || self.tail.len() > self.rest() {
            self.trim();
        }
    }

    /// How long the rest of a text may be that is kept whole; the beginning falls short of its share where a character
    /// reaches over its end.
    fn rest(&self) -> usize {
        2 * KEPT - self.head.len()
    }

    fn trim(&mut self) {
        self.cut = true;
        self.tail.drain(..self.tail.ceil_char_boundary(self.tail.len().saturating_sub(KEPT)));
    }

    /// Whether there was no text at all.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// How long the whole text is, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The text, or where something was left out its beginning, and its end.
    pub fn into_excerpt(self) -> (String, Option<String>) {
        if self.cut { (self.head, Some(self.tail)) } else { (self.head + &self.tail, None) }
    }

    /// The first 640 bytes.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The last 640 bytes of what follows [`head`](Self::head); empty for a shorter text.
    pub fn tail(&self) -> &str {
        &self.tail
    }

    /// Whether something between head and tail was left out.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;
    use crate::dialogue::Text;

    #[test]
    fn a_text_that_just_fits_is_kept_whole_whatever_stands_in_its_middle() {
        for (middle, more) in [("a", 0), ("é", 0), ("😀", 0), ("😀", 1)] {
            let half = "a".repeat(KEPT - middle.len() / 2);
            let text = [&half, middle, &half, &"a".repeat(more)].concat();
            for size in [7, text.len()] {
                let mut ends = Ends::default();
                let mut rest = &*text;
                while !rest.is_empty() {
                    let piece;
                    (piece, rest) = rest.split_at(rest.ceil_char_boundary(size.min(rest.len())));
                    ends.push(piece);
                }
                ends.finish();
                assert_eq!(ends.is_cut(), text.len() > 2 * KEPT, "{middle} {more} {size}");
                let (head, tail) = Text::Plain(&text).ends(KEPT, KEPT).unwrap();
                assert_eq!(ends.into_excerpt(), (head.into_owned(), tail.map(Cow::into_owned)));
            }
        }
    }

    proptest! {
        #[test]
        fn ends_are_prefix_and_suffix_however_the_text_is_cut(
            pieces in prop::collection::vec("[aé😀]{0,90}|a{500,3000}|[aé😀]{300,340}", 0..12),
        ) {
            let mut ends = Ends::default();
            pieces.iter().for_each(|piece| {
                ends.push(piece);
                assert!(ends.tail.len() <= 5 * KEPT);
            });
            ends.finish();
            let text = pieces.concat();
            prop_assert!(text.starts_with(ends.head()) && text.ends_with(ends.tail()));
            let whole = [ends.head(), ends.tail()].concat();
            prop_assert!(ends.head().len() <= KEPT && whole.len() <= 2 * KEPT);
            prop_assert_eq!(ends.is_cut(), whole != text);
            prop_assert_eq!(ends.is_empty(), text.is_empty());
            prop_assert_eq!(ends.bytes(), text.len());
            let (head, tail) = Text::Plain(&text).ends(KEPT, KEPT).unwrap();
            prop_assert_eq!(ends.clone().into_excerpt(), (head.into_owned(), tail.map(Cow::into_owned)));
        }
    }
}
