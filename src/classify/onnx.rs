//! The model in ONNX Runtime: one session, one judgement at a time.

use std::path::Path;
use std::sync::Arc;

use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::{TensorElementType, TensorRef, ValueType};

use super::calibrate::{PriorShift, sigmoid, softmax};
use super::files::ModelFiles;
use super::labels::{Head, Labels};
use super::tokenize::{Tokens, WindowTokenizer};
use super::{AssistantJudgement, Excerpt, Judgement, Mark, ModelId, Window, runtime};
use crate::dialogue::{Distribution, Label, Role};
use crate::error::{Error, Result};

/// The model's one output: a row of logits for each window.
const OUTPUT: &str = "logits";

/// What a model is made of, checked, and shared by its sessions.
pub(super) struct Plan {
    files: ModelFiles,
    labels: Labels,
    tokenizer: WindowTokenizer,
    shift: PriorShift,
    id: ModelId,
}

impl Plan {
    /// Checks `labels.json` and `tokenizer.json`, and fixes the base rate.
    pub(super) fn new(files: ModelFiles, base_rate: f64) -> Result<Self> {
        let labels = Labels::from_bytes(&files.labels)?;
        let tokenizer = WindowTokenizer::from_bytes(&files.tokenizer, labels.most_tokens)?;
        let shift = PriorShift::new(labels.prior, base_rate)?;
        let id = files.id();
        Ok(Self { files, labels, tokenizer, shift, id })
    }

    /// The model's identity.
    pub(super) fn id(&self) -> ModelId {
        self.id
    }
}

/// A loaded model that judges on the thread that calls it.
///
/// For use offline; in front of live traffic, [`OnnxClassifier`](super::OnnxClassifier) keeps deadlines and survives
/// what a model can do wrong.
pub struct Model {
    plan: Arc<Plan>,
    session: Session,
    /// What the model wants, in its order.
    inputs: Vec<Input>,
}

/// A judgement of whichever kind fits the speaker.
#[derive(Clone, Debug)]
pub enum Scores {
    /// Of a user's turn.
    User(Judgement),
    /// Of an assistant's message.
    Assistant(AssistantJudgement),
}

/// An input that a model may declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Ids,
    Mask,
    Types,
}

impl Input {
    const ALL: [(&'static str, Self); 3] =
        [("input_ids", Self::Ids), ("attention_mask", Self::Mask), ("token_type_ids", Self::Types)];

    fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }
}

impl Model {
    /// Loads a model and runs it once.
    ///
    /// `base_rate` is the share of turns that truly need a question, to which `need` is calibrated (0.03 unless the
    /// traffic is known). `runtime` is the path of an ONNX Runtime library; `None` looks in the usual places.
    ///
    /// # Errors
    /// If ONNX Runtime or one of the files does not load, they do not fit together, or the base rate is out of range.
    pub fn from_files(files: ModelFiles, base_rate: f64, runtime: Option<&Path>) -> Result<Self> {
        Self::load(&Arc::new(Plan::new(files, base_rate)?), runtime)
    }

    /// The model that comes with this crate, at the default base rate.
    ///
    /// # Errors
    /// If ONNX Runtime does not load.
    pub fn builtin() -> Result<Self> {
        Self::from_files(ModelFiles::builtin(), super::calibrate::BASE_RATE, None)
    }

    /// One more session of the model that `plan` describes.
    pub(super) fn load(plan: &Arc<Plan>, runtime: Option<&Path>) -> Result<Self> {
        let environment = runtime::start(runtime)?;
        // One thread: a judgement must not fight the proxy for cores, and several sessions scale better than several
        // threads. Spinning would burn a core between turns. Arena and prepacking are on unless switched off.
        let session = Session::builder(&environment)
            .and_then(|builder| Ok(builder.with_intra_threads(1)?))
            .and_then(|builder| Ok(builder.with_inter_threads(1)?))
            .and_then(|builder| Ok(builder.with_intra_op_spinning(false)?))
            .and_then(|builder| Ok(builder.with_inter_op_spinning(false)?))
            .and_then(|builder| Ok(builder.with_optimization_level(GraphOptimizationLevel::All)?))
            .and_then(|mut builder| builder.commit_from_memory(&plan.files.onnx))
            .map_err(|e| Error::model("model.onnx cannot be loaded").with(e.to_string()))?;
        let inputs = inputs(&session)?;
        let mut model = Self { plan: Arc::clone(plan), session, inputs };
        // The first run allocates, and shows whether the files belong together.
        model.judge(&warm_up())?;
        Ok(model)
    }

    /// The model's identity.
    pub fn id(&self) -> ModelId {
        self.plan.id
    }

    /// Judges the message that `window` is on.
    ///
    /// # Errors
    /// If the model does not run, or answers with something that is no score.
    pub fn judge(&mut self, window: &Window) -> Result<Scores> {
        Ok(match window.turn.role {
            Role::Assistant => Scores::Assistant(self.judge_assistant(window)?),
            _ => Scores::User(self.judge_user(window)?),
        })
    }

