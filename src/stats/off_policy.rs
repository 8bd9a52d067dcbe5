//! What another policy would have earned, from turns that one with known chances decided.

use std::collections::BTreeMap;

use super::{Estimate, Moments, t_quantile};

/// One logged decision, seen from the policy that is to be valued.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logged {
    /// The unit: decisions of one unit are not independent.
    pub unit: u64,
    /// The chance with which the logging policy chose what it chose; above 0.
    pub propensity: f64,
    /// The chance with which the policy to be valued would have chosen the same: 0 or 1 of one that leaves nothing to chance.
    pub target: f64,
    /// What came of it.
    pub reward: f64,
    /// What a model, fitted on other units, expects of what was chosen; 0 without a model.
    pub expected: f64,
    /// What the model expects of the policy to be valued at this turn; 0 without a model.
    pub expected_of_target: f64,
}

/// An estimate of a policy's mean reward, from another's decisions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OffPolicy {
    /// The mean reward.
    pub value: f64,
    /// The lower end of its interval of 95 %.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// `sum(w)^2 / sum(w^2)` of the weights (Kish 1965): as many decisions of its own would say about as much.
    pub effective: f64,
}

/// Inverse propensity scoring: the mean of `target / propensity * reward` (Horvitz & Thompson 1952). Unbiased where every
/// choice of the policy to be valued had a chance in the log.
///
/// The intervals of all three estimators are `± t(units - 1)` standard errors of a ratio with units as clusters. `None` of fewer than
/// two units, or where a propensity is no probability above 0.
///
/// ```
/// use groundwire::stats::{Logged, ips};
///
/// // Asked with one chance in four whatever the turn; asking earns 1, silence nothing. Always asking earns 1.
/// let log: Vec<Logged> = (0..4000)
///     .map(|unit| {
///         let asked = unit % 4 == 0;
///         let (propensity, target) = if asked { (0.25, 1.0) } else { (0.75, 0.0) };
///         Logged { unit, propensity, target, reward: f64::from(asked), expected: 0.0, expected_of_target: 0.0 }
///     })
///     .collect();
/// let always = ips(&log).unwrap();
/// assert!((always.value - 1.0).abs() < 1e-9);
/// assert!(always.low > 0.9 && always.effective == 1000.0);
/// ```
pub fn ips(log: &[Logged]) -> Option<OffPolicy> {
    estimate(log, |turn, weight| (weight * turn.reward, 1.0))
}

/// Self-normalised inverse propensity scoring: `sum(w reward) / sum(w)` (Swaminathan & Joachims 2015). Slightly biased and
/// much steadier where weights vary, and it does not move when all rewards do.
///
/// ```
/// use groundwire::stats::{Logged, ips, snips};
///
/// let turn = |unit, propensity, reward| Logged { unit, propensity, target: 1.0, reward, expected: 0.0, expected_of_target: 0.0 };
/// let log = [turn(1, 0.5, 7.0), turn(2, 0.25, 7.0), turn(3, 1.0, 7.0)];
/// assert!((snips(&log).unwrap().value - 7.0).abs() < 1e-9);
/// assert!(ips(&log).unwrap().value > 16.0);
/// ```
pub fn snips(log: &[Logged]) -> Option<OffPolicy> {
    estimate(log, |turn, weight| (weight * turn.reward, weight))
}

/// Doubly robust: the mean of `expected_of_target + w (reward - expected)` (Dudík, Langford & Li 2011). Right where either
/// the propensities or the model are, and the better the model, the narrower. The model must not have seen the unit that
/// it speaks of (cross-fitting).
///
/// ```
/// use groundwire::stats::{Logged, doubly_robust};
///
/// // A model that is always right leaves nothing to chance.
/// let log: Vec<Logged> = (0..10)
///     .map(|unit| Logged { unit, propensity: 0.1, target: 1.0, reward: 3.0, expected: 3.0, expected_of_target: 3.0 })
///     .collect();
/// let value = doubly_robust(&log).unwrap();
/// assert_eq!((value.value, value.low, value.high), (3.0, 3.0, 3.0));
/// ```
pub fn doubly_robust(log: &[Logged]) -> Option<OffPolicy> {
    estimate(log, |turn, weight| (turn.expected_of_target + weight * (turn.reward - turn.expected), 1.0))
}

fn estimate(log: &[Logged], parts: impl Fn(&Logged, f64) -> (f64, f64)) -> Option<OffPolicy> {
    let mut units: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    let (mut weights, mut squares) = (0.0, 0.0);
    for turn in log {
        if !(turn.propensity > 0.0 && turn.propensity <= 1.0) {
            return None;
        }
        let weight = turn.target / turn.propensity;
        weights += weight;
        squares += weight * weight;
        let (y, m) = parts(turn, weight);
        let unit = units.entry(turn.unit).or_default();
        unit.0 += y;
        unit.1 += m;
    }
    let mut moments = Moments::default();
    units.values().for_each(|&(y, m)| moments.add(y, m, 0.0));
    let ratio: Estimate = moments.ratio()?;
    let half = t_quantile(0.975, ratio.n - 1.0) * ratio.error();
    let effective = if squares > 0.0 { weights * weights / squares } else { 0.0 };
    Some(OffPolicy { value: ratio.value, low: ratio.value - half, high: ratio.value + half, effective })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_chance_has_no_value() {
        let turn =
            Logged { unit: 1, propensity: 0.0, target: 1.0, reward: 1.0, expected: 0.0, expected_of_target: 0.0 };
        assert_eq!(ips(&[turn, Logged { unit: 2, ..turn }]), None);
        assert_eq!(snips(&[]), None);
        let fine = Logged { propensity: 0.5, ..turn };
        assert_eq!(ips(&[fine, fine]), None, "one unit says nothing of how units differ");
        // No decision of the log is one of the target's: there is nothing to normalise by.
        let never = [Logged { target: 0.0, ..fine }, Logged { target: 0.0, unit: 2, ..fine }];
        assert_eq!(snips(&never), None);
    }
}
