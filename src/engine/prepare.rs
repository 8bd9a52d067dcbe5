//! The second step: read the body, pass the gates that need no model, and have the turn judged.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderValue;
use http::uri::PathAndQuery;

use super::harness::{Unwrapped, internal, unwrap};
use super::{Admitted, Grounder, Pending, ToolsOffered};
use crate::classify::{Earlier, Judging, Prelude};
use crate::dialogue::{Bypass, Conversation, ConversationSource, Id, Identity, Part, PartKind, Role, Turn};
use crate::experiment::{Assignment, UnitSource};
use crate::observe::Record;
use crate::policy::{History, RequestFacts};
use crate::wire::{Call, Dialect, ReplyTo, Tail, Undecoded, value_at};

/// A last user turn longer than this many bytes may hold retrieved text that settles what its question leaves open.
const LONG_TURN: usize = 2_000;

/// Most bytes of a model's name that a record keeps.
const MODEL_NAME: usize = 128;

/// What is done with a request after its body was read.
#[derive(Debug)]
#[non_exhaustive]
pub enum Prepared {
    /// It is left alone.
    Pass(Box<Pending>),
    /// It goes on once the judgement is there; see [`Grounder::conclude`].
    Judge(Box<JudgedTurn>, Judging),
}

/// A turn that is being judged, and what of its request is needed afterwards. Nothing in it borrows from the body.
#[derive(Debug)]
pub struct JudgedTurn {
    pub(super) pending: Pending,
    pub(super) dialect: Dialect,
    pub(super) tail: Option<Tail>,
    pub(super) history: History,
    pub(super) earlier: Earlier,
    pub(super) request: RequestFacts,
    pub(super) tools: bool,
    pub(super) unseen: bool,
    pub(super) observe_only: bool,
    /// What the client says of its language, if anything.
    pub(super) accept_language: Option<HeaderValue>,
    pub(super) answerable: bool,
    pub(super) cached_tail: bool,
    pub(super) reply_to: ReplyTo,
    pub(super) asked: Instant,
    /// The arm of an experiment that decides, where the unit is enrolled.
    pub(super) assignment: Option<Assignment>,
    /// The body without its codings, where it came with any: what an edit is made on.
    pub(super) decoded: Option<Bytes>,
}

impl Grounder {
    /// Reads the body of an admitted request and has its last user turn judged.
    ///
    /// Of a compressed body a copy is decoded, as long as it is needed; so a turn is the same however it was sent.
    pub fn prepare(&self, admitted: Admitted, body: &[u8]) -> Prepared {
        let Admitted { mut pending, dialect, target, observe_only, tenant, conversation, unit, request, .. } = admitted;
        let (accept_language, codings) = (admitted.accept_language, admitted.codings);
        pending.read(body.len());
        let decoded = match codings.is_identity() {
            true => None,
            false => match codings.decode(body, self.settings().decoded_cap) {
                Ok(plain) => Some(Bytes::from(plain)),
                Err(Undecoded::TooLarge) => return pass(pending, Bypass::DecodedTooLarge),
                Err(Undecoded::Corrupt) => return pass(pending, Bypass::Undecodable),
            },
        };
        let body = decoded.as_deref().unwrap_or(body);
        let target = target.path_and_query().map_or("", PathAndQuery::as_str);
        let mut call = match dialect.read_at(target, body) {
            Ok(call) => call,
            Err(bypass) => return pass(pending, bypass),
        };
        pending.record.stream = Some(call.stream);
        // A name, not a place for text: what is longer is cut.
        pending.record.model =
            call.model.and_then(|model| model.ends(MODEL_NAME, 0)).map(|(name, _)| name.into_owned());
        // Before anything is taken off: what harnesses ask for themselves is often wrapped as a whole.
        call.machine = call.machine.or_else(|| internal(&call.conversation));
        let unwrapped = unwrap(&mut call.conversation);
        let explicit = conversation
            .as_ref()
            .map(|value| (ConversationSource::Header, value.as_bytes()))
            .or_else(|| call.conversation_id.as_ref().map(|id| (ConversationSource::Body, id.raw())));
        // Of a conversation that is not all here, no turn can be told from another.
        let whole = (!call.elsewhere).then_some(&call.conversation);
        let identity = whole.and_then(|whole| Identity::of(&self.0.key, whole, &tenant, explicit));
        if let Some(identity) = &identity {
            pending.record.identify(identity);
        }
        let assignment = self.assign(&mut pending.record, unit.as_ref(), body);
        if let Some(bypass) = self.gate(&call, unwrapped) {
            pending.record.reason = call.machine.map(|machine| machine.to_string());
            return pass(pending, bypass);
        }
        let (Some(identity), Some(at)) = (identity, call.conversation.last_user()) else {
            return pass(pending, Bypass::NotHumanText);
        };
        let asked = Instant::now();
        let judging = self.0.classifier.judge(identity.turn, &call.conversation, at);
        if let Some(bypass) = judging.declined() {
            pending.record.judge_micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
            return pass(pending, bypass);
        }
        // All else is looked at while the judgement is on its way.
        if self.settings().replies && self.0.classifier.reads_replies() {
            pending.prelude = Some(Box::new(Prelude::of(&call.conversation)));
        }
        let history = History::before(&call.conversation, at);
        let (judging, earlier) = match self.judge_earlier(&history, &call.conversation) {
            Ok(earlier) => judging.with_earlier(earlier),
            Err(bypass) => return pass(pending, bypass),
        };
        let turn = Box::new(JudgedTurn {
            pending,
            dialect,
            tail: call.tail,
            history,
            earlier,
            request,
            tools: call.conversation.tools,
            unseen: call.sources || unwrapped.any || has_unseen(&call.conversation, at),
            observe_only,
            accept_language,
            answerable: call.answerable,
            cached_tail: call.cached_tail,
            reply_to: reply_to(&call),
            asked,
            assignment,
            decoded: decoded.clone(),
        });
        Prepared::Judge(turn, judging)
    }

