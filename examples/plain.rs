//! The plain library, without ONNX Runtime, TOML, tokio or tower: `cargo run --no-default-features --example plain`.
//!
//! The engine alone, a classifier of one's own, rules made in Rust, and a loop that polls. What a host does with a
//! request is what the layer does: admit, prepare, wait for the judgement, conclude, and say what came of it.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Instant;

use bytes::Bytes;
use groundwire::Grounder;
use groundwire::act::Intervention;
use groundwire::classify::{Classifier, Judgement, Judging, ModelId};
use groundwire::dialogue::{Bypass, Conversation, Distribution, Gap, GroundingAct, Id, UserAct};
use groundwire::engine::{Admission, Outcome, Prepared};
use groundwire::observe::{Ending, Observer, Record};
use groundwire::policy::{Rule, RulePolicy};
use groundwire::wire::ResponseReader;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, StatusCode};

/// Finds that a turn points at a text which did not come with it.
struct Pointing;

impl Classifier for Pointing {
    fn judge(&self, _: Id, conversation: &Conversation<'_>, at: usize) -> Judging {
        let Some(text) = conversation.turns.get(at).and_then(|turn| turn.texts().next()) else {
            return Judging::ready(Err(Bypass::NotHumanText));
        };
        let Some((said, _)) = text.ends(200, 0) else { return Judging::ready(Err(Bypass::Malformed)) };
        let points = said.contains("below") && said.len() < 80;
        Judging::ready(judgement(points).map(Arc::new).ok_or(Bypass::ClassifierFailed))
    }

    fn model(&self) -> Option<ModelId> {
        Some(ModelId::of(&[b"pointing, version 1"]))
    }
}

fn judgement(points: bool) -> Option<Judgement> {
    let sure = |labels: usize, at: usize| (0..labels).map(|i| if i == at { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
    Some(Judgement {
        need: Distribution::new(&sure(3, if points { 2 } else { 0 }))?,
        gap: Distribution::new(&sure(6, Gap::MissingMaterial as usize))?,
        user_act: Distribution::new(&sure(11, UserAct::Request as usize))?,
        emotion: 0.0,
        crisis: None,
        tokens: 0,
        model: ModelId::of(&[b"pointing, version 1"]),
    })
}

fn main() -> Result<(), http::Error> {
    let rule = Rule { ambiguity: Some(0.5), ..Rule::plain(GroundingAct::Clarify) };
    let policy = RulePolicy { name: "one-rule".to_owned(), rules: vec![rule] };
    let grounder = Grounder::builder(Pointing, policy).observer(Print).build();
    for (path, text) in [
        ("/v1/chat/completions", "What is the speed of light?"),
        ("/v1/chat/completions", "Translate the paragraph below into Spanish."),
        ("/v1/embeddings", "Translate the paragraph below into Spanish."),
    ] {
        let body = Bytes::from(format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#));
        let request = Request::post(path).header("content-type", "application/json").body(())?;
        println!("{path}: {}", ground(&grounder, request, &body));
    }
    Ok(())
}

/// What becomes of a request.
fn ground(grounder: &Grounder, request: Request<()>, body: &Bytes) -> String {
    let (mut head, ()) = request.into_parts();
    let admitted = match grounder.admit(&mut head, Instant::now()) {
        Admission::Read(admitted) => admitted,
        _ => return "passed, unread".to_owned(),
    };
    let (turn, judging) = match grounder.prepare(*admitted, body) {
        Prepared::Judge(turn, judging) => (turn, judging),
        Prepared::Pass(pending) => return format!("passed: {:?}", pending.record().bypass),
        _ => return "passed".to_owned(),
    };
    let verdict = wait(judging);
    let Outcome { intervention, mut pending, .. } = grounder.conclude(*turn, verdict, body);
    let done = match intervention {
        Intervention::Edit(edited) => {
            format!("{}, {} bytes added", pending.record().act.as_str(), edited.len() - body.len())
        }
        Intervention::Reply(reply) => format!("answered in {} bytes", reply.body.len()),
        _ => "passed as it is".to_owned(),
    };
    // Here a host sends the request on. What comes back is told to the record, and read beside its way to the client.
    pending.forwarded();
    pending.answered(StatusCode::OK);
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    let mut reader = ResponseReader::new(pending.record().dialect, StatusCode::OK, &headers);
    reader.feed(REPLY);
    pending.finish(Ending::Complete, Some(reader.finish()));
    done
}

/// What an LLM might say.
const REPLY: &[u8] =
    br#"{"choices":[{"message":{"role":"assistant","content":"299,792 km/s"},"finish_reason":"stop"}],"usage":{"completion_tokens":7}}"#;

/// Prints records; a real one hands them to a thread of its own.
struct Print;

impl Observer for Print {
    fn turn(&self, record: &Arc<Record>) {
        println!("recorded: {:?}, finish reason {:?}", record.ending, record.finish_reason.as_deref().unwrap_or("-"));
    }
}

/// Waits for a future on this thread. A judgement keeps its own deadline, so this ends.
fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
