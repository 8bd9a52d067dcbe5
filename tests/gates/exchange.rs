//! One request on its way through the engine, with a classifier and a policy that always find something to ask.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use groundwire::act::Intervention;
use groundwire::classify::{Classifier, Judging, ModelId};
use groundwire::dialogue::{Conversation, Delivery, Gap, GroundingAct, Id, IdentityKey, Label};
use groundwire::engine::{Admission, Grounder, Prepared, ToolsOffered};
use groundwire::policy::RulePolicy;
use http::request::Parts;

use super::told::{Records, judgement};

/// A request as it was recorded: head, empty line, body.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn parse(recorded: &[u8]) -> Self {
        let ends: Vec<_> = [&b"\r\n\r\n"[..], b"\n\n"]
            .iter()
            .filter_map(|end| find(recorded, end).map(|at| (at, end.len())))
            .collect();
        let &(end, width) = ends.iter().min().expect("a head");
        let head = std::str::from_utf8(&recorded[..end]).unwrap();
        let mut lines = head.lines();
        let mut line = lines.next().unwrap().split(' ');
        let mut request = http::Request::builder().method(line.next().unwrap()).uri(line.next().unwrap());
        for header in lines {
            let (name, value) = header.split_once(':').expect(header);
            request = request.header(name.trim(), value.trim());
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        Self { head, body: Bytes::copy_from_slice(&recorded[end + width..]) }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A classifier that always misses the material, and remembers the turn that it was shown.
#[derive(Clone, Default)]
struct Asks(Arc<Mutex<String>>);

impl Classifier for Asks {
    fn judge(&self, _: Id, conversation: &Conversation<'_>, at: usize) -> Judging {
        let said = conversation.turns[at].texts().map(|text| text.decode().unwrap().into_owned()).collect::<Vec<_>>();
        *self.0.lock().unwrap() = said.join(" | ");
        Judging::ready(Ok(Arc::new(judgement(0.9, Gap::MissingMaterial))))
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}

/// A turn, and the one before it.
pub(crate) type Identity = (Option<Id>, Option<Id>);

/// What a request is as a turn, whatever is done with it; and what becomes of its body where requests that offer tools are
/// steered like any other.
pub(crate) fn identity(request: &Request) -> (Identity, Option<Bytes>) {
    let policy = RulePolicy::from_toml(r#"rules = [{ act = "clarify", ambiguity = 0.5 }]"#).unwrap();
    let key = IdentityKey::derive(b"gates");
    let builder = Grounder::builder(Asks::default(), policy).identity_key(key);
    let grounder = builder.configure(|settings| settings.tools = ToolsOffered::Steer).build();
    let mut head = request.head.clone();
    let of = |record: &groundwire::observe::Record| (record.turn, record.parent);
    let Admission::Read(admitted) = grounder.admit(&mut head, Instant::now()) else { return ((None, None), None) };
    match grounder.prepare(*admitted, &request.body) {
        Prepared::Pass(pending) => (of(pending.record()), None),
        Prepared::Judge(turn, judging) => {
            let done = grounder.conclude(*turn, ready(judging), &request.body);
            check(&request.body, &done.intervention);
            let edited = match done.intervention {
                Intervention::Edit(edited) => Some(edited),
                _ => None,
            };
            (of(done.pending.record()), edited)
        }
        other => panic!("{other:?}"),
    }
}

/// What is done with a request: a bypass and the sign that told, or how the question is delivered; and, behind a tab, the turn
/// as the classifier saw it.
pub(crate) fn outcome(request: &Request) -> String {
    let policy =
        RulePolicy::from_toml(r#"rules = [{ act = "clarify", delivery = "reply", ambiguity = 0.5 }]"#).unwrap();
    let (classifier, records) = (Asks::default(), Records::default());
    let grounder = Grounder::builder(classifier.clone(), policy).observer(records.clone()).build();
    let mut head = request.head.clone();
    let pending = match grounder.admit(&mut head, Instant::now()) {
        Admission::NotACall => return "not_a_call\t".to_owned(),
        Admission::Pass(pending) => pending,
        Admission::Read(admitted) => match grounder.prepare(*admitted, &request.body) {
            Prepared::Pass(pending) => pending,
            Prepared::Judge(turn, judging) => {
                let verdict = ready(judging);
                let done = grounder.conclude(*turn, verdict, &request.body);
                check(&request.body, &done.intervention);
                let record = done.pending.record();
                let how = match (record.delivery, record.held_back) {
                    (Delivery::Observe, Some(held)) => format!("observe {}", Label::as_str(held)),
                    (delivery, _) => Label::as_str(delivery).to_owned(),
                };
                let how = if record.act == GroundingAct::None { "nothing".to_owned() } else { how };
                return format!("{how}\t{}", excerpt(&classifier.0.lock().unwrap()));
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let record = pending.record();
    let bypass = record.bypass.expect("a reason");
    match &record.reason {
        Some(sign) => format!("{bypass} ({sign})\t"),
        None => format!("{bypass}\t"),
    }
}

/// What this classifier says, it says at once.
fn ready<T>(judging: impl Future<Output = T>) -> T {
    match pin!(judging).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(verdict) => verdict,
        Poll::Pending => panic!("a verdict that is not there yet"),
    }
}

/// An edit is one span, and what it leaves is JSON.
fn check(body: &Bytes, intervention: &Intervention) {
    let Intervention::Edit(edited) = intervention else { return };
    let added = edited.len() - body.len();
    let start = body.iter().zip(edited).take_while(|(one, other)| one == other).count();
    assert!((0..=start).rev().any(|at| body[at..] == edited[at + added..]), "one span and no more is added");
    serde_json::from_slice::<serde::de::IgnoredAny>(edited).expect("what was edited is JSON");
}

fn excerpt(text: &str) -> String {
    let line = text.replace('\n', "\\n").replace('\t', "\\t");
    match line.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
