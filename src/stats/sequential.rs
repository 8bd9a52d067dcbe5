//! Intervals and p-values that hold at every look: stop whenever you like.

/// An asymptotic confidence sequence for a mean, a difference of means, or any estimate that is asymptotically one.
///
/// With `s^2` the variance of one unit's contribution (of an effect between two arms, `n` times the variance of the estimate)
/// the interval after `n` units is `estimate ± h`,
///
/// ```text
/// h = s * sqrt(2 (n rho^2 + 1) / (n rho)^2 * ln(sqrt(n rho^2 + 1) / alpha))
/// ```
///
/// (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, *Time-uniform central limit theory and asymptotic confidence
/// sequences*, Annals of Statistics 2024, <https://arxiv.org/abs/2103.06476>, theorem 2.2). With probability `1 - alpha` it
/// holds the truth after *every* `n` at once, from the first look on, where that look is not too early: the statement is
/// asymptotic in it.
///
/// `rho` says where the sequence is narrowest. It must be fixed before the first look.
///
/// ```
/// use groundwire::stats::ConfidenceSequence;
///
/// let sequence = ConfidenceSequence::tuned(0.05, 1000.0);
/// // A standard error of one: what a fixed sample of the same size would give 1.96 for.
/// assert!((sequence.half_width(1.0, 1000.0) - 3.035).abs() < 1e-3);
/// assert!(sequence.half_width(1.0, 100.0) > 3.3 && sequence.half_width(1.0, 10_000.0) > 3.2);
/// // The interval of level p just touches zero.
/// let p = sequence.p(3.035, 1.0, 1000.0);
/// assert!((p - 0.05).abs() < 1e-3, "{p}");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConfidenceSequence {
    alpha: f64,
    rho2: f64,
}

impl ConfidenceSequence {
    /// The sequence of level `1 - alpha` that is about as narrow as can be after `horizon` units:
    /// `rho^2 = (-2 ln alpha + ln(1 - 2 ln alpha)) / horizon` (the same paper, appendix B.2).
    ///
    /// `alpha` is cut to what makes sense, 1e-12 … .5, and `horizon` to 1 and more.
    pub fn tuned(alpha: f64, horizon: f64) -> Self {
        let alpha = alpha.clamp(1e-12, 0.5);
        let log = -2.0 * alpha.ln();
        Self { alpha, rho2: (log + log.ln_1p()) / horizon.max(1.0) }
    }

    /// Half of the interval's width where the estimate has standard error `error` after `n` units.
    pub fn half_width(&self, error: f64, n: f64) -> f64 {
        error * self.critical(n)
    }

    /// How many standard errors half of the interval is, after `n` units.
    pub fn critical(&self, n: f64) -> f64 {
        let x = n * self.rho2;
        (2.0 * (x + 1.0) / x * (0.5 * x.ln_1p() - self.alpha.ln())).sqrt()
    }

    /// The anytime-valid p-value of an effect of zero: the least `alpha` at which the interval, with this `rho`, leaves zero out.
    ///
    /// It is `1 / e`, at most 1, with the e-value of the normal mixture `e = exp(z^2 x / (2 (x + 1))) / sqrt(x + 1)`, where
    /// `x = n rho^2` and `z` is the estimate over its standard error.
    pub fn p(&self, estimate: f64, error: f64, n: f64) -> f64 {
        let x = n * self.rho2;
        let z = estimate / error;
        (0.5 * x.ln_1p() - z * z * x / (2.0 * (x + 1.0))).exp().min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_p_value_is_the_level_at_which_the_interval_touches_zero() {
        let sequence = ConfidenceSequence::tuned(0.05, 500.0);
        for n in [50.0, 500.0, 50_000.0] {
            for z in [2.5, 3.5, 5.0] {
                let p = sequence.p(z, 1.0, n);
                if p == 1.0 {
                    // No level touches zero.
                    assert!(z < 3.0 && n > 1000.0);
                    continue;
                }
                let at = ConfidenceSequence { alpha: p, ..sequence };
                assert!((at.half_width(1.0, n) - z).abs() < 1e-9, "{n} {z} {p}");
            }
            assert_eq!(sequence.p(0.0, 1.0, n), 1.0);
        }
    }

    #[test]
    fn it_is_narrowest_about_where_it_is_tuned_to() {
        let at = |horizon: f64| ConfidenceSequence::tuned(0.05, horizon).half_width(1.0, 1000.0);
        assert!([1.0, 100.0, 500.0, 2000.0, 1e6].into_iter().all(|horizon| at(horizon) > at(1000.0) - 1e-3));
        assert!(at(1000.0) / 1.959_964 < 1.6, "{}", at(1000.0) / 1.96);
    }
}
