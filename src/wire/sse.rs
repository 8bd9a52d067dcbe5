//! Server-sent events, read as they arrive, in bounded memory.
//!
//! After the [WHATWG standard](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation):
//! lines end with CR, LF or CRLF, one space after the colon is dropped, a leading byte order mark too, lines that start
//! with a colon are comments, several `data` lines make one event. It departs from it in two ways. An event that the
//! stream ends in is reported, since servers do end their streams without the last blank line; and bytes are passed on
//! as they are, without replacing what is not UTF-8.

use memchr::{memchr, memchr2};

/// Memory that a reader keeps from one line, and from one event, to the next, in bytes. Chunks of an answer are smaller.
const KEPT: usize = 2 << 10;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its type; `message` where the stream gives none.
    pub name: &'a [u8],
    /// Its payload: the `data` lines, joined by LF.
    pub data: &'a [u8],
    /// The last identifier that the stream gave, in this event or before; empty if none.
    pub id: &'a [u8],
    /// Whether a blank line ended it. If not, the stream ended first, and the event may have been cut.
    pub terminated: bool,
}

/// Reads events from a stream that is fed to it in pieces.
///
/// Every byte is looked at once, however the stream is cut. An event that grows beyond the bound stops the reader for
/// good.
#[derive(Debug)]
pub struct EventReader {
    bound: usize,
    has_stopped: bool,
    /// No line has ended yet, so the next one may start with a byte order mark.
    at_start: bool,
    /// The last byte was CR: an LF that follows belongs to it.
    after_cr: bool,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    name: Vec<u8>,
    /// The `data` lines of this event, an LF behind each; so it is empty only before the first.
    data: Vec<u8>,
    id: Vec<u8>,
    retry: Option<u64>,
}

impl EventReader {
    /// A reader that holds at most `bound` bytes of an event, and of a line.
    pub fn new(bound: usize) -> Self {
        Self {
            bound,
            has_stopped: false,
            at_start: true,
            after_cr: false,
            line: Vec::new(),
            name: Vec::new(),
            data: Vec::new(),
            id: Vec::new(),
            retry: None,
        }
    }

