//! However a stream is cut, the same events come out of it.

#![no_main]

use groundwire::wire::sse::EventReader;
use libfuzzer_sys::fuzz_target;

/// An event: name, data, id, whether it was terminated.
type Told = (Vec<u8>, Vec<u8>, Vec<u8>, bool);

fn events<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Told>, bool) {
    let (mut reader, mut told) = (EventReader::new(512), Vec::new());
    let mut each = |event: groundwire::wire::sse::Event<'_>| {
        told.push((event.name.to_vec(), event.data.to_vec(), event.id.to_vec(), event.terminated));
    };
    pieces.for_each(|piece| reader.feed(piece, &mut each));
    let stopped = reader.has_stopped();
    reader.finish(&mut each);
    (told, stopped)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, stream) = input;
    let whole = events(std::iter::once(stream));
    let cut = events(stream.chunks(usize::from(size).max(1)));
    assert_eq!(whole.1, cut.1, "whether the reader stops");
    assert_eq!(whole.0, cut.0);
});
