//! Records as JSON lines, written by a thread of their own.

use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Appended, Observer, Record, Reopen, line};
use crate::error::{Error, Result};

/// How long records are gathered before they are written.
const GATHER: Duration = Duration::from_millis(10);
/// Bytes that are written to the sink at one time; some fifty records.
const BUFFER: usize = 64 * 1024;
/// Longest time a written record stays in the buffer.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Writes each record as one line of JSON to a [`Write`] of the caller's: a file, standard output, a pipe.
///
/// The request path only puts the record into a bounded queue; where that is full, because the disk is slow or gone, the
/// record is dropped and counted. What the queue holds is written when this is dropped or [`close`](Self::close)d.
pub struct JsonLines {
    queue: Mutex<Option<SyncSender<Message>>>,
    counts: Arc<Counts>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

enum Message {
    Record(Arc<Record>),
    Close,
}

#[derive(Default)]
struct Counts {
    written: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

/// How many records went where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsonLinesStats {
    /// Written to the sink.
    pub written: u64,
    /// Dropped because the queue was full.
    pub dropped: u64,
    /// Lost because the sink refused them.
    pub failed: u64,
}

impl JsonLines {
    /// Starts the writing thread; at most `queue` records wait for it.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn new(sink: impl Write + Send + 'static, queue: usize) -> Result<Self> {
        let (sender, receiver) = sync_channel(queue.max(1));
        let counts = Arc::new(Counts::default());
        let theirs = Arc::clone(&counts);
        let writer = thread::Builder::new()
            .name("groundwire-records".into())
            .spawn(move || write_all(&receiver, BufWriter::with_capacity(BUFFER, sink), &theirs))
            .map_err(|e| Error::io("the thread that writes records cannot be started").with(e))?;
        Ok(Self { queue: Mutex::new(Some(sender)), counts, writer: Mutex::new(Some(writer)) })
    }

    /// Appends to the file at `path`, which is created if it is not there.
    ///
    /// # Errors
    /// If it cannot be opened for appending.
    pub fn append(path: &std::path::Path, queue: usize) -> Result<Self> {
        Self::new(Appended::open(path, Reopen::default())?, queue)
    }

    /// What became of the records so far.
    pub fn stats(&self) -> JsonLinesStats {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        JsonLinesStats {
            written: get(&self.counts.written),
            dropped: get(&self.counts.dropped),
            failed: get(&self.counts.failed),
        }
    }

    /// Writes what waits, and ends the thread. Records that come later are dropped and counted.
    pub fn close(&self) {
        let sender = self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // Waits for room if the queue is full; fails only if the thread is gone, and then there is nothing to close.
            let _ = sender.send(Message::Close);
        }
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A panic of the writer has been printed by the panic hook; there is nothing left to save.
            let _ = writer.join();
        }
    }
}

impl Observer for JsonLines {
    fn turn(&self, record: &Arc<Record>) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = queue.as_ref().map(|queue| queue.try_send(Message::Record(Arc::clone(record))));
        if !matches!(sent, Some(Ok(()))) {
            let before = self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            if before.is_power_of_two() || before == 0 {
                let full = matches!(sent, Some(Err(TrySendError::Full(_))));
                tracing::warn!(dropped = before + 1, full, "records are being dropped");
            }
        }
    }
}

impl Drop for JsonLines {
    fn drop(&mut self) {
        self.close();
    }
}

fn write_all(queue: &Receiver<Message>, mut sink: impl Write, counts: &Counts) {
    let mut unflushed = 0u64;
    let mut flushed = Instant::now();
    let mut line = Vec::new();
    loop {
        if unflushed >= 256 || flushed.elapsed() >= FLUSH_EVERY {
            flush(&mut sink, &mut unflushed, counts);
            flushed = Instant::now();
        }
        // What comes within a moment is written together: waking this thread for each record would cost the senders
        // more than writing it.
        let next = match queue.try_recv() {
            Err(TryRecvError::Empty) => {
                thread::sleep(GATHER);
                queue.recv_timeout(FLUSH_EVERY.saturating_sub(flushed.elapsed()))
            }
            received => received.map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Ok(Message::Record(record)) => match write_one(&mut sink, &mut line, &record) {
                Ok(()) => unflushed += 1,
                Err(error) => {
                    counts.failed.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(%error, "a record could not be written");
                }
            },
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => {
                flush(&mut sink, &mut unflushed, counts);
                return;
            }
        }
    }
}

fn write_one(sink: &mut impl Write, line: &mut Vec<u8>, record: &Record) -> io::Result<()> {
    line.clear();
    line::write(record, line)?;
    line.push(b'\n');
    sink.write_all(line)
}

fn flush(sink: &mut impl Write, unflushed: &mut u64, counts: &Counts) {
    if *unflushed == 0 {
        return;
    }
    let (count, result) = (std::mem::take(unflushed), sink.flush());
    match result {
        Ok(()) => counts.written.fetch_add(count, Ordering::Relaxed),
        Err(error) => {
            tracing::error!(%error, records = count, "records could not be flushed");
            counts.failed.fetch_add(count, Ordering::Relaxed)
        }
    };
}
