//! Quantiles of times, from counts by bucket, with units as clusters.

use std::collections::BTreeMap;

use super::{Estimate, Z95};

/// Buckets to a doubling: each is 9 % wide.
const TO_A_DOUBLING: f64 = 8.0;

/// The bucket of a time in microseconds: `floor(8 log2(micros))`, 0 for one microsecond and less.
///
/// ```
/// use groundwire::stats::{bucket, bucket_start};
///
/// assert_eq!(bucket(1_048_576), 160);
/// assert!(bucket_start(160) <= 1_048_576.0 && bucket_start(161) > 1_048_576.0);
/// ```
pub fn bucket(micros: u64) -> u16 {
    // 2^-40 more, so that a power of two is not below itself for the rounding of the logarithm.
    ((micros.max(1) as f64).log2() * TO_A_DOUBLING + 1e-12).floor() as u16
}

/// The least time of a bucket, in microseconds.
pub fn bucket_start(bucket: u16) -> f64 {
    (f64::from(bucket) / TO_A_DOUBLING).exp2()
}

/// Times of many units, as counts by bucket, and what their clustering makes of the variance.
///
/// For every bucket: how many times lie in it or above, the sum of the squares of that over units, and the sum of its
/// products with the unit's number of times. All are kept as differences from one bucket to the next, so that a unit costs
/// as much as it has buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    units: f64,
    total: f64,
    squares_of_total: f64,
    steps: BTreeMap<u16, [f64; 3]>,
}

impl Times {
    /// Adds one unit's times, counts by bucket in any order. One without times is none.
    pub fn add(&mut self, counts: &[(u16, u32)]) {
        let mut counts: Vec<(u16, f64)> = counts.iter().map(|(bucket, count)| (*bucket, f64::from(*count))).collect();
        let total: f64 = counts.iter().map(|(_, count)| count).sum();
        if total == 0.0 {
            return;
        }
        counts.sort_unstable_by_key(|(bucket, _)| *bucket);
        self.units += 1.0;
        self.total += total;
        self.squares_of_total += total * total;
        let mut left = total;
        for (bucket, count) in counts {
            let after = left - count;
            let step = self.steps.entry(bucket).or_default();
            // What the sums fall by behind this bucket.
            step[0] += count;
            step[1] += left * left - after * after;
            step[2] += count * total;
            left = after;
        }
    }

    /// Adds all units of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.units += other.units;
        self.total += other.total;
        self.squares_of_total += other.squares_of_total;
        for (bucket, step) in &other.steps {
            let sum = self.steps.entry(*bucket).or_default();
            sum.iter_mut().zip(step).for_each(|(sum, part)| *sum += part);
        }
    }

    /// How many units there are.
    pub fn units(&self) -> f64 {
        self.units
    }

    /// The `p` quantile in microseconds, and its variance; `None` of fewer than two units.
    ///
    /// Within a bucket times are taken to lie evenly on the scale of logarithms, so that the quantile is right to a few per
    /// cent. Its variance is Woodruff's (1952): the share of times below the quantile has the delta method's variance of a
    /// ratio with units as clusters (Deng, Knoblich & Lu 2018, section 4), its interval of 95 % is carried over to times
    /// by the distribution function, and the width of that is two times 1.96 standard errors.
    ///
    /// ```
    /// use groundwire::stats::{Times, bucket};
    ///
    /// let mut times = Times::default();
    /// (1..=2000_u64).for_each(|i| times.add(&[(bucket(i * 1000), 1)]));
    /// let p95 = times.quantile(0.95).unwrap();
    /// assert!((p95.value / 1_900_000.0 - 1.0).abs() < 0.02, "{p95:?}");
    /// // Of 2000 independent times, even from 0 to 2 s: sqrt(.95 * .05 / 2000) * 2 s.
    /// assert!((p95.error() / 9747.0 - 1.0).abs() < 0.1, "{p95:?}");
    /// ```
    pub fn quantile(&self, p: f64) -> Option<Estimate> {
        if self.units < 2.0 {
            return None;
        }
        let at = self.at(p);
        let half = Z95 * self.share_error(at);
        let (low, high) = (self.at((p - half).max(0.0)), self.at((p + half).min(1.0)));
        let error = (high - low) / (2.0 * Z95);
        Some(Estimate { n: self.units, value: at, variance: error * error })
    }

    /// The time below which a share of `p` lies.
    fn at(&self, p: f64) -> f64 {
        let wanted = p * self.total;
        let mut below = 0.0;
        let mut last = 0;
        for (bucket, [count, ..]) in &self.steps {
            if below + count >= wanted {
                let inside = ((wanted - below) / count).clamp(0.0, 1.0);
                return ((f64::from(*bucket) + inside) / TO_A_DOUBLING).exp2();
            }
            below += count;
            last = bucket + 1;
        }
        bucket_start(last)
    }

    /// The standard error of the share of times at or above `time`, with units as clusters.
    fn share_error(&self, time: f64) -> f64 {
        let from = (time.log2() * TO_A_DOUBLING).floor().max(0.0) as u16;
        // The bucket that holds the time counts with the part of it that lies above.
        let inside = 1.0 - (time.log2() * TO_A_DOUBLING).fract();
        let above = |weight: f64, first: u16| {
            self.steps
                .range(first..)
                .fold([0.0; 3], |sum, (_, step)| std::array::from_fn(|i| sum[i] + weight * step[i]))
        };
        let (part, rest) = (above(inside, from), above(1.0 - inside, from.saturating_add(1)));
        let [s, ss, sn]: [f64; 3] = std::array::from_fn(|i| part[i] + rest[i]);
        let m = self.units;
        let r = s / self.total;
        let squares = (ss - 2.0 * r * sn + r * r * self.squares_of_total).max(0.0);
        (m / (m - 1.0) * squares).sqrt() / self.total
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn order_and_merging_change_nothing() {
        let units = [vec![(96, 2), (100, 1)], vec![(100, 1), (96, 2)], vec![(120, 5)], vec![]];
        let mut whole = Times::default();
        units.iter().for_each(|unit| whole.add(unit));
        let (mut a, mut b) = (Times::default(), Times::default());
        units[..1].iter().for_each(|unit| a.add(unit));
        units[1..].iter().for_each(|unit| b.add(unit));
        a.merge(&b);
        assert_eq!(a, whole);
        assert_eq!(whole.units(), 3.0);
    }

    #[test]
    fn times_of_few_units_say_less() {
        let spread = |units: u64| {
            let mut times = Times::default();
            for unit in 0..units {
                // 4000 times in all; a unit's are alike.
                times.add(&[(bucket(100_000 + 1000 * (unit * 1000 / units)), u32::try_from(4000 / units).unwrap())]);
            }
            times.quantile(0.95).unwrap().error()
        };
        let (many, few) = (spread(4000), spread(40));
        assert!((few / many - 10.0).abs() < 3.0, "{few} {many}");
    }
}