    /// Has those earlier turns judged that matter to the policy; of all others, and of those that are in no language that
    /// the model reads, their words are read.
    ///
    /// Which they are, and so what is decided, depends on the request alone. Where the classifier is busy, the turn passes:
    /// a decision on half of the facts would be another one the next time.
    fn judge_earlier(
        &self,
        history: &History,
        conversation: &Conversation<'_>,
    ) -> Result<Vec<(usize, Judging)>, Bypass> {
        let places = history.to_judge(self.0.looks.back);
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let ids = Identity::turns_at(&self.0.key, conversation, &places);
        let mut judging = Vec::with_capacity(places.len());
        for (place, id) in places.into_iter().zip(ids) {
            let one = self.0.classifier.judge(id, conversation, place);
            match one.declined() {
                Some(bypass) if bypass.is_of_the_moment() => return Err(bypass),
                Some(_) => {}
                None => judging.push((place, one)),
            }
        }
        Ok(judging)
    }

    /// Names the unit of this request, and the arm that it is in.
    fn assign(&self, record: &mut Record, header: Option<&HeaderValue>, body: &[u8]) -> Option<Assignment> {
        let experiments = self.0.experiments.as_ref()?;
        let name = experiments.source_name();
        let unit = match experiments.source() {
            UnitSource::Conversation => record.conversation?,
            UnitSource::Header(_) => Id::of_unit(&self.0.key, name, header?.as_bytes().trim_ascii()),
            UnitSource::Body(path) => Id::of_unit(&self.0.key, name, value_at(body, path)?),
        };
        record.unit = Some(unit);
        record.unit_source = Some(Arc::clone(name));
        let assignment = experiments.assign(&unit)?;
        record.experiment = Some(Arc::clone(assignment.experiment.name()));
        record.experiment_version = Some(assignment.experiment.version());
        record.arm = Some(Arc::clone(&assignment.arm().name));
        Some(assignment)
    }

    /// The gates that need no model.
    fn gate(&self, call: &Call<'_>, unwrapped: Unwrapped) -> Option<Bypass> {
        let conversation = &call.conversation;
        if let Some(machine) = call.machine {
            return Some(machine.bypass);
        }
        if call.elsewhere {
            return Some(Bypass::HistoryElsewhere);
        }
        if conversation.tools && self.settings().tools == ToolsOffered::Bypass {
            return Some(Bypass::ToolsOffered);
        }
        if text_bytes(conversation) > self.settings().text_cap {
            return Some(Bypass::TooLarge);
        }
        // What the product says behind a user's message does not make it another's.
        match conversation.turns.iter().rfind(|turn| turn.role != Role::System) {
            Some(last) if last.is_user_text() => None,
            Some(last) if last.role == Role::Tool => Some(Bypass::ToolResult),
            _ if unwrapped.last => Some(Bypass::WrapperOnly),
            Some(last) if last.role == Role::User && last.parts.iter().any(is_attached) => {
                Some(Bypass::AttachmentsOnly)
            }
            _ => Some(Bypass::NotHumanText),
        }
    }
}

fn pass(mut pending: Pending, bypass: Bypass) -> Prepared {
    pending.record.bypass = Some(bypass);
    Prepared::Pass(Box::new(pending))
}

fn text_bytes(conversation: &Conversation<'_>) -> usize {
    conversation.turns.iter().flat_map(Turn::texts).map(|text| text.raw().len()).sum()
}

/// Bytes that no other reply of this or another process has.
fn unique() -> [u8; 16] {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static PROCESS: OnceLock<u64> = OnceLock::new();
    let process = PROCESS.get_or_init(|| RandomState::new().build_hasher().finish());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    (u128::from(*process) << 64 | u128::from(count)).to_be_bytes()
}

/// What a reply of ours needs to know of the call, and the time.
fn reply_to(call: &Call<'_>) -> ReplyTo {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    ReplyTo { created_nanos: now.subsec_nanos(), ..ReplyTo::call(call, unique(), now.as_secs()) }
}

fn is_attached(part: &Part<'_>) -> bool {
    matches!(part, Part::Opaque(kind, _) if *kind != PartKind::ToolCall)
}

/// Whether the request carries something that a small model does not read and the upstream model does.
fn has_unseen(conversation: &Conversation<'_>, at: usize) -> bool {
    let turns = &conversation.turns[..=at];
    // What the assistant thought is its own.
    let thought = |turn: &Turn<'_>, part: &Part<'_>| {
        turn.role == Role::Assistant && matches!(part, Part::Opaque(PartKind::Other, _))
    };
    let attached = |turn: &Turn<'_>| turn.parts.iter().any(|part| is_attached(part) && !thought(turn, part));
    turns.iter().any(|turn| matches!(turn.role, Role::System | Role::Tool) || attached(turn))
        || turns.iter().any(|turn| turn.role == Role::User && turn.texts().any(|text| text.raw().len() > LONG_TURN))
}
