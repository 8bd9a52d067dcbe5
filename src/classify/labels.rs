//! `labels.json`: which column of the model's output means what, and how it is calibrated.
//!
//! The file may list heads and labels in any order; what is read here is in the order of [`Label::ALL`]. Everything
//! is checked when the model is loaded, so that a model of another version is refused and never misread.

use serde::Deserialize;

use crate::dialogue::{AssistantAct, Gap, Label, Need, UserAct};
use crate::error::{Error, Result};

/// The layout of the file that this version reads.
const SCHEMA: u32 = 1;

/// What the columns of a model's output mean.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    /// Most tokens of a window.
    pub(super) most_tokens: usize,
    /// Share of turns of each need that `need` is calibrated at; sums to one.
    pub(super) prior: [f64; Need::ALL.len()],
    /// One of `proceed`, `assume`, `ask`.
    pub(super) need: Head,
    /// One of the gaps.
    pub(super) gap: Head,
    /// Emotional disclosure, yes or no.
    pub(super) emotion: Head,
    /// One of the user's acts.
    pub(super) user_act: Head,
    /// Any of the assistant's acts.
    pub(super) assistant_act: Head,
    /// Language of a crisis, yes or no; models may do without.
    pub(super) crisis: Option<Head>,
    /// Columns of the output.
    pub(super) width: usize,
}

/// The columns of one head, one a label, in the order of [`Label::ALL`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    columns: Vec<usize>,
    biases: Vec<f64>,
    temperature: f64,
}

impl Head {
    /// Calibrated logits: `z / temperature + bias`.
    ///
    /// `output` is one row of the model's output and as wide as [`Labels::width`].
    pub(super) fn logits(&self, output: &[f32]) -> Vec<f64> {
        self.columns
            .iter()
            .zip(&self.biases)
            .map(|(&column, bias)| f64::from(output[column]) / self.temperature + bias)
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    schema: u32,
    max_tokens: usize,
    heads: Vec<FileHead>,
    prior: Prior,
}

#[derive(Deserialize)]
struct Prior {
    proceed: f64,
    assume: f64,
    ask: f64,
}

#[derive(Deserialize)]
struct FileHead {
    name: String,
    kind: Kind,
    labels: Vec<String>,
    #[serde(default = "one")]
    temperature: f64,
    bias: Option<Vec<f64>>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Exclusive labels.
    Softmax,
    /// Independent labels.
    Sigmoid,
}

fn one() -> f64 {
    1.0
}

impl Labels {
    /// Reads and checks a `labels.json`.
    ///
    /// # Errors
    /// If it is not of the schema that this version reads, or does not name the heads and labels it knows, and no others; `crisis` may be missing.
    pub(super) fn from_bytes(json: &[u8]) -> Result<Self> {
        let file: File =
            serde_json::from_slice(json).map_err(|e| Error::model("labels.json cannot be read").with(e))?;
        if file.schema != SCHEMA {
            return Err(wrong(format!("schema is {}; this version of groundwire reads {SCHEMA}", file.schema)));
        }
        if !(32..=512).contains(&file.max_tokens) {
            return Err(wrong(format!("max-tokens is {}, not 32 to 512", file.max_tokens)));
        }
        let width = file.heads.iter().map(|head| head.labels.len()).sum();
        let mut placed = Vec::new();
        let mut from = 0;
        for head in &file.heads {
            if placed.iter().any(|&(_, before): &(usize, &FileHead)| before.name == head.name) {
                return Err(wrong(format!("head {} is there twice", head.name)));
            }
            placed.push((from, head));
            from += head.labels.len();
        }
        let labels = Self {
            most_tokens: file.max_tokens,
            prior: prior(&file.prior)?,
            need: head(&mut placed, "need", Kind::Softmax, &names::<Need>())?,
            gap: head(&mut placed, "gap", Kind::Softmax, &names::<Gap>())?,
            emotion: head(&mut placed, "emotion", Kind::Sigmoid, &["disclosure"])?,
            user_act: head(&mut placed, "user_act", Kind::Softmax, &names::<UserAct>())?,
            assistant_act: head(&mut placed, "assistant_act", Kind::Sigmoid, &names::<AssistantAct>())?,
            crisis: match placed.iter().any(|(_, head)| head.name == "crisis") {
                true => Some(head(&mut placed, "crisis", Kind::Sigmoid, &["danger"])?),
                false => None,
            },
            width,
        };
        match placed.first() {
            Some((_, unknown)) => Err(wrong(format!("head {} is unknown to this version", unknown.name))),
            None => Ok(labels),
        }
    }
}

fn names<L: Label>() -> Vec<&'static str> {
    L::ALL.iter().map(|label| label.as_str()).collect()
}

fn prior(prior: &Prior) -> Result<[f64; Need::ALL.len()]> {
    let shares = [prior.proceed, prior.assume, prior.ask];
    let sum: f64 = shares.iter().sum();
    if !shares.iter().all(|share| *share > 0.0 && *share < 1.0) || (sum - 1.0).abs() > 1e-3 {
        return Err(wrong(format!("prior is {shares:?}: the shares must be positive and sum to 1")));
    }
    Ok(shares.map(|share| share / sum))
}

