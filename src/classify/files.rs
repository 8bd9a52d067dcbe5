//! The three files of a model: `model.onnx`, `tokenizer.json`, `labels.json`.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use super::ModelId;
use crate::error::{Error, Result};

/// The files of a model, as read and not yet checked.
#[derive(Clone)]
pub struct ModelFiles {
    pub(super) onnx: Cow<'static, [u8]>,
    pub(super) tokenizer: Cow<'static, [u8]>,
    pub(super) labels: Cow<'static, [u8]>,
}

impl ModelFiles {
    /// The model that comes with this crate.
    pub fn builtin() -> Self {
        Self {
            onnx: Cow::Borrowed(include_bytes!("../../models/ambiguity/model.onnx")),
            tokenizer: Cow::Borrowed(include_bytes!("../../models/ambiguity/tokenizer.json")),
            labels: Cow::Borrowed(include_bytes!("../../models/ambiguity/labels.json")),
        }
    }

    /// Files that are in memory.
    pub fn new(onnx: Vec<u8>, tokenizer: Vec<u8>, labels: Vec<u8>) -> Self {
        Self { onnx: Cow::Owned(onnx), tokenizer: Cow::Owned(tokenizer), labels: Cow::Owned(labels) }
    }

    /// Reads `model.onnx`, `tokenizer.json` and `labels.json` from a folder.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path)
                .map_err(|e| Error::model(format!("the model's file {} cannot be read", path.display())).with(e))
        };
        Ok(Self::new(read("model.onnx")?, read("tokenizer.json")?, read("labels.json")?))
    }

    /// The identity of this model, which every record of its judgements carries.
    pub fn id(&self) -> ModelId {
        ModelId::of(&[&self.onnx, &self.tokenizer, &self.labels])
    }
}

impl std::fmt::Debug for ModelFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ModelFiles").field(&self.id()).finish()
    }
}
