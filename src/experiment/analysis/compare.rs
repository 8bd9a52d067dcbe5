//! One metric in two arms.

use super::super::{ArmValue, Interval};
use super::tally::MetricTally;
use crate::stats::{ConfidenceSequence, Estimate};

/// Units that each arm must have before an interval is given: what holds in the limit does not hold of a handful.
pub(crate) const LEAST_UNITS: u64 = 50;

/// Of outcomes that are yes or no: so many units of both arms together must say either. What was hardly ever seen has no variance that
/// could be told. (In one arm it may never be: nobody leaves after a question that was not asked.)
const LEAST_OF_EITHER: u64 = 10;

/// An effect, and what can be said of it.
pub(super) struct Effect {
    pub(super) value: f64,
    pub(super) interval: Option<Interval>,
    pub(super) p: Option<f64>,
}

/// `treated` less `baseline`; `None` where either has no value.
pub(super) fn effect(
    treated: &MetricTally,
    baseline: &MetricTally,
    quantile: Option<f64>,
    sequence: &ConfidenceSequence,
) -> Option<Effect> {
    let difference = difference(treated, baseline, quantile)?;
    let enough = is_enough(treated, baseline) && difference.variance > 0.0;
    let half = enough.then(|| sequence.half_width(difference.error(), difference.n));
    let value = difference.value;
    Some(Effect {
        value,
        interval: half.map(|half| Interval { low: value - half, high: value + half }),
        p: enough.then(|| sequence.p(value, difference.error(), difference.n)),
    })
}

fn is_enough(treated: &MetricTally, baseline: &MetricTally) -> bool {
    let (a, b) = (treated.sides, baseline.sides);
    let seen = a.others + b.others > 0 || (a.yes + b.yes).min(a.no + b.no) >= LEAST_OF_EITHER;
    treated.units().min(baseline.units()) >= LEAST_UNITS && seen
}

fn difference(treated: &MetricTally, baseline: &MetricTally, quantile: Option<f64>) -> Option<Estimate> {
    match quantile {
        Some(p) => Some(treated.times.quantile(p)?.less(&baseline.times.quantile(p)?)),
        None if treated.is_ratio || baseline.is_ratio => {
            Some(treated.whole(0.0).ratio()?.less(&baseline.whole(0.0).ratio()?))
        }
        None => {
            let (theta, at) = coefficient(treated, baseline);
            let adjusted = |tally: &MetricTally| tally.whole(at).adjusted(theta, at);
            Some(adjusted(treated)?.less(&adjusted(baseline)?))
        }
    }
}

/// CUPED's coefficient over both arms, and the covariate's mean. Units of which it is not known are taken for average.
fn coefficient(treated: &MetricTally, baseline: &MetricTally) -> (f64, f64) {
    let mut known = treated.moments;
    known.merge(&baseline.moments);
    let at = known.mean_of_covariate();
    let mut both = treated.whole(at);
    both.merge(&baseline.whole(at));
    (both.theta(), at)
}

/// The share by which the covariate makes the variance of the effect smaller; `None` without one.
pub(super) fn variance_saved(treated: &MetricTally, baseline: &MetricTally) -> Option<f64> {
    if coefficient(treated, baseline).0 == 0.0 || treated.is_ratio || baseline.is_ratio {
        return None;
    }
    let plain = treated.whole(0.0).mean()?.less(&baseline.whole(0.0).mean()?);
    let adjusted = difference(treated, baseline, None)?;
    (plain.variance > 0.0).then(|| 1.0 - adjusted.variance / plain.variance)
}

/// A metric in one arm, not adjusted.
pub(super) fn arm_value(arm: &str, tally: &MetricTally, quantile: Option<f64>) -> ArmValue {
    let estimate = match quantile {
        Some(p) => tally.times.quantile(p),
        None if tally.is_ratio => tally.whole(0.0).ratio(),
        None => tally.whole(0.0).mean(),
    };
    ArmValue {
        arm: arm.to_owned(),
        units: tally.units(),
        missing: tally.missing,
        value: estimate.map(|estimate| estimate.value),
        error: estimate.map(|estimate| estimate.error()).filter(|error| *error > 0.0),
    }
}
