//! Means, ratios and adjusted means by unit, from sums that can be added up in any order.

/// What is kept of units to compare them by a mean, by a ratio of sums, or by a mean adjusted by a covariate.
///
/// For each unit a numerator `y`, a denominator `m` (1 where there is none) and a covariate `x` (0 where there is none):
/// their number, means, and sums of products of deviations. Those are updated one unit at a time (Welford 1962) and merged
/// in pairs (Chan, Golub & LeVeque 1983), so that no large squares are subtracted from each other.
///
/// ```
/// use groundwire::stats::Moments;
///
/// let (mut all, mut first, mut rest) = (Moments::default(), Moments::default(), Moments::default());
/// for (i, y) in [1.0, 0.0, 1.0, 1.0].into_iter().enumerate() {
///     all.add(y, 1.0, 0.0);
///     if i < 2 { first.add(y, 1.0, 0.0) } else { rest.add(y, 1.0, 0.0) }
/// }
/// first.merge(&rest);
/// let (one, two) = (all.mean().unwrap(), first.mean().unwrap());
/// assert_eq!(one.value, 0.75);
/// assert!((one.variance - 0.25 / 4.0).abs() < 1e-15 && (one.variance - two.variance).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    n: f64,
    mean: [f64; 3],
    /// Of `yy, ym, yx, mm, mx, xx`.
    products: [f64; 6],
}

/// A number with its variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Units that it is of.
    pub n: f64,
    /// The number.
    pub value: f64,
    /// The variance of that number, not of a unit's: the square of its standard error.
    pub variance: f64,
}

impl Estimate {
    /// The standard error.
    pub fn error(&self) -> f64 {
        self.variance.sqrt()
    }

    /// This less `other`, which is of other units: values are subtracted, variances and units added up.
    pub fn less(&self, other: &Self) -> Self {
        Self { n: self.n + other.n, value: self.value - other.value, variance: self.variance + other.variance }
    }
}

/// Which products of two of `y, m, x` are kept, in the order of [`Moments::products`].
const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

impl Moments {
    /// Adds one unit.
    pub fn add(&mut self, y: f64, m: f64, x: f64) {
        self.n += 1.0;
        let before = [y - self.mean[0], m - self.mean[1], x - self.mean[2]];
        for (mean, step) in self.mean.iter_mut().zip(before) {
            *mean += step / self.n;
        }
        let after = [y - self.mean[0], m - self.mean[1], x - self.mean[2]];
        for (product, (i, j)) in self.products.iter_mut().zip(PAIRS) {
            *product += before[i] * after[j];
        }
    }

    /// Adds all units of `other`.
    pub fn merge(&mut self, other: &Self) {
        if other.n == 0.0 {
            return;
        }
        let n = self.n + other.n;
        let apart: [f64; 3] = std::array::from_fn(|i| other.mean[i] - self.mean[i]);
        for (k, (i, j)) in PAIRS.into_iter().enumerate() {
            self.products[k] += other.products[k] + apart[i] * apart[j] * self.n * other.n / n;
        }
        for (mean, step) in self.mean.iter_mut().zip(apart) {
            *mean += step * other.n / n;
        }
        self.n = n;
    }

    /// How many units there are.
    pub fn n(&self) -> f64 {
        self.n
    }

    /// `sum(y) / n`, with the variance `s^2 / n`; `None` of fewer than two units.
    pub fn mean(&self) -> Option<Estimate> {
        (self.n > 1.0).then(|| Estimate { n: self.n, value: self.mean[0], variance: self.of_mean(self.products[0]) })
    }

    /// `sum(y) / sum(m)`, with units as clusters.
    ///
    /// The variance is the delta method's, `(s_yy - 2 r s_ym + r^2 s_mm) / (n mean(m)^2)` (Deng, Knoblich & Lu 2018, eq. 5,
    /// <https://arxiv.org/abs/1803.06336>), which is the cluster-robust one up to `n / (n - 1)`. `None` of fewer than two
    /// units, or where the denominators add up to nothing.
    ///
    /// ```
    /// use groundwire::stats::Moments;
    ///
    /// // Questions and conversations of three users.
    /// let mut asks = Moments::default();
    /// for (questions, conversations) in [(1.0, 4.0), (0.0, 1.0), (2.0, 3.0)] {
    ///     asks.add(questions, conversations, 0.0);
    /// }
    /// let ratio = asks.ratio().unwrap();
    /// assert_eq!(ratio.value, 3.0 / 8.0);
    /// // By hand: residuals y - r m are -.5, -.375, .875; their squares' sum / 2 / 3 / (8 / 3)^2.
    /// assert!((ratio.variance - (0.25 + 0.140625 + 0.765625) / 2.0 / 3.0 / (64.0 / 9.0)).abs() < 1e-12);
    /// ```
    pub fn ratio(&self) -> Option<Estimate> {
        let [yy, ym, _, mm, ..] = self.products;
        let [y, m, _] = self.mean;
        (self.n > 1.0 && m != 0.0).then(|| {
            let r = y / m;
            let squares = (yy - 2.0 * r * ym + r * r * mm).max(0.0);
            Estimate { n: self.n, value: r, variance: self.of_mean(squares) / (m * m) }
        })
    }

