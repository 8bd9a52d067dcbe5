//! The future of one request through the layer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::client::ClientSide;
use super::collect::{Collect, CollectEnd};
use super::request_body::After;
use super::service::Accepted;
use super::{Refusal, RequestBody, ResponseBody, Witness};
use crate::act::Intervention;
use crate::classify::Judging;
use crate::dialogue::Bypass;
use crate::engine::{Admission, Admitted, Grounder, JudgedTurn, Outcome, Pending, Prepared, is_signed};
use crate::observe::{Ending, Record};
use crate::wire::{OwnReply, ResponseReader};

pin_project! {
    /// The response to come.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<RequestBody<B>>>,
        B: Body,
    {
        grounder: Grounder,
        // The service that was made ready, until it is called or dropped for a reply of ours.
        inner: Option<S>,
        client: ClientSide,
        #[pin]
        stage: Stage<S::Future, B>,
    }
}

pin_project! {
    #[project = StageProj]
    enum Stage<F, B: Body> {
        Collecting { held: Option<(Parts, Box<Admitted>)>, collect: Collect<B> },
        Judging { held: Option<(Parts, Box<JudgedTurn>, Bytes, After<B>)>, judging: Judging },
        Replying { reply: Option<(OwnReply, Box<Pending>)> },
        Calling { #[pin] response: F, pending: Option<Box<Pending>> },
    }
}

impl<S, B, R> ResponseFuture<S, B>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body<Data = Bytes> + Unpin,
{
    pub(super) fn new(mut inner: S, grounder: Grounder, request: Request<B>) -> Self {
        let accepted = request.extensions().get::<Accepted>().map_or_else(Instant::now, |accepted| accepted.0);
        let extensions = request.extensions();
        let client = ClientSide::new(extensions.get::<Refusal>().cloned(), extensions.get::<Witness>().cloned());
        let (mut head, body) = request.into_parts();
        let untouched = |inner: &mut S, head, body, pending: Option<Box<Pending>>| {
            let pending = pending.map(|pending| forwarded(pending, &client));
            if pending.is_none() {
                client.forwarded(None);
            }
            let request = Request::from_parts(head, RequestBody::untouched(body, client.clone()));
            Stage::Calling { response: inner.call(request), pending }
        };
        let stage = match grounder.admit(&mut head, accepted) {
            Admission::NotACall => untouched(&mut inner, head, body, None),
            Admission::Pass(pending) => untouched(&mut inner, head, body, Some(pending)),
            Admission::Read(admitted) if let Some(bypass) = client.bypass() => {
                untouched(&mut inner, head, body, Some(Box::new(admitted.bypass(bypass))))
            }
            Admission::Read(admitted) => {
                let collect = Collect::new(body, grounder.settings().body_cap);
                Stage::Collecting { held: Some((head, admitted)), collect }
            }
        };
        Self { grounder, inner: Some(inner), client, stage }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    B: Body<Data = Bytes> + Unpin,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.stage.as_mut().project() {
                StageProj::Collecting { held, collect } => {
                    let collected = ready!(collect.poll(cx));
                    let (head, admitted) = held.take().unwrap_or_else(polled_after_end);
                    let (bytes, after) = (collected.bytes, collected.after);
                    let signed = matches!(&after, After::End(Some(trailers)) if is_signed(trailers));
                    let prepared = match collected.end {
                        CollectEnd::Whole if signed => Prepared::Pass(Box::new(admitted.bypass(Bypass::Signed))),
                        CollectEnd::Whole => this.grounder.prepare(*admitted, &bytes),
                        CollectEnd::TooLarge => Prepared::Pass(Box::new(admitted.bypass(Bypass::TooLarge))),
                        CollectEnd::Failed => {
                            this.client.body_failed();
                            let bypass = this.client.bypass().unwrap_or(Bypass::Truncated);
                            Prepared::Pass(Box::new(admitted.bypass(bypass)))
                        }
                    };
                    match prepared {
                        Prepared::Pass(pending) => {
                            let body = RequestBody::replay(bytes, after, this.client.clone());
                            call(this.inner, this.client, head, body, pending)
                        }
                        Prepared::Judge(turn, judging) => {
                            Stage::Judging { held: Some((head, turn, bytes, after)), judging }
                        }
                    }
                }
                StageProj::Judging { held, judging } => {
                    let verdict = ready!(Pin::new(judging).poll(cx));
                    let (mut head, turn, bytes, after) = held.take().unwrap_or_else(polled_after_end);
                    let Outcome { intervention, pending } = this.grounder.conclude(*turn, verdict, &bytes);
                    let body = |bytes, after| RequestBody::replay(bytes, after, this.client.clone());
                    match intervention {
                        Intervention::Pass => call(this.inner, this.client, head, body(bytes, after), pending),
                        Intervention::Edit(bytes) => {
                            set_framing(&mut head.headers, bytes.len());
                            call(this.inner, this.client, head, body(bytes, after), pending)
                        }
                        Intervention::Reply(reply) => {
                            // Never to be called: let go of it, and of whatever its readiness reserved.
                            *this.inner = None;
                            Stage::Replying { reply: Some((reply, forwarded(pending, this.client))) }
                        }
                    }
                }
                StageProj::Replying { reply } => {
                    let (reply, pending) = reply.take().unwrap_or_else(polled_after_end);
                    return Poll::Ready(Ok(own_response(this.grounder, reply, pending)));
                }
                StageProj::Calling { response, pending } => {
                    let result = ready!(response.poll(cx));
                    let pending = pending.take();
                    return Poll::Ready(match (result, pending) {
                        (Ok(response), None) => Ok(response.map(ResponseBody::plain)),
                        (Ok(response), Some(pending)) => {
                            Ok(watched(this.grounder, response, pending, this.client.clone()))
                        }
                        (Err(error), pending) => {
                            if let Some(mut pending) = pending {
                                let ending = this.client.failed(&mut pending);
                                pending.finish(ending, None);
                            }
                            Err(error)
                        }
                    });
                }
            };
            this.stage.set(next);
        }
    }
}

