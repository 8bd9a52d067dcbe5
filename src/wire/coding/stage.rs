//! One coding being taken off: a step reads some bytes and writes some.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder as Zstd, Operation};

use super::{Coding, Undecoded};

/// The largest window of gzip, as a power of two; it is the only one, in fact.
const GZIP_WINDOW: u8 = 15;

/// The largest window of zstd, as a power of two: 8 MiB, the most that RFC 9659 allows a content coding.
const ZSTD_WINDOW: u32 = 23;

type Brotli = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

/// The decoder of one coding.
pub(super) enum Stage {
    /// `None` before the first byte, which tells zlib's format from a bare one. A second member of gzip begins anew.
    Inflate {
        coding: Coding,
        inflate: Option<Decompress>,
        ended: bool,
    },
    Brotli {
        state: Box<Brotli>,
        ended: bool,
    },
    /// `None` where the library gave no memory for it.
    Zstd {
        decoder: Option<Zstd<'static>>,
        ended: bool,
    },
}

impl Stage {
    pub(super) fn new(coding: Coding) -> Self {
        match coding {
            Coding::Gzip | Coding::Deflate => Self::Inflate { coding, inflate: None, ended: false },
            Coding::Brotli => {
                let alloc = StandardAlloc::default;
                // "Strict" bounds the window at 16 MiB (RFC 7932); "large windows" are no content coding.
                Self::Brotli { state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())), ended: false }
            }
            Coding::Zstd => {
                let decoder = Zstd::new().ok().and_then(|mut decoder| {
                    decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW)).ok().map(|()| decoder)
                });
                Self::Zstd { decoder, ended: false }
            }
        }
    }

    /// Decodes some of `input` into `output`: how many bytes were read, and how many written.
    ///
    /// Once neither moves, more input is needed, or there is more than the coding knows of.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Undecoded> {
        match self {
            Self::Inflate { coding, inflate, ended } => {
                let Some(&first) = input.first() else {
                    return inflate
                        .as_mut()
                        .filter(|_| !*ended)
                        .map_or(Ok((0, 0)), |i| inflated(i, input, output, ended));
                };
                if *ended {
                    if *coding != Coding::Gzip {
                        return Err(Undecoded::Corrupt);
                    }
                    // RFC 1952, section 2.2: members follow one another.
                    (*inflate, *ended) = (None, false);
                }
                inflated(inflate.get_or_insert_with(|| begin(*coding, first)), input, output, ended)
            }
            Self::Brotli { state, ended } => {
                if *ended {
                    return if input.is_empty() { Ok((0, 0)) } else { Err(Undecoded::Corrupt) };
                }
                let (mut left, mut read, mut room, mut written, mut total) = (input.len(), 0, output.len(), 0, 0);
                let result = BrotliDecompressStream(
                    &mut left,
                    &mut read,
                    input,
                    &mut room,
                    &mut written,
                    output,
                    &mut total,
                    state,
                );
                match result {
                    BrotliResult::ResultFailure => return Err(Undecoded::Corrupt),
                    BrotliResult::ResultSuccess => *ended = true,
                    BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
                }
                Ok((read, written))
            }
            Self::Zstd { decoder, ended } => {
                if input.is_empty() && *ended {
                    return Ok((0, 0));
                }
                let decoder = decoder.as_mut().ok_or(Undecoded::Corrupt)?;
                let status = decoder.run_on_buffers(input, output).map_err(|_| Undecoded::Corrupt)?;
                if status.bytes_read + status.bytes_written > 0 {
                    *ended = status.remaining == 0;
                }
                Ok((status.bytes_read, status.bytes_written))
            }
        }
    }

    /// Whether the coding's own end was seen, and nothing behind it.
    pub(super) fn has_ended(&self) -> bool {
        match self {
            Self::Inflate { ended, .. } | Self::Brotli { ended, .. } | Self::Zstd { ended, .. } => *ended,
        }
    }
}

/// A decoder for what begins with this byte.
fn begin(coding: Coding, first: u8) -> Decompress {
    match coding {
        Coding::Gzip => Decompress::new_gzip(GZIP_WINDOW),
        // RFC 1950, section 2.2: method 8, and a window of at most 32 KiB. A bare stream that begins like this would
        // begin with a stored block and bits of padding that nobody sets.
        _ => Decompress::new(first & 0x8f == 0x08),
    }
}

fn inflated(
    inflate: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
    ended: &mut bool,
) -> Result<(usize, usize), Undecoded> {
    let (read, written) = (inflate.total_in(), inflate.total_out());
    let status = inflate.decompress(input, output, FlushDecompress::None).map_err(|_| Undecoded::Corrupt)?;
    *ended = status == Status::StreamEnd;
    // Both are at most as long as their slices.
    Ok(((inflate.total_in() - read) as usize, (inflate.total_out() - written) as usize))
}
