//! What the messages before a turn show: all the state there is, read from the request itself, so that any replica decides
//! alike.

mod asks;
mod cues;
mod lexical;
mod phrase;
mod turns;
mod words;

pub use asks::asks;
pub use turns::{Reply, TurnFacts};

use serde::Serialize;

use crate::classify::Judgement;
use crate::dialogue::{Conversation, Role, UserAct};
use lexical::Reader;

/// From this probability on, an earlier turn speaks of distress.
const DISCLOSES: f32 = 0.5;

/// What the messages before the judged turn show, and what of the turn itself can be read without a model.
///
/// Who asked a question cannot be known from history (a steered question looks like any other), so every question of the
/// assistant counts as asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct History {
    /// User turns before this one.
    pub user_turns: usize,
    /// Assistant messages that asked the user something; see [`asks()`].
    pub questions: usize,
    /// Whether the last assistant message asked the user something.
    pub after_question: bool,
    /// Whether the user said, in this turn or an earlier one, that they want answers and no questions. It holds for the rest
    /// of the conversation.
    pub just_answer: bool,
    /// Whether this turn says, word for word, what was answered with a question before.
    pub asked_before: bool,
    /// The user turns before this one, in order.
    pub turns: Vec<TurnFacts>,
    /// Whether this turn declines the assistant's question, as far as its words tell.
    pub refuses: bool,
    /// Whether it does so because the user does not know, or would rather not say: no wish for the rest of the conversation.
    pub unsure: bool,
    /// Whether it is a question of the user's.
    pub asks: bool,
}

impl History {
    /// Reads the phrases that are looked for, so that no request waits for it: some milliseconds.
    pub(crate) fn ready() {
        cues::read();
    }

    /// Reads what came before the message at `at`, and the message itself.
    pub fn before(conversation: &Conversation<'_>, at: usize) -> Self {
        let mut history = Self::default();
        let mut reader = Reader::default();
        let mut asked_about = Vec::new();
        for (place, turn) in conversation.turns.iter().enumerate().take(at) {
            match turn.role {
                Role::User if turn.is_user_text() => {
                    let facts = reader.read(turn, place, history.after_question);
                    history.just_answer |= facts.just_answer;
                    history.turns.push(facts);
                    history.user_turns += 1;
                    // What follows without a word of the assistant's in between answers nothing.
                    history.after_question = false;
                }
                Role::Assistant => {
                    // Before the user has said anything there is nothing to ask about: it is a greeting.
                    history.after_question = history.user_turns > 0 && asks(turn);
                    if history.after_question {
                        history.questions += 1;
                        asked_about.extend(reader.said());
                    }
                }
                _ => {}
            }
        }
        if let Some(turn) = conversation.turns.get(at).filter(|turn| turn.is_user_text()) {
            let facts = reader.read(turn, at, history.after_question);
            history.just_answer |= facts.just_answer;
            history.refuses = facts.reply() == Some(Reply::Refused);
            history.unsure = facts.unsure;
            history.asks = facts.asks;
            history.asked_before = reader.said().is_some_and(|said| asked_about.contains(&said));
        }
        history
    }

    /// Takes the classifier's word for what the earlier turn at `at` did.
    pub fn learn(&mut self, at: usize, judgement: &Judgement) {
        if let Some(facts) = self.turns.iter_mut().find(|facts| facts.at == at) {
            facts.learn(judgement.user_act.top(), judgement.emotion >= DISCLOSES);
            self.just_answer |= facts.just_answer;
        }
    }

    /// Earlier user turns that did this.
    pub fn count(&self, act: UserAct) -> usize {
        self.turns.iter().filter(|facts| facts.act == act).count()
    }

    /// Earlier questions that the user answered, declined or passed over.
    pub fn replies(&self, reply: Reply) -> usize {
        self.turns.iter().filter(|facts| facts.reply() == Some(reply)).count()
    }

    /// Earlier user turns by which the user says that an answer was not what they wanted: a correction, a doubt, the same
    /// again in other words.
    pub fn failures(&self) -> usize {
        self.turns.iter().filter(|facts| facts.is_failure()).count()
    }

    /// How many user turns ago the assistant last asked: 0 if this turn follows the question, 1 if the turn before it did.
    pub fn since_question(&self) -> Option<usize> {
        if self.after_question {
            return Some(0);
        }
        self.turns.iter().rev().position(|facts| facts.after_question).map(|turns| turns + 1)
    }

    /// How many user turns ago the user last declined a question: 0 if in this turn, as far as its words tell.
    pub fn since_refusal(&self) -> Option<usize> {
        if self.refuses {
            return Some(0);
        }
        self.turns.iter().rev().position(|facts| facts.reply() == Some(Reply::Refused)).map(|turns| turns + 1)
    }

    /// Whether the classifier finds distress in the user turn before this one.
    pub fn disclosed_before(&self) -> bool {
        self.turns.last().is_some_and(|facts| facts.discloses)
    }

    /// Earlier user turns that say what the user wants or how it should be.
    pub fn requirements(&self) -> usize {
        self.turns.iter().filter(|facts| facts.adds()).count()
    }

    /// The earlier turns, at most `most`, of which it matters most what the classifier says: what came of the last
    /// questions, newest first, then the turn before this one.
    ///
    /// Which they are depends on the request alone, so that replicas ask for the same ones.
    pub fn to_judge(&self, most: usize) -> Vec<usize> {
        let mut replies = self.turns.iter().rev().filter(|facts| facts.after_question);
        // Whoever looks back at one turn alone wants to know what came of the last question.
        let by_weight = [replies.next(), self.turns.last().filter(|_| most > 1), replies.next().filter(|_| most > 1)];
        let mut places = Vec::with_capacity(most.min(by_weight.len()));
        for facts in by_weight.into_iter().flatten() {
            // Where the words leave no doubt, nobody need be asked.
            if !facts.just_answer && !facts.unsure && !places.contains(&facts.at) {
                places.push(facts.at);
            }
        }
        places.truncate(most);
        places
    }
}

#[cfg(test)]
mod tests;
