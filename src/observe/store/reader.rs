//! Reading a store: experiments, units, gaps.

use super::engine::{Engine, Fault, Purpose};
use super::place::StorePlace;
use super::value::{Cells, Value};
use super::writer::now;
use super::{roll, schema, sweep, units};
use crate::error::{Error, Result};
use crate::experiment::{Design, UnitRow, UnitRows};
use crate::observe::attempt::attempt_at;

/// A connection to a store beside those that write it.
pub struct StoreReader {
    pub(super) engine: Box<dyn Engine>,
}

/// What a store holds, but for what only counting every turn would tell.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreSummary {
    /// The version of its tables.
    pub schema: i64,
    /// Units that wait to be rolled up.
    pub pending: u64,
    /// Units of experiments.
    pub units: u64,
    /// Outcomes of the application's own.
    pub outcomes: u64,
    /// Turns that were dropped, and times of which turns may be missing because a process was killed.
    pub dropped: u64,
    /// Processes that were killed.
    pub killed: u64,
    /// Records that came after their unit's outcome was frozen.
    pub late: u64,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::io(format!("the store does not answer: {fault}"))
    }
}

impl StoreReader {
    /// Connects to a store that is there.
    ///
    /// # Errors
    /// If it cannot be reached, or is of a later version than this program knows.
    pub fn open(place: &StorePlace) -> Result<Self> {
        Self::with(place, Purpose::Read)
    }

    /// Connects to a store, and makes it where it is not there yet.
    ///
    /// # Errors
    /// If it can neither be reached nor made, or is of a later version than this program knows.
    pub fn create(place: &StorePlace) -> Result<Self> {
        Self::with(place, Purpose::Fill)
    }

    fn with(place: &StorePlace, purpose: Purpose) -> Result<Self> {
        let engine = place.open(purpose).map_err(|fault| {
            Error::io(format!(
                "the store at {place} cannot be opened; see that it is there, and may be read and written"
            ))
            .with(fault)
        })?;
        Ok(Self { engine })
    }

    /// Rolls up every unit that waits for it, unless another process is at it, and says how many.
    ///
    /// # Errors
    /// If the store does not answer.
    pub fn roll_up(&mut self) -> Result<u64> {
        let mut all = 0;
        while let Some(rolled) = roll::roll(&mut *self.engine, now())?.filter(|rolled| *rolled > 0) {
            all += rolled as u64;
        }
        Ok(all)
    }

    /// What it holds.
    ///
    /// # Errors
    /// If the store does not answer.
    pub fn summary(&mut self) -> Result<StoreSummary> {
        let engine = &mut *self.engine;
        sweep::note_killed(engine, now())?;
        let mut one = |statement: &str| -> Result<u64, Fault> {
            let mut found = 0;
            engine.query(statement, &[], &mut |row| {
                found = Cells::of(row).count()?;
                Ok(())
            })?;
            Ok(found)
        };
        let gaps = |reason: &str, what: &str| format!("SELECT {what} FROM groundwire_gaps WHERE reason = '{reason}'");
        Ok(StoreSummary {
            pending: one("SELECT COUNT(*) FROM (SELECT DISTINCT experiment, version, unit FROM groundwire_pending) p")?,
            units: one("SELECT COUNT(*) FROM groundwire_units")?,
            outcomes: one("SELECT COUNT(*) FROM groundwire_outcomes")?,
            dropped: one(&gaps("dropped", "CAST(SUM(turns) AS BIGINT)"))?,
            killed: one(&gaps("killed", "COUNT(*)"))?,
            late: one("SELECT CAST(SUM(late) AS BIGINT) FROM groundwire_units")?,
            schema: schema::version(engine)?,
        })
    }
}

impl UnitRows for StoreReader {
    fn designs(&mut self) -> Result<Vec<Design>> {
        let mut designs = Vec::new();
        let statement = "SELECT definition FROM groundwire_experiments ORDER BY experiment, version DESC";
        self.engine.query(statement, &[], &mut |row| {
            // One of a later version may have what is not known here.
            designs.extend(row.text(0)?.and_then(|text| serde_json::from_str(text).ok()));
            Ok(())
        })?;
        Ok(designs)
    }

    fn each(&mut self, experiment: &str, version: u32, each: &mut dyn FnMut(UnitRow)) -> Result<()> {
        Ok(units::each(&mut *self.engine, experiment, i64::from(version), each)?)
    }
}

/// Notes that this version of an experiment runs, as it is designed.
pub(super) fn declare(engine: &mut dyn Engine, design: &Design, now: u64) -> Result<(), Fault> {
    let definition = serde_json::to_string(design).unwrap_or_default();
    let key = [Value::from(design.experiment.clone()), i64::from(design.version).into()];
    let [experiment, version] = key.clone();
    let bound = [
        experiment,
        version,
        design.window_millis.into(),
        i64::from(design.turns).into(),
        definition.clone().into(),
        now.into(),
    ];
    let statement = "INSERT INTO groundwire_experiments (experiment, version, window_millis, within_turns, definition, \
                     first_seen) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    if engine.execute(statement, &bound)? > 0 {
        // Units that were rolled up before anybody knew how are rolled up anew.
        let [experiment, version] = key;
        let again = "INSERT INTO groundwire_pending (experiment, version, unit, batch, turns) \
                     SELECT experiment, version, unit, $1, 0 FROM groundwire_units WHERE experiment = $2 AND version = $3 \
                     AND frozen = 0 ON CONFLICT DO NOTHING";
        let batch = attempt_at(std::time::SystemTime::now());
        return engine.execute(again, &[batch.into(), experiment, version]).map(drop);
    }
    let mut same = true;
    let asked = "SELECT definition FROM groundwire_experiments WHERE experiment = $1 AND version = $2";
    engine.query(asked, &key, &mut |row| {
        same = row.text(0)? == Some(&*definition);
        Ok(())
    })?;
    if !same {
        tracing::error!(
            experiment = design.experiment,
            version = design.version,
            "this version of the experiment was begun with another design, which its report goes by; give the new one another version"
        );
    }
    Ok(())
}
