//! The record of one turn: what was judged, what was decided, what it cost and what came of it.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

use super::attempt::attempt_at;
use crate::classify::{Judgement, ModelId};
use crate::dialogue::{
    AssistantAct, Bypass, ConversationSource, Delivery, Distribution, Gap, GroundingAct, HeldBack, Id, Identity, Need,
    UserAct,
};
use crate::wire::{Dialect, Usage};

/// The version of [`Record`]'s shape. A field may be added without a new version; none changes its meaning.
pub const SCHEMA: u32 = 1;

/// What happened to one request that is a chat call.
///
/// It holds no word of the conversation. Serialised, it is one JSON object; fields that do not apply are `null`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Record {
    /// [`SCHEMA`].
    pub schema: u32,
    /// This attempt at the turn: no two records have the same.
    pub attempt: Id,
    /// When the request was accepted, in milliseconds since 1970 UTC.
    #[serde(serialize_with = "unix_millis")]
    pub time: SystemTime,
    /// All messages up to and with the judged turn; `None` where they could not be read.
    pub turn: Option<Id>,
    /// The same for the previous user turn of this conversation; `None` for an opening.
    pub parent: Option<Id>,
    /// The conversation.
    pub conversation: Option<Id>,
    /// How the conversation was recognised.
    pub conversation_source: Option<ConversationSource>,
    /// The identifier that the application gave for it, whoever the caller is: by which it is found again when the
    /// application tells what came of it. `None` where it gave none.
    pub conversation_given: Option<Id>,
    /// What is assigned to an arm of an experiment: also where it is in none. `None` without experiments, and where the request
    /// does not say.
    pub unit: Option<Id>,
    /// Where the unit came from, as the configuration says it; `None` without a unit.
    #[serde(serialize_with = "optional_text")]
    pub unit_source: Option<Arc<str>>,
    /// The experiment that the unit is enrolled in; `None` outside experiments.
    #[serde(serialize_with = "optional_text")]
    pub experiment: Option<Arc<str>>,
    /// Its version.
    pub experiment_version: Option<u32>,
    /// The experiment's arm; `None` outside experiments.
    #[serde(serialize_with = "optional_text")]
    pub arm: Option<Arc<str>>,
    /// The chance with which the decision was made, given the arm: below 1 where an experiment explores. `None` where
    /// nothing was decided, and outside experiments.
    pub propensity: Option<f64>,
    /// The request's dialect.
    #[serde(serialize_with = "name")]
    pub dialect: Dialect,
    /// The model that the request asks for.
    pub model: Option<String>,
    /// Whether the reply is asked for as a stream.
    pub stream: Option<bool>,
    /// What the classifier said.
    pub judgement: Option<Judged>,
    /// Whether the policy would have acted; in an experiment, whether that of any arm would, whichever arm this is.
    pub triggered: bool,
    /// The policy.
    #[serde(serialize_with = "text")]
    pub policy: Arc<str>,
    /// The hash of everything that decisions depend on.
    #[serde(serialize_with = "text")]
    pub config: Arc<str>,
    /// The act performed, or decided on where the delivery is `observe`.
    pub act: GroundingAct,
    /// How it was delivered.
    pub delivery: Delivery,
    /// What the act is about.
    pub gap: Option<Gap>,
    /// Why, with the numbers compared.
    pub reason: Option<String>,
    /// Why the turn was not judged, or its act not performed.
    pub bypass: Option<Bypass>,
    /// Why an act would only have been observed, whatever was decided; `None` where it would have been performed.
    pub held_back: Option<HeldBack>,
    /// The request's `x-request-id`, where it is fit to be kept: see [`trace`](crate::observe::trace).
    pub request_id: Option<String>,
    /// The request's `traceparent`, where it is valid.
    pub traceparent: Option<String>,
    /// Bytes of the request's body as received; 0 where it was not read.
    pub request_bytes: u64,
    /// Bytes that the act added to it.
    pub added_bytes: u64,
    /// Whether what was added is cached by the provider, since a breakpoint is put on it or stands behind it: the next request
    /// of the conversation comes without it, and finds the cache only up to the breakpoint before.
    pub added_at_breakpoint: bool,
    /// Microseconds from accept until the body was there; the client's and the network's.
    pub read_micros: u64,
    /// Microseconds from there until the request went on, classification included; ours.
    pub own_micros: u64,
    /// Of these, microseconds spent waiting for the classifier.
    pub judge_micros: u64,
    /// Microseconds from accept until the exchange was over.
    pub total_micros: u64,
    /// The response's status; `None` where there was none.
    pub status: Option<u16>,
    /// How the exchange ended.
    pub ending: Ending,
    /// The reply's finish reason, as the upstream has it.
    pub finish_reason: Option<String>,
    /// Tokens that the upstream reports.
    pub usage: Option<Usage>,
    /// Microseconds from the request going on until the first text of a streamed reply.
    pub first_token_micros: Option<u64>,
    /// Bytes of the response's body.
    pub response_bytes: u64,
    /// The acts seen in the reply, each with a probability of a half or more; `None` where it was not read: a turn that was
    /// not judged, a reply that was cut, failed, compressed, holds no text (tool calls only) or is not in English, or a
    /// classifier that had too much to do. Of a reply of ours the act is known.
    pub assistant_acts: Option<Vec<AssistantAct>>,
    /// Whether the reply does what it was steered to, as far as its form shows: for `clarify` and `check` it asks, for
    /// `assume` it begins by saying what it takes, for `reflect`, `repair` and `follow_up` its acts say so. `None` where it
    /// was not steered, is not complete, or where no form shows it.
    pub complied: Option<bool>,
    /// Whether the reply has six words in a row of the instruction that it was steered by, or the name of its delimiter,
    /// and not from the conversation itself. `None` where it was not steered, or where it has none and was not read to its
    /// end.
    pub leaked: Option<bool>,
}

