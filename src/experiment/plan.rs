//! How many units an experiment takes, and how long: for outcomes of units that trigger, looked at as often as one likes.

use serde::Serialize;

use super::analysis::LEAST_UNITS;
use crate::stats::{ConfidenceSequence, drift_for, normal_quantile, sequential_power};

/// How often one is taken to look: some three or four times a day over a month. More looks find hardly more.
const LOOKS: u32 = 100;

/// Days after which a plan says what could be found by then.
const MILESTONES: [f64; 4] = [7.0, 14.0, 28.0, 56.0];

/// What an experiment is to find, and on what traffic.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The primary outcome of triggered units in the baseline: a share, or the mean of a number.
    pub baseline: f64,
    /// The standard deviation of a number; `None` of a share.
    pub deviation: Option<f64>,
    /// The least effect that is to be found, absolute: .05 of a share is five points.
    pub effect: f64,
    /// The share of enrolled units that trigger at all.
    pub trigger_rate: f64,
    /// New units a day, before enrolment.
    pub units_a_day: f64,
    /// The share of them that is exposed.
    pub enrol: f64,
    /// Arms of equal weight, the baseline included.
    pub arms: u32,
    /// The chance with which the effect is to be found.
    pub power: f64,
    /// How often a false effect may be found.
    pub alpha: f64,
    /// Days from a unit's first trigger until it counts.
    pub window_days: f64,
}

/// What it takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Planned {
    /// What was asked.
    pub plan: Plan,
    /// Triggered units, all arms together: the `horizon` of the configuration.
    pub horizon: u64,
    /// The same for each arm.
    pub triggered_per_arm: u64,
    /// Units to be enrolled for that.
    pub enrolled: u64,
    /// Days from the start until the last of them counts.
    pub days: f64,
    /// The chance of finding the effect by then, with a hundred looks on the way.
    pub power: f64,
    /// The chance of finding it half way there.
    pub power_half_way: f64,
    /// The chance of a false effect by then.
    pub false_alarm: f64,
    /// Triggered units that one look at a number fixed in advance would take.
    pub fixed_sample: u64,
    /// Units that would be needed if all that are enrolled were compared, and not only those that trigger.
    pub without_trigger: u64,
    /// The least effect that is found with the same chance after so many days.
    pub detectable: Vec<Detectable>,
}

/// What can be found by a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Detectable {
    /// Days from the start.
    pub days: f64,
    /// Triggered units that count by then, all arms.
    pub triggered: u64,
    /// The least effect; `None` where too few units count, or none is large enough.
    pub effect: Option<f64>,
}

