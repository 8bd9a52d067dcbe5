//! Experiments: which unit is in which arm, and what came of it.
//!
//! An experiment compares policies on live traffic. Units are assigned by a pure hash, so that every replica agrees without
//! asking another. What came of each unit is a [`UnitRow`]; the store makes them, and an analysis reads nothing else.
//!
//! ```
//! use groundwire::experiment::{Arm, Experiment, Experiments, UnitSource};
//! use groundwire::policy::preset;
//!
//! let gentle = preset("gentle").ok_or("no such policy")?;
//! let experiment = Experiment::new("ask-or-not", 1, [Arm::control(50), Arm::new("gentle", 50, gentle)]).enrol(10);
//! let experiments = Experiments::new("header:x-groundwire-user".parse::<UnitSource>()?, "2026", [experiment]);
//! # Ok::<(), &'static str>(())
//! ```

mod analysis;
mod arm;
mod assign;
mod design;
mod enrol;
mod outcome;
mod plan;
mod row;
mod split;
mod standing;
mod unit;

pub use analysis::Analysis;
pub use arm::{Arm, CONTROL};
pub use design::Design;
pub use enrol::{Assignment, Experiments};
pub use outcome::{Direction, Metric, guardrails, resolved};
pub use plan::{Detectable, Plan, Planned};
pub use row::{Name, UnitRow, UnitRows, Value};
pub use split::{Experiment, Split};
pub use standing::{
    ArmFunnel, ArmValue, Comparison, Health, Interval, Look, MetricStanding, SampleRatio, Scale, Standing, Verdict,
    VerdictKind,
};
pub use unit::UnitSource;
