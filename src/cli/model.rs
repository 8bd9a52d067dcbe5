//! The model of the commands that judge offline: which one, in which runtime, at which base rate.

use std::path::PathBuf;

use crate::classify::{Model, ModelFiles};
use crate::config::Share;
use crate::error::Result;

/// Which model judges.
#[derive(Debug, clap::Args)]
pub(super) struct ModelChoice {
    /// A folder with model.onnx, tokenizer.json and labels.json, in place of the built-in model
    #[arg(long, value_name = "FOLDER")]
    model: Option<PathBuf>,
    /// The ONNX Runtime library, in place of the one that is found by itself
    #[arg(long, value_name = "FILE")]
    runtime: Option<PathBuf>,
    /// The share of turns that truly need a question; scores are calibrated to it
    #[arg(long, value_name = "SHARE", default_value = "0.03", value_parser = super::value::<Share>, allow_negative_numbers = true)]
    base_rate: Share,
}

impl ModelChoice {
    /// Loads it.
    pub(super) fn load(&self) -> Result<Model> {
        let files = match &self.model {
            Some(folder) => ModelFiles::read(folder)?,
            None => ModelFiles::builtin(),
        };
        Model::from_files(files, self.base_rate.get(), self.runtime.as_deref())
    }
}
