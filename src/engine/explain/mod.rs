//! One request taken through the engine for somebody who wants to see every step, with nothing recorded and nothing sent.
//!
//! The steps are those that live traffic passes, called in the same order; what is explained is what stands between them.

mod forwarded;
mod stage;
mod traced;

pub use forwarded::{Change, Forwarded};
pub use stage::{Stage, StageName, Standing};

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;
use serde::Serialize;

use super::{Admission, Grounder, Outcome, Pending, Prepared};
use crate::classify::Judgement;
use crate::dialogue::{Bypass, Role};
use crate::observe::{Observers, Record};
use crate::policy::{History, Policy, Step};
use crate::wire::Dialect;
use traced::Watch;

/// Everything that led to what is done with a request.
///
/// Unlike a [`Record`] it holds words of the conversation: what is forwarded.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// What the request was taken for; `None` where it is no chat call.
    pub recognised: Option<Recognised>,
    /// The stages on the way to a decision, and where the request was let go.
    pub stages: Vec<Stage>,
    /// Everything the classifier says.
    pub judgement: Option<Scores>,
    /// What else the policy could look at; `None` where nothing was judged.
    pub facts: Option<Facts>,
    /// Every condition that the policy tried, with the values compared.
    pub steps: Vec<Step>,
    /// The record that live traffic would have left; `None` where it is no chat call.
    pub record: Option<Box<Record>>,
    /// What goes on, or comes back.
    pub forwarded: Forwarded,
}

/// What a request was taken for.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Recognised {
    /// The dialect.
    pub dialect: &'static str,
    /// The path by which it was recognised.
    pub route: String,
    /// Messages, system prompts included; `None` where they could not be read.
    pub messages: Option<usize>,
    /// Of these, the user's with text in them.
    pub user_turns: Option<usize>,
    /// Whether the request offers the model tools.
    pub tools: Option<bool>,
}

/// All heads of the classifier, whole.
#[derive(Debug, Serialize)]
pub struct Scores(#[serde(serialize_with = "scores")] Arc<Judgement>);

impl std::ops::Deref for Scores {
    type Target = Judgement;

    fn deref(&self) -> &Judgement {
        &self.0
    }
}

/// What a policy could look at beside the judgement.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Facts {
    /// What the messages before the judged turn show.
    #[serde(flatten)]
    pub history: History,
    /// Whether the request offers the model tools.
    pub tools: bool,
    /// Whether something that only the upstream model can read may settle what is open.
    pub unseen: bool,
    /// What the application says that the request is about.
    pub domain: Option<String>,
}

impl Grounder {
    /// The same grounder, but nobody is told what it does; with another policy in place of its own and of any experiment, if
    /// one is given.
    ///
    /// What it decides is what this one would. Its classifier is the same one, so that its turns wait in the same queue.
    pub fn rehearsal(&self, policy: Option<Arc<dyn Policy>>) -> Self {
        let mut inner = (*self.0).clone();
        inner.observers = Observers::default();
        if let Some(policy) = policy {
            inner.policy_name = policy.name().into();
            inner.looks = policy.looks();
            inner.policy = policy;
            inner.experiments = None;
        }
        Self(Arc::new(inner))
    }

    /// What this grounder does with a request, and why. Nothing is recorded.
    pub async fn explain(&self, head: Parts, body: Bytes) -> Explanation {
        let watch = Watch::default();
        let mut inner = (*self.rehearsal(None).0).clone();
        inner.policy = watch.over(&inner.policy);
        inner.experiments = inner.experiments.map(|experiments| experiments.within(|policy| watch.over(policy)));
        let mut told = Self(Arc::new(inner)).walk(head, body).await;
        (told.facts, told.steps) = watch.take();
        told
    }

