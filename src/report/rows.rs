//! Rows of units in a file of JSON lines.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::experiment::{Design, UnitRow, UnitRows};

/// A file of JSON lines: `{"design": {…}}` begins an experiment, and each line behind it is a [`UnitRow`] of it.
#[derive(Clone, Debug)]
pub struct RowsFile {
    path: PathBuf,
    /// The design of rows that none stands before.
    default: Option<Design>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    design: Design,
}

impl RowsFile {
    /// The rows of this file. `default` is the design of those that stand before any other.
    pub fn new(path: &Path, default: Option<Design>) -> Self {
        Self { path: path.to_owned(), default }
    }

    /// Tells `each` every design, and every row with the design that it is of.
    fn walk(&self, mut each: impl FnMut(&Design, Option<UnitRow>)) -> Result<()> {
        let name = self.path.display();
        let file = File::open(&self.path).map_err(|e| Error::io(format!("{name} cannot be read")).with(e))?;
        let mut design = self.default.clone();
        let mut any_row = false;
        for (i, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(|e| Error::io(format!("{name} cannot be read")).with(e))?;
            let text = line.trim();
            if text.is_empty() {
                continue;
            }
            let wrong = |e| Error::config(format!("{name}:{}: this is no row of a unit", i + 1)).with(e);
            if text.starts_with("{\"design\"") {
                let head: Head = serde_json::from_str(text)
                    .map_err(|e| Error::config(format!("{name}:{}: this is no design", i + 1)).with(e))?;
                each(&head.design, None);
                design = Some(head.design);
                continue;
            }
            let row: UnitRow = serde_json::from_str(text).map_err(wrong)?;
            match &design {
                Some(design) => {
                    if !std::mem::replace(&mut any_row, true) && self.default.as_ref() == Some(design) {
                        each(design, None);
                    }
                    each(design, Some(row));
                }
                None => {
                    return Err(Error::config(format!(
                        "{name}:{}: a row stands before any design; begin with {{\"design\": …}}, or give --config",
                        i + 1
                    )));
                }
            }
        }
        Ok(())
    }
}

impl UnitRows for RowsFile {
    fn designs(&mut self) -> Result<Vec<Design>> {
        let mut designs: Vec<Design> = Vec::new();
        self.walk(|design, row| {
            if row.is_none() {
                designs.insert(0, design.clone());
            }
        })?;
        Ok(designs)
    }

    fn each(&mut self, experiment: &str, version: u32, each: &mut dyn FnMut(UnitRow)) -> Result<()> {
        self.walk(|design, row| {
            if let Some(row) = row.filter(|_| design.experiment == experiment && design.version == version) {
                each(row);
            }
        })
    }
}
