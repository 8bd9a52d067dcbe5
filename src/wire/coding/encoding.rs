//! Encoders for tests, for those in `tests/` too: of a whole body, and of one that its sender flushes piece by piece.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

/// A whole body in this coding; `bare` is a `deflate` without zlib's frame.
pub(crate) fn encode(name: &str, plain: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::default();
    match name {
        "gzip" | "x-gzip" => {
            let mut to = flate2::write::GzEncoder::new(Vec::new(), level);
            to.write_all(plain).unwrap();
            to.finish().unwrap()
        }
        "deflate" => {
            let mut to = flate2::write::ZlibEncoder::new(Vec::new(), level);
            to.write_all(plain).unwrap();
            to.finish().unwrap()
        }
        "bare" => {
            let mut to = flate2::write::DeflateEncoder::new(Vec::new(), level);
            to.write_all(plain).unwrap();
            to.finish().unwrap()
        }
        "br" => {
            let (mut from, mut out) = (plain, Vec::new());
            let params = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
            brotli::BrotliCompress(&mut from, &mut out, &params).unwrap();
            out
        }
        "zstd" => zstd::encode_all(plain, 3).unwrap(),
        other => unreachable!("{other}"),
    }
}

#[derive(Clone, Default)]
struct Sent(Rc<RefCell<Vec<u8>>>);

impl Write for Sent {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a server sends that compresses `pieces` and flushes after each, and then the coding's end.
pub(crate) fn flushed(coding: &str, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let sent = Sent::default();
    let level = flate2::Compression::default();
    let mut encoder: Box<dyn Write> = match coding {
        "gzip" => Box::new(flate2::write::GzEncoder::new(sent.clone(), level)),
        "deflate" => Box::new(flate2::write::ZlibEncoder::new(sent.clone(), level)),
        "br" => Box::new(brotli::CompressorWriter::new(sent.clone(), 4096, 4, 20)),
        _ => Box::new(zstd::stream::write::Encoder::new(sent.clone(), 3).unwrap().auto_finish()),
    };
    let mut out = Vec::new();
    for piece in pieces {
        encoder.write_all(piece).unwrap();
        encoder.flush().unwrap();
        out.push(std::mem::take(&mut *sent.0.borrow_mut()));
    }
    drop(encoder);
    out.push(std::mem::take(&mut *sent.0.borrow_mut()));
    out
}