    async fn walk(&self, mut head: Parts, body: Bytes) -> Explanation {
        let route = head.uri.path().to_owned();
        let dialect = self.settings().routes.recognise(&head.method, &head.uri);
        let mut told = Explanation {
            recognised: dialect.map(|dialect| recognise(dialect, route, &head.uri, &body)),
            stages: Stage::all(),
            judgement: None,
            facts: None,
            steps: Vec::new(),
            record: None,
            forwarded: Forwarded::Same { bytes: body.len() },
        };
        let admitted = match self.admit(&mut head, Instant::now()) {
            Admission::NotACall => return told.stopped(StageName::Route, Bypass::NotACall, None),
            Admission::Pass(pending) => return told.passed(StageName::Head, &pending),
            Admission::Read(admitted) => admitted,
        };
        // The hosts look at the length, since they know it first.
        if body.len() > self.settings().body_cap {
            return told.passed(StageName::Body, &admitted.bypass(Bypass::TooLarge));
        }
        let (turn, judging) = match self.prepare(*admitted, &body) {
            Prepared::Pass(pending) => {
                let at = pending.record().bypass.map_or(StageName::Request, StageName::of);
                return told.passed(at, &pending);
            }
            Prepared::Judge(turn, judging) => (turn, judging),
        };
        let dialect = turn.dialect;
        let plain = turn.decoded.clone().unwrap_or_else(|| body.clone());
        let verdict = judging.await;
        told.judgement = verdict.as_ref().ok().cloned().map(Scores);
        let judged = verdict.is_ok();
        let Outcome { intervention, pending } = self.conclude(*turn, verdict, &body);
        told.forwarded = Forwarded::of(intervention, dialect, &plain, body.len());
        if !judged {
            return told.passed(StageName::Model, &pending);
        }
        match pending.record().bypass {
            Some(_) => told.passed(StageName::Edit, &pending),
            None => told.through(&pending),
        }
    }
}

impl Explanation {
    fn passed(self, at: StageName, pending: &Pending) -> Self {
        let record = pending.record();
        let (bypass, reason) = (record.bypass.unwrap_or(Bypass::NotACall), record.reason.clone());
        let mut told = self.stopped(at, bypass, reason);
        told.record = Some(Box::new(record.clone()));
        told
    }

    fn stopped(mut self, at: StageName, bypass: Bypass, detail: Option<String>) -> Self {
        Stage::stop(&mut self.stages, at, bypass, detail);
        self
    }

    fn through(mut self, pending: &Pending) -> Self {
        self.stages.iter_mut().for_each(|stage| stage.standing = Standing::Passed);
        self.record = Some(Box::new(pending.record().clone()));
        self
    }
}

fn recognise(dialect: Dialect, route: String, target: &Uri, body: &[u8]) -> Recognised {
    let target = target.path_and_query().map_or("", PathAndQuery::as_str);
    let call = dialect.read_at(target, body).ok();
    let turns = call.as_ref().map(|call| &call.conversation.turns);
    Recognised {
        dialect: dialect.as_str(),
        route,
        messages: turns.map(Vec::len),
        user_turns: turns
            .map(|turns| turns.iter().filter(|turn| turn.role == Role::User && turn.is_user_text()).count()),
        tools: call.as_ref().map(|call| call.conversation.tools),
    }
}

fn scores<S: serde::Serializer>(judgement: &Arc<Judgement>, s: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let round = |p: f32| (f64::from(p) * 1e5).round() / 1e5;
    let mut map = s.serialize_map(None)?;
    map.serialize_entry("ambiguity", &round(judgement.ambiguity()))?;
    map.serialize_entry("underspecified", &round(judgement.underspecified()))?;
    map.serialize_entry("need", &judgement.need)?;
    map.serialize_entry("gap", &judgement.gap)?;
    map.serialize_entry("user_act", &judgement.user_act)?;
    map.serialize_entry("emotion", &round(judgement.emotion))?;
    if let Some(crisis) = judgement.crisis {
        map.serialize_entry("crisis", &round(crisis))?;
    }
    map.serialize_entry("tokens", &judgement.tokens)?;
    map.serialize_entry("model", &judgement.model)?;
    map.end()
}
