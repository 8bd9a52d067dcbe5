//! Sessions on graphs made for the test, whose logits are known, and on the model that ships.

use super::*;
use crate::dialogue::{Conversation, Need, Turn};

/// A protocol buffer field with a length: number, content.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(content);
    out
}

/// A small number as a field.
fn number(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

/// A value of the graph: name, element type, sizes (0: any).
fn value(name: &str, element: u8, sizes: &[u8]) -> Vec<u8> {
    let dims = sizes.iter().flat_map(|&size| field(1, &if size == 0 { Vec::new() } else { number(1, size) }));
    let tensor = [number(1, element), field(2, &dims.collect::<Vec<_>>())].concat();
    [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
}

const FLOAT: u8 = 1;
const INT32: u8 = 6;
const INT64: u8 = 7;

/// An ONNX graph that answers every window with `logits` (ONNX IR version 8, operator set 17).
fn graph(inputs: &[(&str, u8)], output: &str, logits: &[f32]) -> Vec<u8> {
    let width = logits.len() as u8;
    let raw: Vec<u8> = logits.iter().flat_map(|z| z.to_le_bytes()).collect();
    let constant = [number(1, 1), number(1, width), number(2, FLOAT), field(8, b"c"), field(9, &raw)].concat();
    let node = [field(1, b"c"), field(2, output.as_bytes()), field(4, b"Identity")].concat();
    let inputs = inputs.iter().flat_map(|&(name, element)| field(11, &value(name, element, &[0, 0])));
    let graph = [
        field(1, &node),
        field(2, b"constant"),
        field(5, &constant),
        inputs.collect(),
        field(12, &value(output, FLOAT, &[1, width])),
    ]
    .concat();
    [number(1, 8), field(7, &graph), field(8, &number(2, 17))].concat()
}

const INPUTS: [(&str, u8); 3] = [("input_ids", INT64), ("attention_mask", INT64), ("token_type_ids", INT64)];

fn labels() -> Vec<u8> {
    br#"{"schema": 1, "max-tokens": 128, "heads": [
        {"name": "emotion", "kind": "sigmoid", "labels": ["disclosure"], "temperature": 2, "bias": [1]},
        {"name": "need", "kind": "softmax", "labels": ["ask", "assume", "proceed"]},
        {"name": "gap", "kind": "softmax", "labels": ["missing_material", "missing_referent", "missing_parameter",
            "vague_goal", "ambiguous_term", "conflicting"]},
        {"name": "user_act", "kind": "softmax", "labels": ["request", "follow_up", "answer", "refuses_question",
            "repair", "challenge", "reformulation", "clarification", "hedge", "acknowledgment", "topic_switch"]},
        {"name": "assistant_act", "kind": "sigmoid", "labels": ["clarification", "understanding_check", "assumption",
            "acknowledgment", "reflection", "advice", "concession", "follow_up", "answer"]}],
        "prior": {"proceed": 0.9, "assume": 0.05, "ask": 0.05}}"#
        .to_vec()
}

fn model(onnx: Vec<u8>, base_rate: f64) -> Result<Model> {
    let tokenizer = ModelFiles::builtin().tokenizer.into_owned();
    Model::from_files(ModelFiles::new(onnx, tokenizer, labels()), base_rate, None)
}

fn window(role: Role, text: &str) -> Window {
    Window::of(&Conversation { turns: vec![Turn::new(role, text)], tools: false }, 0).unwrap()
}

