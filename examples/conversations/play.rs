//! Playing a script: the user, the engine with one policy, and an assistant, which is scripted or a real endpoint.

use bytes::Bytes;
use groundwire::Grounder;
use groundwire::dialogue::{GroundingAct, Role, Turn};
use groundwire::engine::explain::{Explanation, Forwarded};
use groundwire::policy::asks;
use http::Request;
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::measure::{Carried, common_prefix, texts};
use super::script::{Script, unmarked};

/// Tokens of an answer at most.
const ANSWER: u32 = 240;

/// What became of one script under one policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Played {
    /// What the last user turn carries as it was forwarded.
    pub(crate) last: Carried,
    /// What all messages before it carry, as forwarded.
    pub(crate) history: Carried,
    /// What the last answer carries, of a real endpoint.
    pub(crate) answer: Option<Carried>,
    /// Questions that we had asked.
    pub(crate) questions: usize,
    /// Questions right after a question.
    pub(crate) in_a_row: usize,
    /// User turns.
    pub(crate) turns: usize,
    /// Answers before everything was said.
    pub(crate) drafts: usize,
    /// Bytes that each request has in common with the one before it, as forwarded; and had everything gone on untouched.
    pub(crate) prefix: (usize, usize),
    /// Acts performed, in order.
    pub(crate) acts: Vec<GroundingAct>,
    /// The last user turn as it was forwarded.
    pub(crate) forwarded: String,
}

/// Plays `script` with `grounder`'s policy.
pub(crate) async fn play(script: &Script, grounder: &Grounder, endpoint: Option<&Endpoint>) -> Result<Played, String> {
    let mut played = Played::default();
    let mut messages: Vec<Value> = Vec::new();
    let (mut sent_before, mut forwarded_before) = (Bytes::new(), Bytes::new());
    let mut asked = false;
    for (i, turn) in script.turns.iter().enumerate() {
        let says = turn.short.as_ref().filter(|_| asked).unwrap_or(&turn.says);
        messages.push(json!({ "role": "user", "content": unmarked(says) }));
        let model = endpoint.map_or("scripted", |endpoint| &endpoint.model);
        let mut body = json!({ "model": model, "messages": messages });
        if endpoint.is_some() {
            // The same answer every time, as far as the server can, and none that never ends.
            body["temperature"] = 0.into();
            body["max_tokens"] = ANSWER.into();
        }
        let sent = Bytes::from(body.to_string());
        let told = explain(grounder, sent.clone()).await?;
        let act = told.record.as_ref().map_or(GroundingAct::None, |record| record.performed());
        let forwarded = match &told.forwarded {
            Forwarded::Same { .. } => sent.clone(),
            Forwarded::Edited { body, .. } => Bytes::from(body.clone()),
            other => return Err(format!("{}: nothing of it goes on: {other:?}", script.id)),
        };
        let asks_now = act == GroundingAct::Clarify;
        played.turns += 1;
        played.in_a_row += usize::from(asks_now && played.acts.last() == Some(&GroundingAct::Clarify));
        played.questions += usize::from(asks_now);
        played.acts.push(act);
        if i > 0 {
            played.prefix.0 += common_prefix(&forwarded_before, &forwarded);
            played.prefix.1 += common_prefix(&sent_before, &sent);
        }
        let last = i + 1 == script.turns.len();
        let reply = match endpoint {
            Some(endpoint) => endpoint.ask(&forwarded).await?,
            None => scripted(script, i, asks_now),
        };
        asked = match endpoint {
            // Whatever made it ask.
            Some(_) => asks(&Turn::new(Role::Assistant, &reply)),
            None => asks_now,
        };
        played.drafts += usize::from(!asked && !last);
        if last {
            let (turn, history) = texts(&forwarded);
            played.last = Carried::by(script, &turn);
            played.history = Carried::by(script, &history);
            played.answer = endpoint.map(|_| Carried::by(script, &reply));
            played.forwarded = turn;
        }
        messages.push(json!({ "role": "assistant", "content": reply }));
        (sent_before, forwarded_before) = (sent, forwarded);
    }
    Ok(played)
}

/// A scripted assistant asks what the script has it ask before the next turn, if it is told to ask.
fn scripted(script: &Script, at: usize, asks: bool) -> String {
    let question = script.turns.get(at + 1).and_then(|next| next.asked.as_deref());
    match (asks, question) {
        (true, Some(question)) => unmarked(question),
        (true, None) => "Could you tell me a little more about what you need?".to_owned(),
        (false, _) => script.drafts[at % script.drafts.len()].clone(),
    }
}

async fn explain(grounder: &Grounder, body: Bytes) -> Result<Explanation, String> {
    let request = Request::post("/v1/chat/completions").header("content-type", "application/json");
    let (head, body) = request.body(body).map_err(|e| e.to_string())?.into_parts();
    Ok(grounder.explain(head, body).await)
}
