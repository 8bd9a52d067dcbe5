//! Which replies the layer hands to the classifier, and that each record is told once, whatever becomes of it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use groundwire::GroundingLayer;
use groundwire::classify::{AssistantJudgement, Classifier, Judging, ModelId, ReplyTurn};
use groundwire::dialogue::{AssistantAct, Bypass, Conversation, Delivery, Distribution, Gap, GroundingAct, Id};
use groundwire::engine::Grounder;
use groundwire::layer::RequestBody;
use groundwire::observe::Ending;
use groundwire::policy::{Decision, Situation};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Channel, Full};
use tower_layer::Layer;
use tower_service::Service;

#[path = "layer/steered.rs"]
mod steered;
#[path = "support/told.rs"]
mod told;

use told::{Records, judgement};

/// Judges every turn at once, and keeps the replies for the test to answer.
#[derive(Clone, Default)]
struct Reader {
    fails: bool,
    reads_none: bool,
    replies: Arc<Mutex<Vec<ReplyTurn>>>,
}

impl Classifier for Reader {
    fn judge(&self, _: Id, _: &Conversation<'_>, _: usize) -> Judging {
        if self.fails {
            let (judging, answer) = Judging::pending();
            answer.send(Err(Bypass::Deadline));
            return judging;
        }
        Judging::ready(Ok(Arc::new(judgement(1.0, Gap::MissingMaterial))))
    }

    fn model(&self) -> Option<ModelId> {
        None
    }

    fn reads_replies(&self) -> bool {
        !self.reads_none
    }

    fn read_reply(&self, reply: ReplyTurn) {
        assert!(!self.reads_none);
        self.replies.lock().unwrap().push(reply);
    }
}

/// A classifier from before replies were read.
struct Older(Reader);

impl Classifier for Older {
    fn judge(&self, turn: Id, conversation: &Conversation<'_>, at: usize) -> Judging {
        self.0.judge(turn, conversation, at)
    }

    fn model(&self) -> Option<ModelId> {
        None
    }
}

type Sent = Channel<Bytes, &'static str>;

/// Sends a chat completion through the layer to an upstream that answers with `response`.
async fn call(
    grounder: Grounder,
    request: &str,
    response: Response<Sent>,
) -> Response<groundwire::layer::ResponseBody<Sent>> {
    call_at(grounder, "/v1/chat/completions", request, response).await
}

/// The same, for any target.
async fn call_at(
    grounder: Grounder,
    target: &str,
    request: &str,
    response: Response<Sent>,
) -> Response<groundwire::layer::ResponseBody<Sent>> {
    let response = Arc::new(Mutex::new(Some(response)));
    let upstream = tower::service_fn(move |_: Request<RequestBody<Full<Bytes>>>| {
        let response = response.lock().unwrap().take().unwrap();
        async move { Ok::<_, Infallible>(response) }
    });
    let body = Full::new(Bytes::copy_from_slice(request.as_bytes()));
    let request = Request::post(format!("http://upstream{target}")).header(CONTENT_TYPE, "application/json");
    let mut service = GroundingLayer::new(grounder).layer(upstream);
    service.call(request.body(body).unwrap()).await.unwrap()
}

/// The head of a response and the other end of its body.
fn response(status: u16, kind: &str) -> (http_body_util::channel::Sender<Bytes, &'static str>, Response<Sent>) {
    let (feed, body) = Channel::new(8);
    (feed, Response::builder().status(status).header(CONTENT_TYPE, kind).body(body).unwrap())
}

const TURN: &str = r#"{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Go on."}]}"#;
const SAID: &str =
    r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"On what?"},"finish_reason":"stop"}]}"#;
const CHUNK: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"On what?\"},\"finish_reason\":null}]}\n\n";
const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

fn observed(classifier: impl Classifier, records: &Records) -> Grounder {
    let none = |_: &Situation<'_>| Decision::none("as the test wants");
    Grounder::builder(classifier, none).observer(records.clone()).build()
}

/// Lets a request be answered in full.
async fn exchange(classifier: impl Classifier, request: &str, status: u16, kind: &str, body: &str) -> Records {
    let records = Records::default();
    let (mut feed, head) = response(status, kind);
    let sent = call(observed(classifier, &records), request, head).await;
    feed.send_data(Bytes::copy_from_slice(body.as_bytes())).await.unwrap();
    drop(feed);
    assert_eq!(sent.into_body().collect().await.unwrap().to_bytes(), body);
    records
}

fn acts(pairs: &[(AssistantAct, f32)]) -> AssistantJudgement {
    let mut acts = [0.0; 9];
    pairs.iter().for_each(|&(act, p)| acts[act as usize] = p);
    AssistantJudgement { acts: Distribution::new(&acts).unwrap(), tokens: 9 }
}

#[tokio::test]
async fn a_record_waits_for_the_acts_of_its_reply() {
    for (kind, body) in
        [(JSON, SAID.to_owned()), (EVENTS, [CHUNK, END].concat()), (EVENTS, [CHUNK, CHUNK, END].concat())]
    {
        let reader = Reader::default();
        let records = exchange(reader.clone(), TURN, 200, kind, &body).await;
        assert!(records.all().is_empty(), "its acts are not yet known");
        let reply = reader.replies.lock().unwrap().pop().expect("the reply is handed in");
        assert_eq!(reply.window.turn.head, "On what?".repeat(body.matches("On what?").count()));
        assert_eq!(reply.window.context[0].head, "Go on.");
        reply.answer.send(acts(&[(AssistantAct::Clarification, 0.5), (AssistantAct::FollowUp, 0.49)]));
        let record = records.only();
        assert_eq!(record.assistant_acts.as_deref(), Some(&[AssistantAct::Clarification][..]));
        assert_eq!((record.ending, record.status), (Ending::Complete, Some(200)));
    }
}

