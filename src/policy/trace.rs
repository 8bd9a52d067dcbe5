//! How a decision came about: every condition that was tried, with the values compared.
//!
//! Live traffic decides without a trace, which then costs a branch per condition. `groundwire explain` and the admin page
//! decide with one.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::dialogue::GroundingAct;

/// What was tried on the way to a decision, in order; or nothing, where nobody wants to know.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Vec<Step>>);

impl Trace {
    /// A trace that keeps every step.
    pub fn new() -> Self {
        Self(Some(Vec::new()))
    }

    /// A trace that keeps nothing.
    pub const fn off() -> Self {
        Self(None)
    }

    /// Whether steps are kept.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Notes a step, which is made only where steps are kept.
    pub fn note(&mut self, step: impl FnOnce() -> Step) {
        if let Some(steps) = &mut self.0 {
            steps.push(step());
        }
    }

    /// The steps so far.
    pub fn steps(&self) -> &[Step] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Serialize for Trace {
    /// A list of steps.
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.steps().serialize(s)
    }
}

/// One condition that was tried.
///
/// It holds names and numbers of the configuration and of the judgement, and no word of the conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The policy whose condition it is. A combination names the policies inside it.
    pub policy: String,
    /// Which of its rules, from 1; `None` for a condition that stands around all of them.
    pub rule: Option<usize>,
    /// The act that hangs on it; `None` where it is not known yet.
    pub act: Option<GroundingAct>,
    /// The condition, by its key in the configuration.
    pub condition: &'static str,
    /// What the turn shows.
    pub left: Operand,
    /// How the two are compared.
    pub op: Op,
    /// What the condition wants.
    pub right: Operand,
    /// Whether it held.
    pub held: bool,
}

impl fmt::Display for Step {
    /// `ambiguity 0.31 >= 0.50`, whether or not it held.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.condition, self.left, self.op, self.right)
    }
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Op {
    /// At least.
    #[serde(rename = ">=")]
    AtLeast,
    /// Less than.
    #[serde(rename = "<")]
    Below,
    /// At most.
    #[serde(rename = "<=")]
    AtMost,
    /// More than.
    #[serde(rename = ">")]
    Above,
    /// The same.
    #[serde(rename = "is")]
    Is,
    /// One of several.
    #[serde(rename = "in")]
    In,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::Is => "is",
            Self::In => "in",
        })
    }
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Operand {
    /// A probability, or a value computed from some.
    Number(f32),
    /// A count.
    Count(usize),
    /// Yes or no.
    Flag(bool),
    /// A label or another name.
    Name(Cow<'static, str>),
    /// Several of them.
    Names(Vec<Cow<'static, str>>),
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Below a tenth, two digits say too little.
            Self::Number(n) if n.abs() < 0.095 && *n != 0.0 => write!(f, "{n:.4}"),
            Self::Number(n) => write!(f, "{n:.2}"),
            Self::Count(n) => write!(f, "{n}"),
            Self::Flag(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            Self::Name(name) => f.write_str(name),
            Self::Names(names) => write!(f, "[{}]", names.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step() -> Step {
        Step {
            policy: "gentle".to_owned(),
            rule: Some(1),
            act: Some(GroundingAct::Clarify),
            condition: "ambiguity",
            left: Operand::Number(0.25),
            op: Op::AtLeast,
            right: Operand::Number(0.5),
            held: false,
        }
    }

    #[test]
    fn a_step_reads_as_it_compares() {
        let mut trace = Trace::new();
        trace.note(step);
        assert_eq!(trace.steps()[0].to_string(), "ambiguity 0.25 >= 0.50");
        assert_eq!(
            serde_json::to_string(&trace).unwrap(),
            r#"[{"policy":"gentle","rule":1,"act":"clarify","condition":"ambiguity","left":0.25,"op":">=","right":0.5,"held":false}]"#
        );
    }

    #[test]
    fn nobody_pays_for_a_trace_that_is_off() {
        let mut trace = Trace::off();
        trace.note(|| unreachable!("made for nobody"));
        assert!(trace.steps().is_empty() && !trace.is_on());
        assert_eq!(serde_json::to_string(&trace).unwrap(), "[]");
    }
}