    /// Reads the next bytes of the stream; `each` gets every event that ends in them.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Event<'_>)) {
        while !self.has_stopped && !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr2(b'\r', b'\n', bytes) else {
                self.keep(bytes);
                return;
            };
            let head = &bytes[..end];
            self.after_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if self.line.is_empty() {
                self.line_ended(head, &mut each);
            } else {
                self.keep(head);
                let mut line = std::mem::take(&mut self.line);
                self.line_ended(&line, &mut each);
                // The memory goes on to the next line.
                clear(&mut line);
                self.line = line;
            }
        }
    }

    /// The stream has ended: what it ended in is reported, and may have been cut.
    pub fn finish(&mut self, mut each: impl FnMut(Event<'_>)) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.line_ended(&line, &mut each);
        }
        self.dispatch(false, &mut each);
    }

    /// Whether an event was larger than the bound; nothing is read from then on.
    pub fn has_stopped(&self) -> bool {
        self.has_stopped
    }

    /// Whether the last event has ended and no other has begun.
    pub fn is_between_events(&self) -> bool {
        !self.has_stopped && self.line.is_empty() && self.data.is_empty() && self.name.is_empty()
    }

    /// How long a client is to wait before it connects again, in milliseconds, where the stream has said so.
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// Keeps a part of a line until its end comes.
    fn keep(&mut self, bytes: &[u8]) {
        if self.line.len() + bytes.len() + self.data.len() > self.bound {
            self.stop();
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    fn stop(&mut self) {
        // All memory is given back: the stream may go on for long.
        *self = Self { has_stopped: true, retry: self.retry, ..Self::new(self.bound) };
    }

    fn line_ended(&mut self, line: &[u8], each: &mut impl FnMut(Event<'_>)) {
        let line = match std::mem::take(&mut self.at_start) {
            true => line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line),
            false => line,
        };
        if line.is_empty() {
            return self.dispatch(true, each);
        }
        if line.len() + self.data.len() > self.bound {
            return self.stop();
        }
        let (field, value) = match memchr(b':', line) {
            // A line without a colon is a field with an empty value; one that starts with it has no field: a comment.
            None => (line, &[][..]),
            Some(colon) => (&line[..colon], &line[colon + 1..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => set(&mut self.name, value),
            b"id" if !value.contains(&0) => set(&mut self.id, value),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                self.retry = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok()).or(self.retry);
            }
            _ => {}
        }
    }

    fn dispatch(&mut self, terminated: bool, each: &mut impl FnMut(Event<'_>)) {
        if let Some((_, data)) = self.data.split_last() {
            let name = if self.name.is_empty() { b"message" } else { &self.name[..] };
            each(Event { name, data, id: &self.id, terminated });
        }
        clear(&mut self.data);
        self.name.clear();
    }
}

/// Empties a buffer, and gives back what one event in many needed: thousands of streams may wait at once.
pub(super) fn clear(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.shrink_to(KEPT);
}

fn set(field: &mut Vec<u8>, value: &[u8]) {
    field.clear();
    field.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many events came and whether the reader stopped, when `bytes` come in pieces of `size`.
    fn read(bound: usize, size: usize, bytes: &[u8]) -> (usize, bool) {
        let mut reader = EventReader::new(bound);
        let mut events = 0;
        bytes.chunks(size).for_each(|piece| reader.feed(piece, |_| events += 1));
        (events, reader.has_stopped())
    }

    #[test]
    fn an_event_beyond_the_bound_stops_the_reader() {
        let small = b"data: 1\n\n".repeat(100);
        let one_line = [&small[..], b"data: ", &[b'x'; 64], b"\n\n", &small[..]].concat();
        let many_lines = [&small[..], &b"data:\n".repeat(64)[..], b"\n", &small[..]].concat();
        let comment = [&small[..], b":", &[b'x'; 64], b"\n", &small[..]].concat();
        for size in [1, 7, 4096] {
            assert_eq!(read(64, size, &small), (100, false), "only the size of one event counts");
            assert_eq!(read(64, size, &one_line), (100, true));
            assert_eq!(read(64, size, &many_lines), (100, true));
            assert_eq!(read(64, size, &comment), (100, true));
            assert_eq!(read(128, size, &one_line), (201, false));
        }
    }

    #[test]
    fn a_stopped_reader_holds_nothing() {
        let mut reader = EventReader::new(1000);
        reader.feed(&[b'x'; 900], |_| {});
        assert!(reader.line.capacity() >= 900);
        reader.feed(&[b'x'; 900], |_| {});
        reader.feed(b"\n\ndata: 1\n\n", |_| unreachable!("nothing is read any more"));
        reader.finish(|_| unreachable!("nor at the end"));
        assert_eq!(reader.line.capacity() + reader.data.capacity() + reader.name.capacity() + reader.id.capacity(), 0);
        assert!(!reader.is_between_events());
    }

    #[test]
    fn a_large_event_leaves_little_memory_behind() {
        let large = [&b"data: "[..], &[b'x'; 1 << 20], b"\n\n"].concat();
        for size in [4096, 2 << 20] {
            let (mut reader, mut events) = (EventReader::new(2 << 20), 0);
            large
                .chunks(size)
                .chain([&b"data: 1\n\n"[..], b"dat"])
                .for_each(|piece| reader.feed(piece, |_| events += 1));
            assert_eq!(events, 2);
            assert!(reader.line.capacity() <= KEPT && reader.data.capacity() <= KEPT);
        }
    }

    #[test]
    fn between_events_is_only_after_a_blank_line_or_a_comment() {
        let mut reader = EventReader::new(1000);
        assert!(reader.is_between_events());
        for (bytes, between) in [
            ("da", false),
            ("ta: 1", false),
            ("\n", false),
            ("\n", true),
            (": ping\n", true),
            ("event: x\n", false),
            ("\r\n", true),
        ] {
            reader.feed(bytes.as_bytes(), |_| {});
            assert_eq!(reader.is_between_events(), between, "after {bytes:?}");
        }
    }
}
