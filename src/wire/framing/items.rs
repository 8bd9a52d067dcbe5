//! The objects of one JSON array that arrives in pieces, as Gemini streams where no events are asked for.

use memchr::{memchr2, memchr3};

use super::Broken;
use crate::wire::sse::clear;

/// Where in an array of objects a stream stands, by a look at its structure alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum At {
    /// Before the array.
    #[default]
    Before,
    /// Where the first object may stand, or the array end.
    First,
    /// Behind a comma, where the next object must stand.
    Next,
    /// In an object.
    Inside(Inside),
    /// Behind an object.
    Behind,
    /// Behind the array.
    Closed,
}

/// How deep in an object a stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Inside {
    /// Braces that are open.
    depth: usize,
    in_string: bool,
    /// The last byte was a backslash that takes the next one's meaning.
    escaped: bool,
}

impl At {
    /// Passes what stands between two objects; how many bytes. The next byte, if there is one, begins an object.
    pub(super) fn between(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        for (passed, &byte) in bytes.iter().enumerate() {
            *self = match (*self, byte) {
                (at, b' ' | b'\t' | b'\r' | b'\n') => at,
                (Self::Before, b'[') => Self::First,
                (Self::First | Self::Next, b'{') => {
                    *self = Self::Inside(Inside::default());
                    return Ok(passed);
                }
                (Self::Behind, b',') => Self::Next,
                (Self::First | Self::Behind, b']') => Self::Closed,
                _ => return Err(Broken::Malformed),
            };
        }
        Ok(bytes.len())
    }

    /// Passes what belongs to the object in which the stream stands; how many bytes.
    ///
    /// Brackets need not be counted: in JSON, they are closed when the braces around them are.
    pub(super) fn inside(&mut self, bytes: &[u8]) -> usize {
        let Self::Inside(inside) = self else { return 0 };
        let mut passed = 0;
        while let Some(found) = inside.next_mark(&bytes[passed..]) {
            passed += found + 1;
            match bytes[passed - 1] {
                _ if std::mem::take(&mut inside.escaped) => {}
                b'\\' => inside.escaped = true,
                b'"' => inside.in_string = !inside.in_string,
                b'{' => inside.depth += 1,
                // A `}`: none comes before the first `{`, which is where an object begins.
                _ => {
                    inside.depth = inside.depth.saturating_sub(1);
                    if inside.depth == 0 {
                        *self = Self::Behind;
                        return passed;
                    }
                }
            }
        }
        bytes.len()
    }
}

impl Inside {
    /// The next byte that means something here.
    fn next_mark(&self, bytes: &[u8]) -> Option<usize> {
        match (self.escaped, self.in_string) {
            (true, _) => (!bytes.is_empty()).then_some(0),
            (false, true) => memchr2(b'"', b'\\', bytes),
            (false, false) => memchr3(b'{', b'}', b'"', bytes),
        }
    }
}

/// Reads the objects of an array that is fed to it in pieces.
///
/// Only where each object ends is looked at; whether it is valid is for the caller to find out.
#[derive(Debug)]
pub(in crate::wire) struct ItemReader {
    bound: usize,
    at: At,
    broken: Option<Broken>,
    /// The beginning of an object whose end has not come yet.
    item: Vec<u8>,
}

impl ItemReader {
    /// A reader that holds at most `bound` bytes of an object.
    pub(in crate::wire) fn new(bound: usize) -> Self {
        Self { bound, at: At::default(), broken: None, item: Vec::new() }
    }

    /// Reads the next bytes of the stream; `each` gets every object that ends in them.
    pub(in crate::wire) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8])) {
        while self.broken.is_none() && !bytes.is_empty() {
            if !matches!(self.at, At::Inside(_)) {
                match self.at.between(bytes) {
                    Ok(passed) => bytes = &bytes[passed..],
                    Err(broken) => self.stop(broken),
                }
                continue;
            }
            let (piece, rest) = bytes.split_at(self.at.inside(bytes));
            bytes = rest;
            if piece.len() + self.item.len() > self.bound {
                self.stop(Broken::TooLarge);
            } else if self.at != At::Behind {
                self.item.extend_from_slice(piece);
            } else if self.item.is_empty() {
                each(piece);
            } else {
                self.item.extend_from_slice(piece);
                each(&self.item);
                clear(&mut self.item);
            }
        }
    }

    /// Why nothing more is read, if so.
    pub(in crate::wire) fn broken(&self) -> Option<Broken> {
        self.broken
    }

    /// Whether the array has ended.
    pub(in crate::wire) fn is_closed(&self) -> bool {
        self.at == At::Closed
    }

    /// Whether another object could stand here, with a comma before it where one is missing.
    pub(in crate::wire) fn is_between_items(&self) -> bool {
        self.broken.is_none() && matches!(self.at, At::First | At::Next | At::Behind)
    }

    fn stop(&mut self, broken: Broken) {
        // All memory is given back: the stream may go on for long.
        *self = Self { broken: Some(broken), ..Self::new(self.bound) };
    }
}
