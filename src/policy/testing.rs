//! Tests one condition after the other, notes each where there is a trace, and gathers why a rule matched.

use std::fmt::Write;

use super::conditions::name;
use super::{Op, Operand, RequestFacts, Step, Trace};
use crate::dialogue::{GroundingAct, Label};

/// Tests the conditions of one rule.
pub(super) struct Tester<'a> {
    policy: &'a str,
    rule: Option<usize>,
    act: Option<GroundingAct>,
    trace: &'a mut Trace,
    tried: usize,
    why: String,
}

impl<'a> Tester<'a> {
    pub(super) fn new(policy: &'a str, rule: Option<usize>, act: Option<GroundingAct>, trace: &'a mut Trace) -> Self {
        Self { policy, rule, act, trace, tried: 0, why: String::new() }
    }

    /// The conditions that held, with the values compared.
    pub(super) fn why(mut self) -> String {
        if self.tried == 0 {
            self.note("always", true, || (Operand::Flag(true), Op::Is, Operand::Flag(true)));
        }
        self.why
    }

    /// Notes a test, whose sides are only put together where somebody wants to see them.
    pub(super) fn note(
        &mut self,
        condition: &'static str,
        held: bool,
        sides: impl FnOnce() -> (Operand, Op, Operand),
    ) -> bool {
        self.tried += 1;
        let (policy, rule, act) = (self.policy, self.rule, self.act);
        self.trace.note(|| {
            let (left, op, right) = sides();
            Step { policy: policy.to_owned(), rule, act, condition, left, op, right, held }
        });
        held
    }

    /// The same, and the reason of the decision says so if it held.
    pub(super) fn tell(
        &mut self,
        condition: &'static str,
        held: bool,
        sides: impl Fn() -> (Operand, Op, Operand),
    ) -> bool {
        self.note(condition, held, &sides);
        if held {
            let (left, op, right) = sides();
            let comma = if self.why.is_empty() { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = write!(self.why, "{comma}{condition} {left} {op} {right}");
        }
        held
    }

    pub(super) fn at_least(&mut self, condition: &'static str, value: f32, least: Option<f32>) -> bool {
        least.is_none_or(|least| {
            self.tell(condition, value >= least, || (Operand::Number(value), Op::AtLeast, Operand::Number(least)))
        })
    }

    pub(super) fn count_at_least(
        &mut self,
        condition: &'static str,
        count: impl FnOnce() -> usize,
        least: Option<usize>,
    ) -> bool {
        least.is_none_or(|least| {
            let count = count();
            self.tell(condition, count >= least, || (Operand::Count(count), Op::AtLeast, Operand::Count(least)))
        })
    }

    pub(super) fn count_at_most(
        &mut self,
        condition: &'static str,
        count: impl FnOnce() -> usize,
        most: Option<usize>,
    ) -> bool {
        most.is_none_or(|most| {
            let count = count();
            self.tell(condition, count <= most, || (Operand::Count(count), Op::AtMost, Operand::Count(most)))
        })
    }

    /// Fewer than `most`: an allowance, which is not worth telling where it holds.
    pub(super) fn below(&mut self, condition: &'static str, count: usize, most: usize) -> bool {
        self.note(condition, count < most, || (Operand::Count(count), Op::Below, Operand::Count(most)))
    }

    /// Whether what recurs is due, so many turns beyond the first time.
    pub(super) fn is_due(&mut self, condition: &'static str, beyond: usize, every: usize) -> bool {
        let since = beyond % every.max(1);
        self.note(condition, since == 0, || (Operand::Count(since), Op::Is, Operand::Count(0)))
    }

    pub(super) fn is(&mut self, condition: &'static str, is: bool, wanted: Option<bool>) -> bool {
        wanted.is_none_or(|wanted| {
            self.tell(condition, is == wanted, || (Operand::Flag(is), Op::Is, Operand::Flag(wanted)))
        })
    }

    /// Whether it is so: a condition that comes with another, and is not worth telling.
    pub(super) fn is_noted(&mut self, condition: &'static str, is: bool) -> bool {
        self.note(condition, is, || (Operand::Flag(is), Op::Is, Operand::Flag(true)))
    }

    /// As [`is`](Self::is), of what is wanted unless somebody says otherwise: not worth telling.
    pub(super) fn is_not(&mut self, condition: &'static str, is: bool) -> bool {
        self.note(condition, !is, || (Operand::Flag(is), Op::Is, Operand::Flag(false)))
    }

    pub(super) fn one_of<L: Label>(&mut self, condition: &'static str, top: L, any: Option<&[L]>) -> bool {
        any.is_none_or(|any| {
            let sides = || {
                let names = any.iter().map(|label| name(*label).into()).collect();
                (Operand::Name(name(top).into()), Op::In, Operand::Names(names))
            };
            self.tell(condition, any.contains(&top), sides)
        })
    }

    /// Whether a name of the request is one of those wanted.
    pub(super) fn named(
        &mut self,
        condition: &'static str,
        is: Option<&str>,
        any: Option<&[String]>,
        same: impl Fn(&str, &str) -> bool,
    ) -> bool {
        any.is_none_or(|any| {
            let held = is.is_some_and(|is| any.iter().any(|wanted| same(is, wanted)));
            // What a request says of itself is shown only where the configuration says the same.
            let shown = match is {
                None => "none".into(),
                Some(is) if held => is.to_owned().into(),
                Some(_) => "another".into(),
            };
            let names = || any.iter().map(|name| name.clone().into()).collect();
            self.tell(condition, held, || {
                (Operand::Name(std::borrow::Cow::clone(&shown)), Op::In, Operand::Names(names()))
            })
        })
    }

    /// Whether a header has the value wanted. Another value than that is not shown.
    pub(super) fn header(&mut self, request: &RequestFacts, header: &str, wanted: &str) -> bool {
        let value = request.header(header);
        let held = value == Some(wanted);
        let shown = match value {
            _ if held => wanted,
            None => "none",
            Some(_) => "another",
        };
        self.tell("header", held, || {
            let left = format!("{header}: {shown}");
            (Operand::Name(left.into()), Op::Is, Operand::Name(wanted.to_owned().into()))
        })
    }
}
