//! How the body of a stream holds its payloads, beside server-sent events: as lines of JSON, or as the items of an array.
//!
//! Both readers look at each byte once, however the stream is cut, and keep no more than the payload that has not ended.

mod items;
mod lines;
mod seam;

pub(super) use items::ItemReader;
pub(super) use lines::LineReader;
pub use seam::Seam;

/// Why a reader reads no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A payload is larger than the bound.
    TooLarge,
    /// What comes is not what the framing wants there.
    Malformed,
}

#[cfg(test)]
mod tests;