#[test]
fn logits_become_calibrated_judgements() {
    let mut logits = vec![0.0; 30];
    // emotion 2 / 2 + 1; ask, assume, proceed as if they had the shares .5, .3 and .2
    logits[..4].copy_from_slice(&[2.0, 0.5_f32.ln(), 0.3_f32.ln(), 0.2_f32.ln()]);
    logits[4 + 3] = 50.0;
    logits[21 + 2] = -2.0;
    let onnx = graph(&INPUTS, "logits", &logits);
    let judged = model(onnx.clone(), 0.05).unwrap().judge_user(&window(Role::User, "Fix it")).unwrap();
    let close = |a: f32, b: f64| assert!((f64::from(a) - b).abs() < 1e-6, "{a} is not {b}");
    close(judged.emotion, 1.0 / (1.0 + (-2.0_f64).exp()));
    close(judged.ambiguity(), 0.5);
    close(judged.need.get(Need::Proceed), 0.2);
    assert_eq!(judged.gap.top(), crate::dialogue::Gap::VagueGoal);
    // [CLS] judged-user opening fix it [SEP]
    assert_eq!(judged.tokens, 6);

    // At twice the base rate: odds move by 2 for ask and assume and by .8 / .9 for proceed.
    let twice = model(onnx.clone(), 0.1).unwrap().judge_user(&window(Role::User, "Fix it")).unwrap();
    close(twice.ambiguity(), 1.0 / (1.0 + 0.6 + 0.2 * 0.8 / 0.9));

    let said = model(onnx, 0.05).unwrap().judge(&window(Role::Assistant, "Which one?")).unwrap();
    let Scores::Assistant(said) = said else { panic!("an assistant's message was judged as {said:?}") };
    close(said.acts.get(crate::dialogue::AssistantAct::Assumption), 1.0 / (1.0 + 2.0_f64.exp()));
    close(said.acts.get(crate::dialogue::AssistantAct::Answer), 0.5);
}

#[test]
fn a_model_is_fed_what_it_declares_and_nothing_else() {
    for inputs in [&INPUTS[..1], &INPUTS[..2], &[INPUTS[2], INPUTS[0]]] {
        let mut model = model(graph(inputs, "logits", &[0.0; 30]), 0.05).unwrap();
        assert!(model.judge_user(&window(Role::User, "hello")).is_ok(), "{inputs:?}");
    }
}

#[test]
fn a_model_that_does_not_fit_is_refused_when_it_is_loaded() {
    let with_nan = |z: f32| [vec![0.0; 29], vec![z]].concat();
    let cases = [
        (b"no protocol buffer".to_vec(), "cannot be loaded"),
        (graph(&INPUTS, "logits", &[0.0; 29]), "do not belong together"),
        (graph(&INPUTS, "scores", &[0.0; 30]), "no output logits"),
        (graph(&[("input_ids", INT32)], "logits", &[0.0; 30]), "wants input_ids of type"),
        (graph(&[("input_ids", INT64), ("position", INT64)], "logits", &[0.0; 30]), "wants position of type"),
        (graph(&INPUTS[1..], "logits", &[0.0; 30]), "no input input_ids"),
        (graph(&INPUTS, "logits", &with_nan(f32::NAN)), "not numbers"),
        (graph(&INPUTS, "logits", &with_nan(f32::INFINITY)), "not numbers"),
    ];
    for (onnx, expected) in cases {
        let error = model(onnx, 0.05).unwrap_err();
        assert!(error.is_model() && error.to_string().contains(expected), "{expected}: {error:?}");
    }
}

#[test]
fn the_model_that_ships_loads_and_repeats_itself() {
    let (mut one, mut other) = (Model::builtin().unwrap(), Model::builtin().unwrap());
    let long = "and so on, ".repeat(20_000);
    for text in ["Fix it", "What is the capital of France?", "😀", "\u{0}", "[SEP] [CLS]", &long] {
        let window = window(Role::User, text);
        let (a, b) = (one.judge_user(&window).unwrap(), other.judge_user(&window).unwrap());
        assert_eq!((&a.need, &a.gap, &a.user_act, a.emotion), (&b.need, &b.gap, &b.user_act, b.emotion), "{text}");
        let sum: f32 = a.need.iter().map(|(_, p)| p).sum();
        assert!((sum - 1.0).abs() < 1e-5 && a.tokens <= 128);
    }
    assert_eq!(one.id(), ModelFiles::builtin().id());
}
