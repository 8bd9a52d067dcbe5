//! The classifier that ships: a model in ONNX Runtime behind the pool.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::calibrate::BASE_RATE;
use super::classifier::{PoolOptions, ThreadedClassifier};
use super::files::ModelFiles;
use super::onnx::{Model, Plan};
use super::pool::Judge;
use super::stats::PoolStats;
use super::{AssistantJudgement, Classifier, Judgement, Judging, ModelId, ReplyTurn, Window};
use crate::dialogue::{Conversation, Id};
use crate::error::Result;

/// Judges turns with a model in ONNX Runtime, on threads of its own.
///
/// ```no_run
/// # fn main() -> groundwire::Result<()> {
/// use groundwire::classify::OnnxClassifier;
///
/// let classifier = OnnxClassifier::builtin()?;
/// assert!(classifier.is_able());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct OnnxClassifier(ThreadedClassifier);

impl OnnxClassifier {
    /// The model that comes with this crate, with the default settings.
    ///
    /// # Errors
    /// If ONNX Runtime does not load.
    pub fn builtin() -> Result<Self> {
        Self::builder().build()
    }

    /// Settings to choose from.
    pub fn builder() -> OnnxClassifierBuilder {
        OnnxClassifierBuilder {
            files: Source::Builtin,
            runtime: None,
            base_rate: BASE_RATE,
            options: PoolOptions::default(),
        }
    }

    /// The state of the threads in numbers.
    pub fn stats(&self) -> PoolStats {
        self.0.stats()
    }

    /// As [`ThreadedClassifier::finish_replies`].
    pub fn finish_replies(&self, most: Duration) {
        self.0.finish_replies(most);
    }

    /// Judgements of turns that are remembered now.
    pub fn remembered(&self) -> usize {
        self.0.remembered()
    }

    /// Whether a turn handed in now would find a thread that works; for readiness.
    pub fn is_able(&self) -> bool {
        self.0.is_able()
    }
}

impl Classifier for OnnxClassifier {
    fn judge(&self, turn: Id, conversation: &Conversation<'_>, at: usize) -> Judging {
        self.0.judge(turn, conversation, at)
    }

    fn model(&self) -> Option<ModelId> {
        self.0.model()
    }

    fn reads_replies(&self) -> bool {
        self.0.reads_replies()
    }

    fn read_reply(&self, reply: ReplyTurn) {
        self.0.read_reply(reply);
    }
}

/// Settings of an [`OnnxClassifier`].
#[derive(Clone, Debug)]
#[must_use]
pub struct OnnxClassifierBuilder {
    files: Source,
    runtime: Option<PathBuf>,
    base_rate: f64,
    options: PoolOptions,
}

/// Where the model comes from; read when it is built.
#[derive(Clone, Debug)]
enum Source {
    Builtin,
    Folder(PathBuf),
    Files(ModelFiles),
}

impl OnnxClassifierBuilder {
    /// Takes the model from a folder with `model.onnx`, `tokenizer.json` and `labels.json`.
    pub fn model_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.files = Source::Folder(folder.into());
        self
    }

    /// Takes the model from memory.
    pub fn model(mut self, files: ModelFiles) -> Self {
        self.files = Source::Files(files);
        self
    }

    /// Loads ONNX Runtime from this library instead of looking for it.
    pub fn runtime(mut self, library: impl Into<PathBuf>) -> Self {
        self.runtime = Some(library.into());
        self
    }

    /// The share of turns that truly need a question (0.03 unless set); `need` is calibrated to it.
    pub fn base_rate(mut self, share: f64) -> Self {
        self.base_rate = share;
        self
    }

    /// Threads, queue, deadline and memory.
    pub fn pool(mut self, options: PoolOptions) -> Self {
        self.options = options;
        self
    }

    /// Loads and warms a session for each thread.
    ///
    /// # Errors
    /// If a setting is out of range, ONNX Runtime or the model does not load, or a thread cannot be started.
    pub fn build(self) -> Result<OnnxClassifier> {
        let files = match self.files {
            Source::Builtin => ModelFiles::builtin(),
            Source::Folder(folder) => ModelFiles::read(&folder)?,
            Source::Files(files) => files,
        };
        let plan = Arc::new(Plan::new(files, self.base_rate)?);
        let (id, runtime) = (plan.id(), self.runtime);
        ThreadedClassifier::start(self.options, Some(id), move || {
            Ok(Box::new(Model::load(&plan, runtime.as_deref())?) as Box<dyn Judge>)
        })
        .map(OnnxClassifier)
    }
}

impl Judge for Model {
    fn judge(&mut self, window: &Window) -> Result<Judgement> {
        self.judge_user(window)
    }

    fn reads_replies(&self) -> bool {
        true
    }

    fn judge_reply(&mut self, window: &Window) -> Result<Option<AssistantJudgement>> {
        self.judge_assistant(window).map(Some)
    }
}
