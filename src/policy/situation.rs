//! What a policy may look at.

use super::{History, RequestFacts};
use crate::classify::Judgement;
use crate::dialogue::UserAct;

/// What a policy may look at when it decides about a turn.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Situation<'a> {
    /// What the classifier says of the turn.
    pub judgement: &'a Judgement,
    /// What came before it.
    pub history: &'a History,
    /// Whether the request offers the model tools, which may settle what the turn leaves open.
    pub tools: bool,
    /// Whether something that only the upstream model can read may settle it: a system prompt, an attachment, a long text.
    pub unseen: bool,
    /// Where the request goes and what it says of itself.
    pub request: &'a RequestFacts,
}

/// A request of which nothing is known.
static NONE: RequestFacts = RequestFacts::NONE;

impl<'a> Situation<'a> {
    /// The situation of a turn with these facts, in a request of which nothing else is known.
    pub fn new(judgement: &'a Judgement, history: &'a History, tools: bool, unseen: bool) -> Self {
        Self { judgement, history, tools, unseen, request: &NONE }
    }

    /// The same turn, in this request.
    pub fn with_request(self, request: &'a RequestFacts) -> Self {
        Self { request, ..self }
    }

    /// What the turn does, by the classifier's best guess.
    pub fn act(&self) -> UserAct {
        self.judgement.user_act.top()
    }

    /// User turns so far, this one included.
    pub fn user_turns(&self) -> usize {
        self.history.user_turns + 1
    }

    /// Whether the turn answers what the assistant asked.
    pub fn answers(&self) -> bool {
        self.history.after_question && !self.refuses() && self.act() == UserAct::Answer
    }

    /// Whether the turn declines what the assistant asked.
    pub fn refuses(&self) -> bool {
        self.history.refuses || self.history.after_question && self.act() == UserAct::RefusesQuestion
    }

    /// Whether the user said, now or before, that they want answers and no questions.
    pub fn just_answer(&self) -> bool {
        let history = self.history;
        // Who declines without saying that they do not know wants no other question, either.
        history.just_answer || history.after_question && self.act() == UserAct::RefusesQuestion && !history.unsure
    }

    /// How many user turns ago the user last declined a question; 0 if in this one.
    pub fn since_refusal(&self) -> Option<usize> {
        if self.refuses() { Some(0) } else { self.history.since_refusal() }
    }

    /// Corrections of the assistant so far, this turn included.
    pub fn repairs(&self) -> usize {
        self.history.count(UserAct::Repair) + usize::from(self.act() == UserAct::Repair)
    }

    /// Turns so far, this one included, by which the user says that an answer was not what they wanted: corrections,
    /// doubts, and the same again in other words. What follows a question is none.
    pub fn failures(&self) -> usize {
        let failed = matches!(self.act(), UserAct::Repair | UserAct::Challenge | UserAct::Reformulation);
        self.history.failures() + usize::from(failed && !self.history.after_question)
    }

    /// Whether the turn says what the user wants or how it should be. A question of the user's does not.
    pub fn requires(&self) -> bool {
        use UserAct::{Answer, FollowUp, Reformulation, Repair, Request};
        let says = matches!(self.act(), Request | FollowUp | Answer | Repair | Reformulation);
        says && !self.history.asks && !self.history.just_answer
    }

    /// Turns so far, this one included, that say what the user wants or how it should be.
    pub fn requirements(&self) -> usize {
        self.history.requirements() + usize::from(self.requires())
    }

    /// Questions that the user declined so far, this turn included.
    pub fn refusals(&self) -> usize {
        self.history.replies(super::Reply::Refused) + usize::from(self.refuses())
    }
}