/// Calls the inner service.
fn call<S, B>(
    inner: &mut Option<S>,
    client: &ClientSide,
    head: Parts,
    body: RequestBody<B>,
    pending: Box<Pending>,
) -> Stage<S::Future, B>
where
    S: Service<Request<RequestBody<B>>>,
    B: Body,
{
    let mut inner = inner.take().unwrap_or_else(polled_after_end);
    let response = inner.call(Request::from_parts(head, body));
    Stage::Calling { response, pending: Some(forwarded(pending, client)) }
}

fn forwarded(mut pending: Box<Pending>, client: &ClientSide) -> Box<Pending> {
    pending.forwarded();
    client.forwarded(Some(pending.record()));
    pending
}

/// After an edit the length is the new one, and what was edited is plain, however it came. A request without a length
/// (chunked, or HTTP/2) keeps going without.
fn set_framing(headers: &mut HeaderMap, length: usize) {
    headers.remove(CONTENT_ENCODING);
    if headers.contains_key(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        headers.remove(TRANSFER_ENCODING);
    }
}

fn watched<R: Body>(
    grounder: &Grounder,
    mut response: Response<R>,
    mut pending: Box<Pending>,
    client: ClientSide,
) -> Response<ResponseBody<R>> {
    pending.answered(response.status());
    let reader = ResponseReader::new(pending.record.dialect, response.status(), response.headers())
        .looking_for(pending.quotes());
    announce(grounder, response.headers_mut(), &pending.record);
    response.map(|body| ResponseBody::watched(body, reader, pending, client))
}

fn own_response<R>(grounder: &Grounder, reply: OwnReply, mut pending: Box<Pending>) -> Response<ResponseBody<R>> {
    let length = reply.body.len();
    pending.answered(StatusCode::OK);
    pending.record.response_bytes = length as u64;
    let mut response = Response::new(ResponseBody::own(reply.body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    announce(grounder, response.headers_mut(), &pending.record);
    pending.finish(Ending::Complete, None);
    response
}

/// Tells the client what was done, in headers of ours.
fn announce(grounder: &Grounder, headers: &mut HeaderMap, record: &Record) {
    headers.insert(HeaderName::from_static("x-groundwire-act"), HeaderValue::from_static(record.act.as_str()));
    if let Some(turn) = record.turn
        && let Ok(value) = HeaderValue::from_str(turn.hex(&mut [0; 32]))
    {
        headers.insert(HeaderName::from_static("x-groundwire-turn"), value);
    }
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    if grounder.settings().debug_headers {
        if let Some(judged) = &record.judgement {
            set("x-groundwire-ambiguity", format!("{:.4}", judged.need.get(crate::dialogue::Need::Ask)));
        }
        if let Some(bypass) = record.bypass {
            set("x-groundwire-bypass", bypass.to_string());
        }
        set("x-groundwire-micros", record.own_micros.to_string());
    }
}

/// The caller polled a future that had already given its response, which the contract of `Future` forbids.
fn polled_after_end<T>() -> T {
    panic!("a ResponseFuture was polled after it had completed")
}