#[tokio::test]
async fn a_reply_that_is_declined_leaves_a_record_without_acts() {
    let reader = Reader::default();
    let records = exchange(reader.clone(), TURN, 200, JSON, SAID).await;
    drop(reader.replies.lock().unwrap().pop().expect("the reply is handed in"));
    assert_eq!(records.only().assistant_acts, None);
    let records = exchange(Older(Reader::default()), TURN, 200, JSON, SAID).await;
    assert_eq!(records.only().assistant_acts, None);
}

#[tokio::test]
async fn only_whole_replies_to_judged_turns_are_read() {
    let reader = Reader::default();
    let machine = TURN.replace("{\"messages\"", "{\"response_format\":{\"type\":\"json_object\"},\"messages\"");
    let tools = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c"}]},"finish_reason":"tool_calls"}]}"#;
    for (what, request, status, kind, body) in [
        ("a machine's call", &*machine, 200, JSON, SAID),
        ("no request that can be read", "{", 200, JSON, SAID),
        ("an error", TURN, 500, JSON, SAID),
        ("an error in a stream", TURN, 200, EVENTS, &*[CHUNK, "data: {\"error\":{\"message\":\"x\"}}\n\n"].concat()),
        ("a stream without its end", TURN, 200, EVENTS, CHUNK),
        ("a stream cut in an event", TURN, 200, EVENTS, &CHUNK[..CHUNK.len() - 9]),
        ("half a body", TURN, 200, JSON, &SAID[..40]),
        ("no text", TURN, 200, JSON, tools),
        ("another type", TURN, 200, "text/plain", SAID),
        ("nothing", TURN, 200, JSON, ""),
    ] {
        let records = exchange(reader.clone(), request, status, kind, body).await;
        assert!(reader.replies.lock().unwrap().is_empty(), "{what}");
        assert_eq!(records.only().assistant_acts, None, "{what}");
    }
    let fails = Reader { fails: true, ..Reader::default() };
    let records = exchange(fails.clone(), TURN, 200, JSON, SAID).await;
    assert_eq!((records.only().bypass, fails.replies.lock().unwrap().len()), (Some(Bypass::Deadline), 0));
    let none = Reader { reads_none: true, ..Reader::default() };
    assert_eq!(exchange(none, TURN, 200, JSON, SAID).await.only().assistant_acts, None);
}

#[tokio::test]
async fn a_compressed_reply_is_not_read() {
    let (reader, records) = (Reader::default(), Records::default());
    let (mut feed, mut head) = response(200, JSON);
    head.headers_mut().insert(CONTENT_ENCODING, "gzip".parse().unwrap());
    let sent = call(observed(reader.clone(), &records), TURN, head).await;
    feed.send_data(Bytes::from_static(SAID.as_bytes())).await.unwrap();
    drop(feed);
    sent.into_body().collect().await.unwrap();
    assert!(reader.replies.lock().unwrap().is_empty());
    assert_eq!(records.only().assistant_acts, None);
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_told_of_at_once_and_not_read() {
    for (client_leaves, ending) in [(true, Ending::ClientLeft), (false, Ending::UpstreamFailed)] {
        let (reader, records) = (Reader::default(), Records::default());
        let (mut feed, head) = response(200, EVENTS);
        let mut sent = call(observed(reader.clone(), &records), TURN, head).await;
        feed.send_data(Bytes::from_static(CHUNK.as_bytes())).await.unwrap();
        let frame: Frame<Bytes> = sent.body_mut().frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), CHUNK);
        if client_leaves {
            drop(sent);
        } else {
            feed.abort("broken");
            assert!(sent.into_body().collect().await.is_err());
        }
        assert!(reader.replies.lock().unwrap().is_empty());
        let record = records.only();
        assert_eq!((record.ending, &record.assistant_acts), (ending, &None));
    }
}

#[tokio::test]
async fn our_own_reply_is_known_and_not_read() {
    let (reader, records) = (Reader::default(), Records::default());
    let ask = |_: &Situation<'_>| Decision {
        act: GroundingAct::Clarify,
        delivery: Delivery::Reply,
        gap: Some(Gap::MissingMaterial),
        ..Decision::none("as the test wants")
    };
    let grounder = Grounder::builder(reader.clone(), ask).observer(records.clone()).build();
    let (_feed, head) = response(200, JSON);
    let turn = TURN.replace(r#"{"role":"system","content":"Be brief."},"#, "");
    let sent = call(grounder, &turn, head).await;
    assert!(!sent.into_body().collect().await.unwrap().to_bytes().is_empty());
    assert!(reader.replies.lock().unwrap().is_empty());
    assert_eq!(records.only().assistant_acts.as_deref(), Some(&[AssistantAct::Clarification][..]));
}

#[tokio::test]
async fn where_it_is_switched_off_no_reply_is_handed_in() {
    let (reader, records) = (Reader::default(), Records::default());
    let none = |_: &Situation<'_>| Decision::none("as the test wants");
    let grounder = Grounder::builder(reader.clone(), none)
        .observer(records.clone())
        .configure(|settings| settings.replies = false)
        .build();
    let (mut feed, head) = response(200, JSON);
    let sent = call(grounder, TURN, head).await;
    feed.send_data(Bytes::from_static(SAID.as_bytes())).await.unwrap();
    drop(feed);
    sent.into_body().collect().await.unwrap();
    assert!(reader.replies.lock().unwrap().is_empty());
    assert_eq!(records.only().assistant_acts, None);
}