impl Plan {
    /// What it takes.
    ///
    /// Of the two arms compared, with `m` units each, the effect is `effect * sqrt(m / (v0 + v1))` standard errors; the number that
    /// is found with the wanted chance comes from [`drift_for`]. Several arms get their share of `alpha` each.
    ///
    /// ```
    /// use groundwire::experiment::Plan;
    ///
    /// let plan = Plan { effect: 0.05, ..Plan::of_share(0.6, 0.1, 2000.0) };
    /// let planned = plan.work_out()?;
    /// assert!(planned.horizon > planned.fixed_sample && planned.enrolled >= 10 * planned.horizon);
    /// assert!((planned.power - 0.8).abs() < 0.01 && planned.false_alarm < 0.05);
    /// # Ok::<(), &'static str>(())
    /// ```
    ///
    /// # Errors
    /// What is wrong with a number, in words.
    pub fn work_out(self) -> Result<Planned, &'static str> {
        self.check()?;
        let (comparisons, first) = (f64::from(self.arms - 1), 2.0 * LEAST_UNITS as f64);
        let alpha = self.alpha / comparisons;
        let variances = self.variance(self.baseline) + self.variance(self.baseline + self.effect);
        let units = |drift: f64| (drift / self.effect).powi(2) * variances;
        // What is found depends on the horizon only by the looks that come too early for an interval: two rounds settle it.
        let mut pair = 2.0 * units(4.0);
        for _ in 0..2 {
            let sequence = ConfidenceSequence::tuned(alpha, pair);
            let drift = drift_for(&sequence, pair, LOOKS, first.min(pair), self.power).ok_or("no such power")?;
            pair = (2.0 * units(drift)).max(first);
        }
        let per_arm = (pair / 2.0).ceil();
        let pair = 2.0 * per_arm;
        let sequence = ConfidenceSequence::tuned(alpha, pair);
        let drift = self.effect.abs() * (per_arm / variances).sqrt();
        let power = |share: f64, drift: f64| {
            let looks = (f64::from(LOOKS) * share) as u32;
            sequential_power(&sequence, pair * share, looks, first, drift * share.sqrt())
        };
        let horizon = per_arm * f64::from(self.arms);
        let enrolled = (horizon / self.trigger_rate).ceil();
        let fixed = normal_quantile(1.0 - alpha / 2.0) + normal_quantile(self.power);
        Ok(Planned {
            plan: self,
            horizon: horizon as u64,
            triggered_per_arm: per_arm as u64,
            enrolled: enrolled as u64,
            days: enrolled / (self.units_a_day * self.enrol) + self.window_days,
            power: power(1.0, drift),
            power_half_way: power(0.5, drift),
            false_alarm: power(1.0, 0.0),
            fixed_sample: (units(fixed).ceil() * f64::from(self.arms)) as u64,
            without_trigger: (enrolled / self.trigger_rate).ceil() as u64,
            detectable: MILESTONES.iter().map(|days| self.detectable(*days, drift)).collect(),
        })
    }

    /// Two arms, power .8 at .05, everybody enrolled, a window of a day, and an effect of five points.
    pub fn of_share(baseline: f64, trigger_rate: f64, units_a_day: f64) -> Self {
        Self {
            baseline,
            deviation: None,
            effect: 0.05,
            trigger_rate,
            units_a_day,
            enrol: 1.0,
            arms: 2,
            power: 0.8,
            alpha: 0.05,
            window_days: 1.0,
        }
    }

    fn variance(&self, value: f64) -> f64 {
        self.deviation.map_or(value * (1.0 - value), |deviation| deviation * deviation)
    }

    /// The least effect that is found by then, were the horizon the one of that day. The drift that it takes is about the same whatever
    /// the horizon.
    fn detectable(&self, days: f64, drift: f64) -> Detectable {
        let counted = (days - self.window_days).max(0.0) * self.units_a_day * self.enrol * self.trigger_rate;
        let per_arm = (counted / f64::from(self.arms)).floor();
        let enough = per_arm >= LEAST_UNITS as f64;
        let sign = self.effect.signum();
        let mut effect = self.effect.abs();
        for _ in 0..50 {
            let end = (self.baseline + sign * effect).clamp(0.0, 1.0);
            let other = if self.deviation.is_some() { self.variance(0.0) } else { self.variance(end) };
            effect = drift * ((self.variance(self.baseline) + other) / per_arm).sqrt();
        }
        let possible = self.deviation.is_some() || (0.0..=1.0).contains(&(self.baseline + sign * effect));
        let found = enough && effect.is_finite() && possible;
        Detectable { days, triggered: (per_arm * f64::from(self.arms)) as u64, effect: found.then_some(sign * effect) }
    }

    fn check(&self) -> Result<(), &'static str> {
        let share = |x: f64| x > 0.0 && x <= 1.0;
        let end = self.baseline + self.effect;
        match () {
            () if !self.effect.is_finite() || self.effect == 0.0 => Err("the effect must be a number other than zero"),
            () if !self.baseline.is_finite() => Err("the baseline must be a number"),
            () if self.deviation.is_some_and(|sd| !(sd > 0.0 && sd.is_finite())) => {
                Err("the standard deviation must be above zero")
            }
            () if self.deviation.is_none() && !(self.baseline > 0.0 && self.baseline < 1.0) => {
                Err("the baseline of a share must lie between 0 and 1; give the standard deviation of a number")
            }
            () if self.deviation.is_none() && !(end > 0.0 && end < 1.0) => {
                Err("the baseline and the effect together must lie between 0 and 1; five points are 0.05")
            }
            () if !share(self.trigger_rate) => Err("the trigger rate must be a share above 0 and up to 1"),
            () if !share(self.enrol) => Err("the enrolled share must be above 0 and up to 1"),
            () if !(self.units_a_day > 0.0 && self.units_a_day.is_finite()) => {
                Err("the units a day must be above zero")
            }
            () if !(2..=20).contains(&self.arms) => Err("there must be 2 to 20 arms"),
            () if !(self.power > 0.0 && self.power < 1.0) => Err("the power must lie between 0 and 1"),
            () if !(self.alpha >= 1e-6 && self.alpha <= 0.5) => Err("alpha must lie between 0.000001 and 0.5"),
            () if !(self.window_days >= 0.0 && self.window_days.is_finite()) => Err("the window must not be negative"),
            () => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_effect_and_more_arms_take_more_units() {
        let plan = Plan::of_share(0.6, 0.1, 2000.0);
        let horizon = |plan: Plan| plan.work_out().unwrap().horizon;
        let five = horizon(plan);
        // A quarter of the effect's square.
        let half = horizon(Plan { effect: 0.025, ..plan }) as f64 / five as f64;
        assert!((half - 4.0).abs() < 0.2, "{half}");
        assert!(horizon(Plan { arms: 3, ..plan }) > five * 3 / 2);
        assert!(horizon(Plan { power: 0.9, ..plan }) > five);
        // 3.035 + .84 to 1.96 + .84, squared, less what the looks on the way find.
        let planned = plan.work_out().unwrap();
        let price = planned.horizon as f64 / planned.fixed_sample as f64;
        assert!((1.4..1.95).contains(&price), "{price}");
    }

    #[test]
    fn what_can_be_found_by_a_day_is_what_a_plan_for_it_takes() {
        let plan = Plan { window_days: 0.0, ..Plan::of_share(0.5, 0.2, 1000.0) };
        let by_28 = plan.work_out().unwrap().detectable[2];
        let again = Plan { effect: by_28.effect.unwrap(), ..plan }.work_out().unwrap();
        assert!((again.days / 28.0 - 1.0).abs() < 0.05, "{by_28:?} {}", again.days);
    }

    #[test]
    fn what_cannot_be_is_said() {
        let plan = Plan::of_share(0.98, 0.1, 100.0);
        assert!(plan.work_out().unwrap_err().contains("together"));
        assert!(Plan { trigger_rate: 0.0, ..plan }.work_out().is_err());
        assert!(Plan { baseline: 7.0, ..plan }.work_out().unwrap_err().contains("standard deviation"));
        assert!(Plan { baseline: 7.0, deviation: Some(3.0), ..plan }.work_out().is_ok());
    }
}