/// The classifier's part of a record.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Judged {
    /// Probabilities of proceed, assume and ask.
    pub need: Distribution<Need>,
    /// The most probable gap.
    pub gap: Gap,
    /// The most probable act of the user.
    pub user_act: UserAct,
    /// Probability of emotional disclosure.
    pub emotion: f32,
    /// Tokens that the model was shown.
    pub tokens: usize,
    /// The model.
    pub model: ModelId,
}

impl From<&Judgement> for Judged {
    fn from(judgement: &Judgement) -> Self {
        Self {
            need: judgement.need.clone(),
            gap: judgement.gap.top(),
            user_act: judgement.user_act.top(),
            emotion: judgement.emotion,
            tokens: judgement.tokens,
            model: judgement.model,
        }
    }
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// The whole response was relayed.
    Complete,
    /// The client left before it was, or broke off its own body.
    ClientLeft,
    /// The host refused the client's body, for its size or for the time that it took; the status says which.
    Refused,
    /// The upstream failed or broke off.
    UpstreamFailed,
}

fn unix_millis<S: Serializer>(time: &SystemTime, s: S) -> Result<S::Ok, S::Error> {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    s.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn text<S: Serializer>(value: &Arc<str>, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(value)
}

fn optional_text<S: Serializer>(value: &Option<Arc<str>>, s: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => s.serialize_some(&**value),
        None => s.serialize_none(),
    }
}

fn name<S: Serializer>(value: &Dialect, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(value.as_str())
}

impl Record {
    /// A record of a request of this dialect that comes just now, of which nothing else is known yet.
    pub(crate) fn new(dialect: Dialect, policy: Arc<str>, config: Arc<str>) -> Self {
        let time = SystemTime::now();
        Self { time, attempt: attempt_at(time), ..Self::empty(dialect, policy, config) }
    }

    /// A record of nothing, to stand in the place of one that is told.
    pub(crate) fn empty(dialect: Dialect, policy: Arc<str>, config: Arc<str>) -> Self {
        Self {
            schema: SCHEMA,
            attempt: Id::at_millis(0, [0; 10]),
            time: UNIX_EPOCH,
            turn: None,
            parent: None,
            conversation: None,
            conversation_source: None,
            conversation_given: None,
            unit: None,
            unit_source: None,
            experiment: None,
            experiment_version: None,
            arm: None,
            propensity: None,
            dialect,
            model: None,
            stream: None,
            judgement: None,
            triggered: false,
            policy,
            config,
            act: GroundingAct::None,
            delivery: Delivery::Observe,
            gap: None,
            reason: None,
            bypass: None,
            held_back: None,
            request_id: None,
            traceparent: None,
            request_bytes: 0,
            added_bytes: 0,
            added_at_breakpoint: false,
            read_micros: 0,
            own_micros: 0,
            judge_micros: 0,
            total_micros: 0,
            status: None,
            ending: Ending::ClientLeft,
            finish_reason: None,
            usage: None,
            first_token_micros: None,
            response_bytes: 0,
            assistant_acts: None,
            complied: None,
            leaked: None,
        }
    }

    /// The act that was performed: what was only observed is none.
    pub fn performed(&self) -> GroundingAct {
        if self.delivery == Delivery::Observe { GroundingAct::None } else { self.act }
    }

    pub(crate) fn identify(&mut self, identity: &Identity) {
        self.turn = Some(identity.turn);
        self.parent = identity.parent;
        self.conversation = Some(identity.conversation);
        self.conversation_source = Some(identity.source);
        self.conversation_given = identity.given;
    }
}