/// Takes the head called `name` out of `placed` and brings its labels into our order.
fn head(placed: &mut Vec<(usize, &FileHead)>, name: &str, kind: Kind, ours: &[&str]) -> Result<Head> {
    let at = placed
        .iter()
        .position(|(_, head)| head.name == name)
        .ok_or_else(|| wrong(format!("head {name} is missing")))?;
    let (from, head) = placed.remove(at);
    let wrong = |message: String| wrong(format!("head {name}: {message}"));
    if head.kind != kind {
        return Err(wrong(format!("its kind is {:?}, not {kind:?}", head.kind)));
    }
    if let Some(unknown) = head.labels.iter().find(|label| !ours.contains(&label.as_str())) {
        return Err(wrong(format!("label {unknown:?} is none of {}", ours.join(", "))));
    }
    if head.labels.len() != ours.len() {
        return Err(wrong(format!("{} labels, not {}", head.labels.len(), ours.len())));
    }
    if !(head.temperature.is_finite() && head.temperature > 0.0) {
        return Err(wrong(format!("its temperature is {}, not a positive number", head.temperature)));
    }
    let file_biases = match &head.bias {
        None => vec![0.0; ours.len()],
        Some(biases) if biases.len() == ours.len() && biases.iter().all(|b| b.is_finite()) => biases.clone(),
        Some(biases) => return Err(wrong(format!("bias is {biases:?}, not one finite number a label"))),
    };
    let positions = ours
        .iter()
        .map(|ours| {
            head.labels
                .iter()
                .position(|label| label == ours)
                .ok_or_else(|| wrong(format!("label {ours:?} is missing, another is there twice")))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Head {
        columns: positions.iter().map(|position| from + position).collect(),
        biases: positions.iter().map(|&position| file_biases[position]).collect(),
        temperature: head.temperature,
    })
}

fn wrong(message: String) -> Error {
    Error::model(format!("labels.json: {message}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn file() -> Value {
        json!({
            "schema": 1, "name": "ambiguity", "version": "1", "max-tokens": 128,
            "heads": [
                {"name": "need", "kind": "softmax", "labels": ["proceed", "assume", "ask"],
                 "temperature": 2.0, "bias": [0, 0.5, -0.5]},
                {"name": "gap", "kind": "softmax", "labels": names::<Gap>()},
                {"name": "emotion", "kind": "sigmoid", "labels": ["disclosure"]},
                {"name": "user_act", "kind": "softmax", "labels": names::<UserAct>()},
                {"name": "assistant_act", "kind": "sigmoid", "labels": names::<AssistantAct>()},
            ],
            "prior": {"proceed": 0.93, "assume": 0.04, "ask": 0.03},
        })
    }

    fn read(file: &Value) -> Result<Labels> {
        Labels::from_bytes(&serde_json::to_vec(file).unwrap())
    }

    #[test]
    fn any_order_in_the_file_becomes_ours() {
        let mut file = file();
        file["heads"].as_array_mut().unwrap().swap(0, 2);
        file["heads"][2]["labels"] = json!(["ask", "proceed", "assume"]);
        file["heads"][2]["bias"] = json!([-0.5, 0, 0.5]);
        let labels = read(&file).unwrap();
        assert_eq!(labels.width, 30);
        // emotion 1 + gap 6, then ask, proceed, assume
        let mut output = vec![0.0; 30];
        output[7..10].copy_from_slice(&[6.0, 2.0, 4.0]);
        assert_eq!(labels.need.logits(&output), [1.0, 2.5, 2.5]);
        assert_eq!(labels.emotion.columns, [0]);
        assert_eq!(labels.crisis, None);
        file["heads"]
            .as_array_mut()
            .unwrap()
            .insert(0, json!({"name": "crisis", "kind": "sigmoid", "labels": ["danger"]}));
        let labels = read(&file).unwrap();
        assert_eq!((labels.crisis.unwrap().columns, labels.emotion.columns, labels.width), (vec![0], vec![1], 31));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let cases: [(&str, Value, &str); 12] = [
            ("/schema", json!(2), "schema is 2; this version of groundwire reads 1"),
            ("/max-tokens", json!(8), "max-tokens is 8"),
            ("/heads/0/name", json!("needs"), "head need is missing"),
            ("/heads/1/name", json!("need"), "head need is there twice"),
            ("/heads/0/kind", json!("sigmoid"), "head need: its kind is Sigmoid, not Softmax"),
            ("/heads/0/labels/2", json!("query"), "label \"query\" is none of proceed, assume, ask"),
            ("/heads/0/labels/2", json!("assume"), "label \"ask\" is missing"),
            ("/heads/0/labels", json!(["ask"]), "head need: 1 labels, not 3"),
            ("/heads/0/temperature", json!(0.0), "temperature is 0"),
            ("/heads/0/bias", json!([1.0]), "bias is [1.0]"),
            ("/prior/ask", json!(0.5), "prior is"),
            ("/prior/ask", json!(0.0), "prior is"),
        ];
        for (pointer, value, expected) in cases {
            let mut file = file();
            *file.pointer_mut(pointer).unwrap() = value;
            let error = read(&file).unwrap_err();
            assert!(error.is_model() && error.to_string().contains(expected), "{pointer}: {error}");
        }
        let mut file = file();
        file["heads"].as_array_mut().unwrap().push(json!({"name": "tone", "kind": "sigmoid", "labels": ["warm"]}));
        assert!(read(&file).unwrap_err().to_string().contains("head tone is unknown"));
        file["heads"][5] = json!({"name": "crisis", "kind": "sigmoid", "labels": ["warm"]});
        assert!(read(&file).unwrap_err().to_string().contains("head crisis: label \"warm\" is none of danger"));
        assert!(Labels::from_bytes(b"[]").unwrap_err().is_model());
    }
}