    /// The mean of `y - theta (x - at)`, as [`theta`](Self::theta) makes its variance least.
    ///
    /// The variance is `(s_yy - 2 theta s_yx + theta^2 s_xx) / n`; that `theta` was estimated from the same units changes it
    /// by a share of `1 / n` only.
    pub fn adjusted(&self, theta: f64, at: f64) -> Option<Estimate> {
        let [yy, _, yx, .., xx] = self.products;
        (self.n > 1.0).then(|| {
            let squares = (yy - 2.0 * theta * yx + theta * theta * xx).max(0.0);
            Estimate { n: self.n, value: self.mean[0] - theta * (self.mean[2] - at), variance: self.of_mean(squares) }
        })
    }

    /// CUPED's coefficient, `cov(y, x) / var(x)` over all units here, whichever arm they are in (Deng, Xu, Kohavi & Walker
    /// 2013, eq. 4); 0 where the covariate does not vary. The covariate must have been known before the unit could be
    /// treated: one that the treatment changes biases the effect.
    ///
    /// ```
    /// use groundwire::stats::Moments;
    ///
    /// let (mut control, mut treated) = (Moments::default(), Moments::default());
    /// for i in 0..100 {
    ///     let before = f64::from(i % 10);
    ///     control.add(2.0 * before + f64::from(i % 3), 1.0, before);
    ///     treated.add(2.0 * before + f64::from(i % 3) + 1.0, 1.0, before);
    /// }
    /// let mut both = control;
    /// both.merge(&treated);
    /// let (theta, at) = (both.theta(), both.mean_of_covariate());
    /// let adjusted = treated.adjusted(theta, at).unwrap().less(&control.adjusted(theta, at).unwrap());
    /// let plain = treated.mean().unwrap().less(&control.mean().unwrap());
    /// assert!((adjusted.value - 1.0).abs() < 1e-9 && adjusted.variance < plain.variance / 10.0);
    /// ```
    pub fn theta(&self) -> f64 {
        let [_, _, yx, .., xx] = self.products;
        if xx > 0.0 { yx / xx } else { 0.0 }
    }

    /// The covariate's mean.
    pub fn mean_of_covariate(&self) -> f64 {
        self.mean[2]
    }

    /// The same units with this covariate each.
    pub fn with_covariate(mut self, x: f64) -> Self {
        self.mean[2] = x;
        for (product, (i, j)) in self.products.iter_mut().zip(PAIRS) {
            if i == 2 || j == 2 {
                *product = 0.0;
            }
        }
        self
    }

    /// From a sum of squared deviations of units to the variance of their mean.
    fn of_mean(&self, squares: f64) -> f64 {
        squares / (self.n - 1.0) / self.n
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn merged_parts_are_the_whole(units in prop::collection::vec((-9.0..9.0_f64, 0.5..9.0_f64, -9.0..9.0_f64), 2..60), at in 0_usize..60) {
            let at = at.min(units.len());
            let (mut all, mut a, mut b) = (Moments::default(), Moments::default(), Moments::default());
            units.iter().for_each(|&(y, m, x)| all.add(y, m, x));
            units[..at].iter().for_each(|&(y, m, x)| a.add(y, m, x));
            units[at..].iter().for_each(|&(y, m, x)| b.add(y, m, x));
            a.merge(&b);
            for (whole, parts) in [(all.mean(), a.mean()), (all.ratio(), a.ratio()), (all.adjusted(0.7, 1.0), a.adjusted(0.7, 1.0))] {
                let (whole, parts) = (whole.unwrap(), parts.unwrap());
                prop_assert!((whole.value - parts.value).abs() < 1e-9 && (whole.variance - parts.variance).abs() < 1e-9);
            }
            prop_assert!((all.theta() - a.theta()).abs() < 1e-6);
        }
    }

    #[test]
    fn far_from_zero_nothing_is_lost() {
        let mut moments = Moments::default();
        [1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0].into_iter().for_each(|y| moments.add(y, 1.0, 0.0));
        assert_eq!(moments.mean().unwrap().variance, 30.0 / 4.0);
        assert_eq!((Moments::default().mean(), Moments::default().ratio()), (None, None));
    }
}
