//! One request and its response: whatever the service says, the client gets an answer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, Version};
use http_body::Body;
use hyper::body::Incoming;
use tower_service::Service;

use super::access::Entry;
use super::activity::{Activity, InFlight};
use super::connection::Shared;
use super::feedback;
use super::headers::{framing_is_understood, takes_trailers};
use super::inbound::BodyVerdict;
use super::phase::Slot;
use super::rescue::rescue;
use super::{Fault, FaultKind, InboundBody, OutboundBody, trailers};
use crate::config::Ids;
use crate::layer::Accepted;
use crate::observe::trace;
use crate::wire::{Dialect, Routes, Seam};

/// What an exchange has of the configuration that it began under, and of its connection.
pub(super) struct Exchange {
    pub(super) shared: Arc<Shared>,
    pub(super) place: Place,
}

/// What the exchanges of one connection share.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) activity: Arc<Activity>,
    pub(super) slot: Slot,
    /// Whether this connection is one too many.
    pub(super) busy: bool,
}

impl Exchange {
    /// Why a request is turned away before a byte of its body is read, if it is.
    fn turns_away<B>(&self, request: &Request<B>, in_flight: &mut InFlight) -> Option<FaultKind> {
        if self.place.busy {
            Some(FaultKind::Busy)
        } else if request.headers().len() > self.shared.header_count {
            // Over HTTP/1 hyper has counted them.
            Some(FaultKind::TooManyHeaders)
        } else {
            (!in_flight.admit(self.shared.in_flight)).then_some(FaultKind::Overloaded)
        }
    }

    /// Gives a request the identifiers that it has none of, where that is wished for.
    fn identify(&self, headers: &mut HeaderMap) {
        if self.shared.request_id == Ids::Generate && trace::request_id(headers).is_none() {
            give(headers, trace::REQUEST_ID, trace::new_request_id());
        }
        if self.shared.traceparent == Ids::Generate && trace::traceparent(headers).is_none() {
            give(headers, trace::TRACEPARENT, trace::new_traceparent());
        }
    }
}

/// Answers one request.
pub(super) async fn answer<S, R>(
    mut service: S,
    exchange: Exchange,
    mut request: Request<Incoming>,
) -> Result<Response<OutboundBody<R>>, Infallible>
where
    S: Service<Request<InboundBody>, Response = Response<R>, Error = Fault>,
    R: Body<Data = Bytes>,
{
    let accepted = Instant::now();
    let mut in_flight = exchange.place.activity.begin(&exchange.shared.counts);
    let asked = Asked::of(&request, &exchange.shared.routes, accepted);
    exchange.identify(request.headers_mut());
    if let Some(log) = &exchange.shared.access {
        let entry = Entry::new(log.clone(), accepted, request.method(), request.uri(), request.headers());
        request.extensions_mut().insert(entry.witness());
        in_flight.log(entry);
    }
    if let Some(kind) = exchange.turns_away(&request, &mut in_flight) {
        return Ok(asked.refused(Fault::new(kind), &exchange, in_flight));
    }
    if !framing_is_understood(request.headers()) {
        return Ok(asked.refused(Fault::new(FaultKind::NotServed), &exchange, in_flight));
    }
    if let Some(tell) = exchange.shared.feedback.as_ref().filter(|_| request.uri().path() == feedback::PATH) {
        let (head, body) = request.into_parts();
        let body = InboundBody::new(body, None, exchange.shared.idle_timeout);
        let response = feedback::answer(&head, body, tell).await;
        in_flight.answered(response.status().as_u16());
        return Ok(response.map(|body| OutboundBody::ours(body, in_flight)));
    }
    exchange.shared.counts.count_interim(&mut request);
    let (mut head, body) = request.into_parts();
    head.extensions.insert(Accepted(accepted));
    if head.headers.contains_key(UPGRADE) {
        // Should it become a tunnel, that takes this connection's place.
        head.extensions.insert(exchange.place.slot.clone());
    }
    let takes_them =
        head.version >= Version::HTTP_2 || head.version == Version::HTTP_11 && takes_trailers(&head.headers);
    let body = InboundBody::new(body, exchange.shared.max_body, exchange.shared.idle_timeout);
    head.extensions.insert(body.refusal());
    let verdict = body.verdict();
    let response = match poll_fn(|cx| service.poll_ready(cx)).await {
        Ok(()) => service.call(Request::from_parts(head, body)).await,
        Err(fault) => Err(fault),
    };
    Ok(match response {
        Ok(mut response) => {
            let room = takes_them && (asked.version >= Version::HTTP_2 || !is_sized(&response));
            trailers::announce(response.headers_mut(), room);
            asked.answered(response.status().as_u16());
            in_flight.answered(response.status().as_u16());
            let seam = asked.dialect.and_then(|dialect| Seam::of(dialect, response.headers()));
            response.map(|body| OutboundBody::passing(body, in_flight, seam))
        }
        Err(fault) => asked.refused(blame(fault, &verdict), &exchange, in_flight),
    })
}

/// Puts `id` in the place of whatever stands under `name`.
fn give(headers: &mut HeaderMap, name: HeaderName, id: String) {
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(name, id);
    }
}

/// Whether a message says its length, and in HTTP/1.1 has no room for trailers then.
fn is_sized<B: Body>(response: &Response<B>) -> bool {
    response.headers().contains_key(CONTENT_LENGTH) || response.body().size_hint().exact().is_some()
}

/// Where the client's body was at fault, that is the fault, whatever became of the upstream in consequence.
fn blame(fault: Fault, verdict: &BodyVerdict) -> Fault {
    match verdict.get() {
        Some(kind) if kind != fault.kind() => Fault::new(kind).with(fault),
        _ => fault,
    }
}

/// What is kept of a request's head for an error and for the log. The query is never logged: keys live there.
struct Asked {
    method: Method,
    uri: Uri,
    version: Version,
    accepted: Instant,
    dialect: Option<Dialect>,
}

impl Asked {
    fn of<B>(request: &Request<B>, routes: &Routes, accepted: Instant) -> Self {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let dialect = routes.recognise(&method, &uri);
        Self { method, uri, version: request.version(), accepted, dialect }
    }

    fn answered(&self, status: u16) {
        // The clock is read for nobody else.
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let micros = u64::try_from(self.accepted.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(method = %self.method, path = self.uri.path(), status, micros, "answered");
    }

    fn refused<R: Body>(
        &self,
        fault: Fault,
        exchange: &Exchange,
        mut in_flight: InFlight,
    ) -> Response<OutboundBody<R>> {
        let kind = fault.kind();
        exchange.shared.counts.fault(kind);
        let (origin, name, causes) = (kind.origin(), kind.as_str(), fault.causes());
        let path = self.uri.path();
        if origin == "upstream" {
            tracing::warn!(method = %self.method, path, fault = name, %causes, "no response from the upstream");
        } else {
            tracing::debug!(method = %self.method, path, fault = name, %causes, "a request was refused");
        }
        let mut response = rescue(self.dialect, &fault);
        // Of what is not understood, nobody knows where it ends.
        if matches!(kind, FaultKind::Busy | FaultKind::NotServed) && self.version < Version::HTTP_2 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        self.answered(response.status().as_u16());
        in_flight.answered(response.status().as_u16());
        response.map(|body| OutboundBody::ours(body, in_flight))
    }
}
