//! A record in the making: whatever becomes of the request, it is told once.

use std::fmt;
use std::time::{Duration, Instant};

use http::StatusCode;

use super::Grounder;
use super::complied::{Signs, complied};
use crate::classify::{AssistantJudgement, Prelude, ReplyAnswer, ReplyTurn};
use crate::dialogue::{AssistantAct, GroundingAct};
use crate::observe::{Ending, Observers, Record};
use crate::wire::{Quotes, Reading};

/// An act is seen in a reply from this probability on.
const SEEN: f32 = 0.5;

/// A record in the making. It is told to the observers once: when it is finished and the reply has been read where it is
/// to be read, or when it is dropped because the client left.
///
/// A host that is not the layer calls [`forwarded`](Self::forwarded), [`answered`](Self::answered), and at the end
/// [`finish`](Self::finish); with a [`ResponseReader`](crate::wire::ResponseReader) beside the response it knows what to
/// finish with. The reader is to look for the [`quotes`](Self::quotes) of this record.
pub struct Pending {
    pub(crate) record: Record,
    grounder: Grounder,
    accepted: Instant,
    forwarded: Option<Instant>,
    /// What a window on the reply will show beside it, where the reply is to be read for its acts.
    pub(super) prelude: Option<Box<Prelude>>,
    /// What in the reply would quote the instruction that was added to the request, until it is taken.
    pub(super) quotes: Option<Quotes>,
    /// Whether there is such an instruction.
    pub(super) steered: bool,
    told: bool,
}

impl Pending {
    pub(super) fn new(record: Record, grounder: Grounder, accepted: Instant) -> Self {
        Self { record, grounder, accepted, forwarded: None, prelude: None, quotes: None, steered: false, told: false }
    }

    /// What is known so far.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The body has been read: `bytes` of it.
    pub(super) fn read(&mut self, bytes: usize) {
        self.record.request_bytes = bytes as u64;
        self.record.read_micros = micros(self.accepted.elapsed());
    }

    /// The request goes on, or a reply of ours goes back.
    pub fn forwarded(&mut self) {
        let now = Instant::now();
        self.record.own_micros = micros(now - self.accepted).saturating_sub(self.record.read_micros);
        self.forwarded = Some(now);
    }

    /// The response's head is here, or is given by us.
    pub fn answered(&mut self, status: StatusCode) {
        self.record.status = Some(status.as_u16());
    }

    /// What the reader beside the response is to look for: see
    /// [`ResponseReader::looking_for`](crate::wire::ResponseReader::looking_for). `None` where nothing was added to the
    /// request, or where it was asked for before.
    pub fn quotes(&mut self) -> Option<Quotes> {
        self.quotes.take()
    }

    /// The first text of the reply is here.
    pub fn first_text(&mut self) {
        if let (None, Some(at)) = (self.record.first_token_micros, self.forwarded) {
            self.record.first_token_micros = Some(micros(at.elapsed()));
        }
    }

    /// The exchange is over. The record is told once the reply has been read for its acts, where it is.
    pub fn finish(mut self, ending: Ending, reading: Option<Reading>) {
        self.record.ending = ending;
        let Some(reading) = reading else { return };
        self.record.finish_reason = reading.finish_reason;
        self.record.usage = reading.usage;
        self.record.leaked = reading.leaked;
        // The acts of a reply that was cut are not those it was going to show: it must have been relayed whole, and seen to
        // end as replies do.
        let whole = ending == Ending::Complete && reading.complete;
        let asked_for =
            (self.steered && whole && reading.saw_text).then(|| (self.record.act, Signs::of(&reading.text)));
        self.record.complied = asked_for.and_then(|(act, signs)| complied(act, signs, None));
        let Some(prelude) = self.prelude.take().filter(|_| whole) else { return };
        let bytes = reading.text.bytes();
        let (head, tail) = reading.text.into_excerpt();
        let Some(window) = prelude.reply(head, tail, bytes) else { return };
        let Some(untold) = self.untold() else { return };
        let answer = ReplyAnswer::new(move |judgement| untold.tell(judgement, asked_for));
        self.grounder.0.classifier.read_reply(ReplyTurn { window, answer });
    }

    /// The record and those who are to be told, the first time this is asked.
    fn untold(&mut self) -> Option<Untold> {
        if std::mem::replace(&mut self.told, true) {
            return None;
        }
        self.record.total_micros = micros(self.accepted.elapsed());
        // What stays behind is never told.
        let empty = Record::empty(self.record.dialect, self.record.policy.clone(), self.record.config.clone());
        let record = std::mem::replace(&mut self.record, empty);
        Some(Untold { record, observers: self.grounder.0.observers.clone() })
    }
}

/// A record that is complete but for the acts of the reply. It holds on to nobody but the observers, so that what waits
/// in the classifier does not keep the classifier alive.
struct Untold {
    record: Record,
    observers: Observers,
}

impl Untold {
    fn tell(mut self, judgement: Option<AssistantJudgement>, asked_for: Option<(GroundingAct, Signs)>) {
        self.record.assistant_acts = judgement.map(|judgement| seen(&judgement));
        self.record.complied =
            asked_for.and_then(|(act, signs)| complied(act, signs, self.record.assistant_acts.as_deref()));
        self.observers.turn(self.record);
    }
}

fn seen(judgement: &AssistantJudgement) -> Vec<AssistantAct> {
    judgement.acts.iter().filter(|(_, probability)| *probability >= SEEN).map(|(act, _)| act).collect()
}

impl Drop for Pending {
    /// Dropped unfinished: the client left, and the host let go of the request.
    fn drop(&mut self) {
        if let Some(Untold { record, observers }) = self.untold() {
            observers.turn(record);
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("record", &self.record).finish_non_exhaustive()
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
