//! One JSON value a line: [NDJSON](https://github.com/ndjson/ndjson-spec), as Ollama streams.

use memchr::memchr;

use super::Broken;
use crate::wire::sse::clear;

/// Reads lines from a stream that is fed to it in pieces.
///
/// Lines end with LF; a CR before it is whitespace, and a line of nothing but whitespace is none.
#[derive(Debug)]
pub(in crate::wire) struct LineReader {
    bound: usize,
    too_large: bool,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
}

impl LineReader {
    /// A reader that holds at most `bound` bytes of a line.
    pub(in crate::wire) fn new(bound: usize) -> Self {
        Self { bound, too_large: false, line: Vec::new() }
    }

    /// Reads the next bytes of the stream; `each` gets every line that ends in them, without the whitespace around it.
    pub(in crate::wire) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8])) {
        while !self.too_large && !bytes.is_empty() {
            let Some(end) = memchr(b'\n', bytes) else { return self.keep(bytes) };
            let head = &bytes[..end];
            bytes = &bytes[end + 1..];
            if self.line.is_empty() && head.len() <= self.bound {
                tell(head, &mut each);
            } else {
                self.keep(head);
                // Empty where that was too much.
                tell(&self.line, &mut each);
                clear(&mut self.line);
            }
        }
    }

    /// The stream has ended: the line that it ended in is told, and may have been cut.
    pub(in crate::wire) fn finish(&mut self, mut each: impl FnMut(&[u8])) {
        tell(&std::mem::take(&mut self.line), &mut each);
    }

    /// Why nothing more is read, if so.
    pub(in crate::wire) fn broken(&self) -> Option<Broken> {
        self.too_large.then_some(Broken::TooLarge)
    }

    /// Whether the last line has ended and no other has begun.
    pub(in crate::wire) fn is_between_lines(&self) -> bool {
        !self.too_large && self.line.is_empty()
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.line.len() + bytes.len() > self.bound {
            // All memory is given back: the stream may go on for long.
            *self = Self { too_large: true, ..Self::new(self.bound) };
        } else {
            self.line.extend_from_slice(bytes);
        }
    }
}

fn tell(line: &[u8], each: &mut impl FnMut(&[u8])) {
    let line = line.trim_ascii();
    if !line.is_empty() {
        each(line);
    }
}