    /// Judges a user's turn.
    ///
    /// # Errors
    /// As [`judge`](Self::judge).
    pub fn judge_user(&mut self, window: &Window) -> Result<Judgement> {
        let (row, tokens) = self.run(window)?;
        let Plan { labels, shift, id, .. } = &*self.plan;
        let yes = |head: &Head| head.logits(&row).iter().map(|&z| sigmoid(z)).next().unwrap_or_default();
        Ok(Judgement {
            need: distribution(&shift.softmax(&labels.need.logits(&row)))?,
            gap: distribution(&softmax(&labels.gap.logits(&row)))?,
            user_act: distribution(&softmax(&labels.user_act.logits(&row)))?,
            emotion: yes(&labels.emotion),
            crisis: labels.crisis.as_ref().map(yes),
            tokens,
            model: *id,
        })
    }

    /// Judges an assistant's message.
    ///
    /// # Errors
    /// As [`judge`](Self::judge).
    pub fn judge_assistant(&mut self, window: &Window) -> Result<AssistantJudgement> {
        let (row, tokens) = self.run(window)?;
        let acts: Vec<f32> = self.plan.labels.assistant_act.logits(&row).into_iter().map(sigmoid).collect();
        Ok(AssistantJudgement { acts: distribution(&acts)?, tokens })
    }

    /// The logits of one window, and how many tokens it took.
    fn run(&mut self, window: &Window) -> Result<(Vec<f32>, usize)> {
        let Tokens { ids, types } = self.plan.tokenizer.encode(window)?;
        let tokens = ids.len();
        let mask = vec![1_i64; tokens];
        let failed = |e: ort::Error| Error::model("the model failed").with(e.to_string());
        let feed = self
            .inputs
            .iter()
            .map(|&input| {
                let values = match input {
                    Input::Ids => &ids,
                    Input::Mask => &mask,
                    Input::Types => &types,
                };
                let tensor = TensorRef::from_array_view(([1, tokens], values.as_slice()))?;
                Ok((input.name(), SessionInputValue::from(tensor)))
            })
            .collect::<ort::Result<Vec<_>>>()
            .map_err(failed)?;
        let outputs = self.session.run(feed).map_err(failed)?;
        let logits = outputs.get(OUTPUT).ok_or_else(|| Error::model("the model gave no logits"))?;
        let (shape, row) = logits.try_extract_tensor::<f32>().map_err(failed)?;
        let width = self.plan.labels.width;
        if shape[..] != [1, width as i64] {
            return Err(Error::model(format!(
                "model.onnx and labels.json do not belong together: logits of shape {shape:?}, but {width} labels"
            )));
        }
        if row.iter().any(|z| !z.is_finite()) {
            return Err(Error::model("the model gave logits that are not numbers"));
        }
        Ok((row.to_vec(), tokens))
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("id", &self.plan.id).finish_non_exhaustive()
    }
}

/// What the model declares: known inputs of 64-bit integers, token ids among them, and the one output.
fn inputs(session: &Session) -> Result<Vec<Input>> {
    let inputs = session
        .inputs()
        .iter()
        .map(|outlet| {
            let known = Input::ALL.into_iter().find(|(name, _)| *name == outlet.name());
            let fits = matches!(outlet.dtype(), ValueType::Tensor { ty: TensorElementType::Int64, .. });
            known.filter(|_| fits).map(|(_, input)| input).ok_or_else(|| {
                Error::model(format!(
                    "model.onnx wants {} of type {}; known are input_ids, attention_mask and token_type_ids of int64",
                    outlet.name(),
                    outlet.dtype()
                ))
            })
        })
        .collect::<Result<Vec<_>>>()?;
    if !inputs.contains(&Input::Ids) {
        return Err(Error::model("model.onnx has no input input_ids"));
    }
    let is_output = |outlet: &ort::value::Outlet| {
        outlet.name() == OUTPUT && matches!(outlet.dtype(), ValueType::Tensor { ty: TensorElementType::Float32, .. })
    };
    if !session.outputs().iter().any(is_output) {
        return Err(Error::model("model.onnx has no output logits of float32"));
    }
    Ok(inputs)
}

fn distribution<L: Label>(values: &[f32]) -> Result<Distribution<L>> {
    Distribution::new(values).ok_or_else(|| Error::model("the model gave scores that are not numbers"))
}

/// A window as large as they get, so that later runs find their memory allocated.
fn warm_up() -> Window {
    let excerpt = |role, words: usize| Excerpt { role, head: "and then it ".repeat(words), tail: None };
    Window {
        turn: excerpt(Role::User, 50),
        context: vec![excerpt(Role::Assistant, 20), excerpt(Role::User, 20)],
        system: Some(excerpt(Role::System, 10)),
        marks: vec![Mark::JudgedUser, Mark::HasSystem, Mark::Second],
    }
}

#[cfg(all(test, feature = "bundled"))]
#[path = "onnx_tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;
