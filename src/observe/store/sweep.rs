//! What is done from time to time: what is too old goes, and writers that were killed leave a gap that can be seen.

use super::engine::{Engine, Fault, Lock, atomically, locked};
use super::value::Value;
use crate::dialogue::Id;

/// A writer that was not seen for this long, or for ten of its flushes, is gone.
pub(super) const GONE_AFTER: u64 = 60_000;

const MILLIS_A_DAY: u64 = 86_400_000;

/// How long what is kept, in milliseconds; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keep {
    pub(super) turns: Option<u64>,
    pub(super) rollups: Option<u64>,
}

/// Drops what is too old, if nobody else is at it; `true` when there is no more of it.
pub(super) fn sweep(engine: &mut dyn Engine, keep: Keep, now: u64) -> Result<bool, Fault> {
    let swept = locked(engine, Lock::Sweep, |engine| {
        note_killed(engine, now)?;
        let mut done = true;
        if let Some(turns) = keep.turns {
            let oldest = now.saturating_sub(turns);
            let day = i64::try_from(oldest / MILLIS_A_DAY).unwrap_or(0);
            done = engine.drop_turns_before(day)?;
            engine.execute(
                "DELETE FROM groundwire_outcomes WHERE at < $1",
                &[(oldest / MILLIS_A_DAY * MILLIS_A_DAY).into()],
            )?;
        }
        if let Some(rollups) = keep.rollups {
            let oldest: Value = now.saturating_sub(rollups).into();
            engine.execute(
                "DELETE FROM groundwire_units WHERE last_at < $1 AND touched < $2",
                &[oldest.clone(), oldest.clone()],
            )?;
            engine.execute("DELETE FROM groundwire_gaps WHERE ended < $1", std::slice::from_ref(&oldest))?;
            engine.execute("DELETE FROM groundwire_writers WHERE ended < $1", &[oldest])?;
        }
        Ok(done)
    })?;
    Ok(swept.unwrap_or(true))
}

/// What a writer says of itself with each batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sign {
    pub(super) writer: Id,
    pub(super) started: u64,
    pub(super) flush: u64,
    pub(super) written: u64,
    pub(super) dropped: u64,
}

/// Notes that a writer lives, or that it ended in an orderly way.
pub(super) fn sign(engine: &mut dyn Engine, sign: &Sign, now: u64, ended: bool) -> Result<(), Fault> {
    let statement = "INSERT INTO groundwire_writers (writer, started, seen, ended, flush_millis, written, dropped) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (writer) DO UPDATE SET seen = excluded.seen, \
        ended = excluded.ended, written = excluded.written, dropped = excluded.dropped";
    let bound = [
        sign.writer.into(),
        sign.started.into(),
        now.into(),
        ended.then_some(now).into(),
        sign.flush.into(),
        sign.written.into(),
        sign.dropped.into(),
    ];
    engine.execute(statement, &bound).map(drop)
}

/// Notes turns that were dropped between two times.
pub(super) fn note_dropped(engine: &mut dyn Engine, writer: Id, from: u64, to: u64, turns: u64) -> Result<(), Fault> {
    let statement = "INSERT INTO groundwire_gaps (writer, began, ended, turns, reason) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT DO NOTHING";
    let bound = [writer.into(), from.into(), to.into(), turns.into(), Value::from("dropped")];
    engine.execute(statement, &bound).map(drop)
}

/// Notes a gap for every writer that was not seen for too long: it was killed, and what it had not flushed is lost.
pub(super) fn note_killed(engine: &mut dyn Engine, now: u64) -> Result<u64, Fault> {
    let before: Value = now.saturating_sub(GONE_AFTER).into();
    atomically(engine, |engine| {
        let gone = "ended IS NULL AND seen < $1 AND seen + 10 * flush_millis < $2";
        let noted = engine.execute(
            &format!(
                "INSERT INTO groundwire_gaps (writer, began, ended, turns, reason) SELECT writer, seen, \
                 seen + flush_millis, CAST(NULL AS BIGINT), 'killed' FROM groundwire_writers WHERE {gone} ON CONFLICT DO NOTHING"
            ),
            &[before.clone(), now.into()],
        )?;
        engine.execute(&format!("UPDATE groundwire_writers SET ended = seen WHERE {gone}"), &[before, now.into()])?;
        Ok(noted)
    })
}

/// Takes back that a writer was killed: it was only cut off, and what it held is being written.
pub(super) fn take_back(engine: &mut dyn Engine, writer: Id) -> Result<(), Fault> {
    let statement = "DELETE FROM groundwire_gaps WHERE writer = $1 AND reason = 'killed'";
    engine.execute(statement, &[writer.into()]).map(drop)
}

#[cfg(all(test, feature = "sqlite"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::observe::store::engine::Purpose;
    use crate::observe::store::place::StorePlace;
    use crate::observe::store::value::Cells;

    #[test]
    fn a_writer_that_vanished_leaves_a_gap_and_one_that_comes_back_or_ended_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let place: StorePlace = format!("sqlite:{}", folder.path().join("s.db").display()).parse().unwrap();
        let mut engine = place.open(Purpose::Record).unwrap();
        let writer = |number: u8| Id::at_millis(1, [number; 10]);
        let said = |number| Sign { writer: writer(number), started: 0, flush: 500, written: 7, dropped: 0 };
        let killed = |engine: &mut dyn Engine| {
            let mut gaps = Vec::new();
            let asked =
                "SELECT writer, began, ended, turns FROM groundwire_gaps WHERE reason = 'killed' ORDER BY writer";
            let mut see = |row: &dyn crate::observe::store::value::Row| {
                let mut cells = Cells::of(row);
                gaps.push((cells.id()?.unwrap(), cells.count()?, cells.count()?, cells.int()?));
                Ok(())
            };
            engine.query(asked, &[], &mut see).unwrap();
            gaps
        };
        for number in 1..4 {
            sign(&mut *engine, &said(number), 1_000_000, number == 2).unwrap();
        }
        assert_eq!(note_killed(&mut *engine, 1_000_000 + GONE_AFTER).unwrap(), 0, "not seen for a minute, no longer");
        sign(&mut *engine, &said(3), 1_050_000, false).unwrap();
        assert_eq!(note_killed(&mut *engine, 1_000_001 + GONE_AFTER).unwrap(), 1);
        assert_eq!(killed(&mut *engine), [(writer(1), 1_000_000, 1_000_500, None)]);
        assert_eq!(note_killed(&mut *engine, 1_000_002 + GONE_AFTER).unwrap(), 0, "once");
        // It was only cut off.
        sign(&mut *engine, &said(1), 1_070_000, false).unwrap();
        take_back(&mut *engine, writer(1)).unwrap();
        assert!(killed(&mut *engine).is_empty());
    }
}
