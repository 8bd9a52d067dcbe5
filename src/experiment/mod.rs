//! Experiments: which unit is in which arm, and what came of it.
//!
//! An experiment compares policies on live traffic. Units are assigned by a pure hash, so that every replica agrees without
//! asking another. What came of each unit is a [`UnitRow`]; the store makes them, and an analysis reads nothing else.

mod design;
mod outcome;
mod row;
mod standing;

pub use design::Design;
pub use outcome::{Direction, Metric, guardrails, resolved};
pub use row::{Name, UnitRow, UnitRows, Value};
pub use standing::{
    ArmFunnel, ArmValue, Comparison, Health, Interval, Look, MetricStanding, SampleRatio, Standing, Verdict,
    VerdictKind,
};
