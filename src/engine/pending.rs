//! A record in the making: whatever becomes of the request, it is told once.

use std::fmt;
use std::time::Instant;

use super::Grounder;
use crate::observe::{Ending, Record};
use crate::wire::Reading;

/// A record in the making. It is told to the observers when it is finished, or dropped because the client left.
pub struct Pending {
    pub(crate) record: Record,
    grounder: Grounder,
    accepted: Instant,
    forwarded: Option<Instant>,
    told: bool,
}

impl Pending {
    pub(super) fn new(record: Record, grounder: Grounder, accepted: Instant) -> Self {
        Self { record, grounder, accepted, forwarded: None, told: false }
    }

    /// What is known so far.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The body has been read: `bytes` of it.
    pub(super) fn read(&mut self, bytes: usize) {
        self.record.request_bytes = bytes as u64;
        self.record.read_micros = micros(self.accepted);
    }

    /// The request goes on, or a reply of ours goes back.
    pub(crate) fn forwarded(&mut self) {
        self.record.own_micros = micros(self.accepted).saturating_sub(self.record.read_micros);
        self.forwarded = Some(Instant::now());
    }

    /// The first text of the reply is here.
    pub(crate) fn first_text(&mut self) {
        if let (None, Some(at)) = (self.record.first_token_micros, self.forwarded) {
            self.record.first_token_micros = Some(micros(at));
        }
    }

    /// The exchange is over.
    pub(crate) fn finish(mut self, ending: Ending, reading: Option<Reading>) {
        self.record.ending = ending;
        if let Some(reading) = reading {
            self.record.finish_reason = reading.finish_reason;
            self.record.usage = reading.usage;
        }
        self.tell();
    }

    fn tell(&mut self) {
        if !std::mem::replace(&mut self.told, true) {
            self.grounder.0.observers.turn(self.record.clone());
        }
    }
}

impl Drop for Pending {
    /// Dropped unfinished: the client left, and the host let go of the request.
    fn drop(&mut self) {
        self.tell();
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("record", &self.record).finish_non_exhaustive()
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
