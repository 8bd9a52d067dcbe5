//! The thread that writes: gathers, writes in batches, connects anew, rolls up, sweeps.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::engine::{Cure, Engine, Fault, Purpose};
use super::feedback::Outcome;
use super::place::StorePlace;
use super::queue::{Shared, StoreOptions};
use super::stored::StoredTurn;
use super::sweep::{self, Sign};
use super::{reader, roll, write};
use crate::dialogue::Id;
use crate::experiment::Design;
use crate::observe::attempt::attempt_at;
use crate::observe::{Record, line};

/// What the queue holds.
pub(super) enum Message {
    Turn(Arc<Record>),
    Outcome(Box<Outcome>),
    Declare(Box<Design>),
}

/// Pauses between attempts at a store that does not answer: from the first to the last, twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// How often what is too old is looked for, and how often a writer says that it lives where there is nothing to write.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
const SIGN_EVERY: Duration = Duration::from_secs(10);

/// Milliseconds since 1970 UTC, now.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Writes until it is told to close, or nobody can tell it anything any more.
pub(super) fn run(
    place: StorePlace,
    options: &StoreOptions,
    queue: &Receiver<Message>,
    close: &Receiver<Instant>,
    shared: &Shared,
) {
    let mut writer = Writer::new(place, options, shared);
    let mut deadline = None;
    loop {
        // Gathering is sleeping: a thread that is woken for each record costs whoever sends it more than writing it does.
        let wait = if writer.is_full() || deadline.is_some() { Duration::ZERO } else { writer.pause() };
        match close.recv_timeout(wait) {
            Ok(until) => deadline = Some(until),
            Err(RecvTimeoutError::Disconnected) => {
                deadline = deadline.or(Some(Instant::now() + LAST_PAUSE));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        writer.take(queue);
        writer.step();
        if let Some(deadline) = deadline {
            if writer.is_done() {
                return writer.end();
            }
            if Instant::now() >= deadline {
                return writer.give_up(queue);
            }
            if writer.engine.is_none() {
                std::thread::sleep(FIRST_PAUSE.min(deadline.saturating_duration_since(Instant::now())));
            }
        }
    }
}

struct Writer<'w> {
    place: StorePlace,
    options: &'w StoreOptions,
    shared: &'w Shared,
    engine: Option<Box<dyn Engine>>,
    /// Why and since when there is no store, and when it is tried again.
    retry_at: Option<Instant>,
    pause: Duration,
    turns: Vec<StoredTurn>,
    outcomes: Vec<Outcome>,
    designs: Vec<Design>,
    /// Designs that the store was told of since it was connected.
    declared: usize,
    id: Id,
    started: u64,
    flushed: u64,
    dropped: u64,
    /// Whether something was written since it last said that it lives.
    wrote: bool,
    signed: Option<Instant>,
    swept: Option<Instant>,
    line: Vec<u8>,
    more: bool,
}

impl<'w> Writer<'w> {
    fn new(place: StorePlace, options: &'w StoreOptions, shared: &'w Shared) -> Self {
        let started = now();
        Self {
            place,
            options,
            shared,
            engine: None,
            retry_at: None,
            pause: FIRST_PAUSE,
            turns: Vec::new(),
            outcomes: Vec::new(),
            designs: Vec::new(),
            declared: 0,
            id: attempt_at(SystemTime::now()),
            started,
            flushed: started,
            dropped: 0,
            wrote: false,
            signed: None,
            swept: None,
            line: Vec::new(),
            more: false,
        }
    }

    fn is_full(&self) -> bool {
        self.more && self.retry_at.is_none()
    }

    fn is_done(&self) -> bool {
        self.turns.is_empty() && self.outcomes.is_empty() && !self.more
    }

    /// How long until there is something to do.
    fn pause(&self) -> Duration {
        let retry = self.retry_at.map(|at| at.saturating_duration_since(Instant::now()));
        retry.unwrap_or(self.options.flush)
    }

    /// Takes what waits, up to a batch.
    fn take(&mut self, queue: &Receiver<Message>) {
        self.more = false;
        while self.turns.len() + self.outcomes.len() < self.options.batch.max(1) {
            let Ok(message) = queue.try_recv() else { return };
            match message {
                Message::Turn(record) => self.add(&record),
                Message::Outcome(outcome) => self.outcomes.push(*outcome),
                Message::Declare(design) => {
                    self.shared.queued.fetch_sub(1, Relaxed);
                    self.designs.push(*design);
                }
            }
        }
        self.more = true;
    }

    /// A record has one way into a store, by its line: so it is the same turn whether it comes from here or out of a file.
    fn add(&mut self, record: &Record) {
        self.line.clear();
        let read = line::write(record, &mut self.line)
            .map_err(|e| e.to_string())
            .and_then(|()| StoredTurn::read(&self.line, now()));
        match read {
            Ok(turn) => self.turns.push(turn),
            Err(why) => {
                self.shared.queued.fetch_sub(1, Relaxed);
                self.shared.failed.fetch_add(1, Relaxed);
                tracing::error!(why, "a record cannot be stored");
            }
        }
    }

    /// Writes what was taken, and does what else is due.
    fn step(&mut self) {
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let done = self.try_step();
        match done {
            Ok(()) => {
                self.retry_at = None;
                self.pause = FIRST_PAUSE;
                if let Some((_, since)) = self.fault(None) {
                    let seconds = since.elapsed().as_secs();
                    tracing::info!(place = %self.place, seconds, "the store is there again");
                }
            }
            Err(fault) => self.suffer(&fault),
        }
    }

    fn fault(&self, fault: Option<(String, Instant)>) -> Option<(String, Instant)> {
        self.shared.connected.store(fault.is_none(), Relaxed);
        std::mem::replace(&mut *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner), fault)
    }

    fn suffer(&mut self, fault: &Fault) {
        if fault.cure == Cure::Reconnect {
            self.engine = None;
        }
        self.retry_at = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LAST_PAUSE);
        let before = self.fault(Some((fault.to_string(), Instant::now())));
        match before {
            None => {
                tracing::warn!(place = %self.place, why = %fault, "the store cannot be written; turns wait for it, and are dropped once the queue is full");
            }
            Some((_, since)) => drop(self.fault(Some((fault.to_string(), since)))),
        }
    }

    fn try_step(&mut self) -> Result<(), Fault> {
        if self.engine.is_none() {
            self.engine = Some(self.place.open(Purpose::Record)?);
            self.declared = 0;
            self.signed = None;
            self.shared.connected.store(true, Relaxed);
        }
        self.declare()?;
        self.flush()?;
        self.sign()?;
        self.roll()?;
        self.sweep()
    }

    fn engine(&mut self) -> Result<&mut dyn Engine, Fault> {
        match &mut self.engine {
            Some(engine) => Ok(&mut **engine),
            None => Err(Fault::new(Cure::Reconnect, "there is no connection")),
        }
    }

    fn declare(&mut self) -> Result<(), Fault> {
        while let Some(design) = self.designs.get(self.declared).cloned() {
            reader::declare(self.engine()?, &design, now())?;
            self.declared += 1;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let (turns, outcomes) = (std::mem::take(&mut self.turns), std::mem::take(&mut self.outcomes));
        if turns.is_empty() && outcomes.is_empty() {
            return Ok(());
        }
        let batch = attempt_at(SystemTime::now());
        match self.engine().and_then(|engine| write::write(engine, &turns, &outcomes, batch)) {
            Ok(written) => {
                self.account(&written, turns.len() + outcomes.len(), outcomes.len());
                Ok(())
            }
            Err(fault) if fault.cure == Cure::Nothing => self.one_by_one(turns, outcomes),
            Err(fault) => {
                (self.turns, self.outcomes) = (turns, outcomes);
                Err(fault)
            }
        }
    }

    fn account(&mut self, written: &write::Written, taken: usize, outcomes: usize) {
        self.wrote = true;
        self.shared.queued.fetch_sub(taken as u64, Relaxed);
        self.shared.written.fetch_add(written.new, Relaxed);
        self.shared.known.fetch_add(written.known, Relaxed);
        self.shared.outcomes.fetch_add(outcomes as u64, Relaxed);
    }

    /// Something of the batch is refused: it is found out what, and the rest is written.
    fn one_by_one(&mut self, mut turns: Vec<StoredTurn>, mut outcomes: Vec<Outcome>) -> Result<(), Fault> {
        while !turns.is_empty() || !outcomes.is_empty() {
            let batch = attempt_at(SystemTime::now());
            let turn = turns.pop();
            let outcome = if turn.is_none() { outcomes.pop() } else { None };
            let written =
                self.engine().and_then(|engine| write::write(engine, turn.as_slice(), outcome.as_slice(), batch));
            match written {
                Ok(written) => self.account(&written, 1, usize::from(outcome.is_some())),
                Err(fault) if fault.cure == Cure::Nothing => {
                    self.account(&write::Written::default(), 1, 0);
                    self.shared.failed.fetch_add(1, Relaxed);
                    tracing::error!(why = %fault, "the store refuses a record");
                }
                Err(fault) => {
                    turns.extend(turn);
                    outcomes.extend(outcome);
                    (self.turns, self.outcomes) = (turns, outcomes);
                    return Err(fault);
                }
            }
        }
        Ok(())
    }

    fn signature(&self) -> Sign {
        Sign {
            writer: self.id,
            started: self.started,
            flush: u64::try_from(self.options.flush.as_millis()).unwrap_or(u64::MAX),
            written: self.shared.written.load(Relaxed),
            dropped: self.shared.dropped.load(Relaxed),
        }
    }

    /// Says that this writer lives, and what it had to drop.
    fn sign(&mut self) -> Result<(), Fault> {
        let sign = self.signature();
        let due = std::mem::take(&mut self.wrote) || self.signed.is_none_or(|at| at.elapsed() >= SIGN_EVERY);
        if sign.dropped > self.dropped {
            let (from, more) = (self.flushed, sign.dropped - self.dropped);
            sweep::note_dropped(self.engine()?, sign.writer, from, now(), more)?;
            self.dropped = sign.dropped;
        } else if !due {
            return Ok(());
        }
        let first = self.signed.is_none();
        sweep::sign(self.engine()?, &sign, now(), false)?;
        if first {
            sweep::take_back(self.engine()?, sign.writer)?;
        }
        self.signed = Some(Instant::now());
        self.flushed = now();
        Ok(())
    }

    /// Rolls up for as long as nobody waits to be written.
    fn roll(&mut self) -> Result<(), Fault> {
        let until = Instant::now() + self.options.flush;
        loop {
            match roll::roll(self.engine()?, now())? {
                Some(0) => return roll::freeze(self.engine()?, now()).map(drop),
                None => return Ok(()),
                Some(rolled) => self.shared.rolled.fetch_add(rolled as u64, Relaxed),
            };
            if Instant::now() >= until {
                return Ok(());
            }
        }
    }

    fn sweep(&mut self) -> Result<(), Fault> {
        if self.swept.is_some_and(|at| at.elapsed() < SWEEP_EVERY) {
            return Ok(());
        }
        let keep = self.options.keep();
        if sweep::sweep(self.engine()?, keep, now())? {
            self.swept = Some(Instant::now());
        }
        Ok(())
    }

    /// Everything is written: says so, and leaves.
    fn end(mut self) {
        let sign = self.signature();
        if let Some(engine) = &mut self.engine
            && let Err(fault) = sweep::sign(&mut **engine, &sign, now(), true)
        {
            tracing::warn!(why = %fault, "the store could not be told that this process ends");
        }
    }

    fn give_up(self, queue: &Receiver<Message>) {
        let left = self.turns.len() + self.outcomes.len() + queue.try_iter().count();
        self.shared.dropped.fetch_add(left as u64, Relaxed);
        self.shared.queued.store(0, Relaxed);
        tracing::error!(lost = left, "the store could not be written to the end; these turns are lost");
    }
}
