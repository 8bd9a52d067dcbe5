//! The stages of a request's way to a decision, and at which of them it was let go.

use serde::Serialize;

use crate::dialogue::{Bypass, Label};

/// A stage of a request's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StageName {
    /// Whether it is a chat call of a known dialect.
    Route,
    /// What its head asks for, and whether its body may be changed.
    Head,
    /// Whether its body can be read.
    Body,
    /// Whether a person said something that may be answered with a question.
    Request,
    /// Whether the classifier judged it.
    Model,
    /// Whether what was decided could be done.
    Edit,
}

impl StageName {
    /// Every stage, in order.
    pub const ALL: [Self; 6] = [Self::Route, Self::Head, Self::Body, Self::Request, Self::Model, Self::Edit];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Head => "head",
            Self::Body => "body",
            Self::Request => "request",
            Self::Model => "model",
            Self::Edit => "edit",
        }
    }

    /// The stage that lets a request go for this reason, where that is known by the reason alone.
    ///
    /// `too_large` and `malformed` are found at several; this names the first.
    pub fn of(bypass: Bypass) -> Self {
        match bypass {
            Bypass::NotACall => Self::Route,
            Bypass::OptedOut | Bypass::Signed | Bypass::Encoded => Self::Head,
            Bypass::Undecodable | Bypass::DecodedTooLarge | Bypass::Truncated | Bypass::Malformed => Self::Body,
            Bypass::Language
            | Bypass::NoModel
            | Bypass::Saturated
            | Bypass::Deadline
            | Bypass::Stalled
            | Bypass::Panicked
            | Bypass::ClassifierFailed => Self::Model,
            // Whatever else is found, is found in what the request says.
            _ => Self::Request,
        }
    }
}

/// How a request fared at a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It went on to the next.
    Passed,
    /// It was let go here.
    Stopped {
        /// Why.
        bypass: Bypass,
        /// What in the request told so, where one thing did.
        detail: Option<String>,
    },
    /// It did not come that far.
    NotReached,
}

/// A stage, and how the request fared there.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Stage {
    /// Which one.
    pub stage: StageName,
    /// How it fared.
    pub standing: Standing,
    /// The reasons for which a request is let go here.
    pub gates: Vec<Bypass>,
}

impl Stage {
    /// Every stage, none reached yet.
    pub(super) fn all() -> Vec<Self> {
        let stage = |stage: StageName| Self {
            stage,
            standing: Standing::NotReached,
            gates: Bypass::ALL.iter().copied().filter(|bypass| StageName::of(*bypass) == stage).collect(),
        };
        StageName::ALL.into_iter().map(stage).collect()
    }

    /// The request passed all before `at`, and was let go there.
    pub(super) fn stop(stages: &mut [Self], at: StageName, bypass: Bypass, detail: Option<String>) {
        for stage in stages {
            if stage.stage == at {
                stage.standing = Standing::Stopped { bypass, detail };
                return;
            }
            stage.standing = Standing::Passed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_found_at_one_stage() {
        let listed: usize = Stage::all().iter().map(|stage| stage.gates.len()).sum();
        assert_eq!(listed, Bypass::ALL.len());
    }

    #[test]
    fn stages_behind_the_one_that_stops_are_not_reached() {
        let mut stages = Stage::all();
        Stage::stop(&mut stages, StageName::Body, Bypass::Malformed, None);
        let standing: Vec<_> = stages.iter().map(|stage| stage.standing.clone()).collect();
        assert_eq!(standing[..2], [Standing::Passed, Standing::Passed]);
        assert_eq!(standing[2], Standing::Stopped { bypass: Bypass::Malformed, detail: None });
        assert!(standing[3..].iter().all(|standing| *standing == Standing::NotReached));
    }
}
