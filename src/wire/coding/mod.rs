//! Content codings: what a `Content-Encoding` says, and a decoder that never holds more than it must.
//!
//! Bodies pass as they came; what is decoded here is a copy, for reading. Pure: bytes in, bytes out, whoever feeds them.
//! Codings are those of [RFC 9110, section 8.4.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1), `br` (RFC 7932)
//! and `zstd` (RFC 8878), and any that were applied one after another.

#[cfg_attr(not(feature = "codings"), path = "absent.rs")]
mod stage;

use std::fmt;

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use stage::Stage;

/// Codings applied to one body at most. Two are rare already; each costs memory of its own.
const MOST: usize = 3;

/// Bytes decoded in one step.
const STEP: usize = 8 << 10;

/// One content coding that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    /// The zlib format of RFC 1950, as it should be, or bare RFC 1951, as some send.
    Deflate,
    Brotli,
    Zstd,
}

/// The codings of a body, in the order in which they were applied; none for a plain one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Codings(Vec<Coding>);

/// A coding that is not read, or too many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnknownCoding;

/// Why a body is not decoded any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undecoded {
    /// It is not what its coding says, or was cut.
    Corrupt,
    /// It is larger than the bound.
    TooLarge,
}

impl Coding {
    fn named(name: &[u8]) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        Some(match () {
            // RFC 9110, section 8.4.1.3: the second is another name for the first.
            () if is("gzip") || is("x-gzip") => Self::Gzip,
            () if is("deflate") => Self::Deflate,
            () if is("br") => Self::Brotli,
            () if is("zstd") => Self::Zstd,
            () => return None,
        })
    }
}

impl Codings {
    /// What the headers of a message say about its body.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, UnknownCoding> {
        let mut codings = Vec::new();
        let values = headers.get_all(CONTENT_ENCODING).iter();
        for name in values.flat_map(|value| value.as_bytes().split(|&b| b == b',')).map(<[u8]>::trim_ascii) {
            if name.is_empty() || name.eq_ignore_ascii_case(b"identity") {
                continue;
            }
            let coding = Coding::named(name).filter(|_| cfg!(feature = "codings") && codings.len() < MOST);
            codings.push(coding.ok_or(UnknownCoding)?);
        }
        Ok(Self(codings))
    }

    /// Whether the body is plain.
    pub(crate) fn is_identity(&self) -> bool {
        self.0.is_empty()
    }

    /// A decoder that starts at the beginning of the body.
    pub(crate) fn decoder(&self) -> Decoder {
        Decoder { stages: self.0.iter().rev().map(|coding| Stage::new(*coding)).collect() }
    }

    /// The whole of a body, which may be `bound` bytes long once it is decoded.
    ///
    /// Little more than `bound` bytes are ever held, whatever the body says, beside the windows of its codings: 32 KiB,
    /// of `br` up to 16 MiB and of `zstd` up to 8 MiB, of which only what was written to is real memory.
    pub(crate) fn decode(&self, body: &[u8], bound: usize) -> Result<Vec<u8>, Undecoded> {
        let mut decoder = self.decoder();
        let mut plain = Vec::new();
        decoder.feed(body, &mut |piece| {
            if plain.len() + piece.len() > bound {
                return Err(Undecoded::TooLarge);
            }
            plain.extend_from_slice(piece);
            Ok(())
        })?;
        if decoder.has_ended() { Ok(plain) } else { Err(Undecoded::Corrupt) }
    }
}

/// Takes the codings off a body that is fed to it in pieces. Whatever can be decoded of a piece is, at once.
pub(crate) struct Decoder {
    /// The coding that was applied last comes first.
    stages: Vec<Stage>,
}

/// What takes the decoded pieces, and may say that it wants no more.
pub(crate) type Sink<'s> = dyn FnMut(&[u8]) -> Result<(), Undecoded> + 's;

impl Decoder {
    /// Decodes the next piece of the body. After an error there is nothing more to be had.
    pub(crate) fn feed(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Undecoded> {
        pass(&mut self.stages, bytes, sink)
    }

    /// Whether every coding was seen to end with what was fed so far.
    pub(crate) fn has_ended(&self) -> bool {
        self.stages.iter().all(Stage::has_ended)
    }
}

fn pass(stages: &mut [Stage], mut bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), Undecoded> {
    let Some((stage, rest)) = stages.split_first_mut() else { return sink(bytes) };
    let mut plain = [0; STEP];
    loop {
        let (read, written) = stage.step(bytes, &mut plain)?;
        bytes = &bytes[read..];
        if written > 0 {
            pass(rest, &plain[..written], sink)?;
        } else if bytes.is_empty() {
            return Ok(());
        } else if read == 0 {
            return Err(Undecoded::Corrupt);
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "codings"))]
#[allow(clippy::unwrap_used)]
pub(super) mod encoding;

#[cfg(test)]
mod tests;
