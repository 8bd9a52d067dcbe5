//! Intervals of a fixed sample, and quantiles of the normal distribution.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::function::beta::inv_beta_reg;

/// The `p` quantile of the standard normal distribution; infinite at 0 and 1 and beyond.
///
/// ```
/// assert!((groundwire::stats::normal_quantile(0.975) - 1.959964).abs() < 1e-6);
/// ```
pub fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p.clamp(0.0, 1.0))
}

/// The probability of the standard normal distribution below `z`.
///
/// ```
/// assert!((groundwire::stats::normal_below(1.959964) - 0.975).abs() < 1e-6);
/// ```
pub fn normal_below(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// The `p` quantile of Student's t with `freedom` degrees of freedom; the normal one where they make no sense.
pub fn t_quantile(p: f64, freedom: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(t) => t.inverse_cdf(p.clamp(0.0, 1.0)),
        Err(_) => normal_quantile(p),
    }
}

/// The exact interval of level `1 - alpha` for a share of which `count` of `of` were seen (Clopper & Pearson 1934): quantiles
/// of beta distributions. `(0, 1)` of none.
///
/// ```
/// let (low, high) = groundwire::stats::exact_share(5, 20, 0.05);
/// assert!((low - 0.08657).abs() < 1e-4 && (high - 0.49105).abs() < 1e-4, "{low} {high}");
/// ```
pub fn exact_share(count: u64, of: u64, alpha: f64) -> (f64, f64) {
    let (x, n) = (count.min(of) as f64, of as f64);
    let low = if x > 0.0 { inv_beta_reg(x, n - x + 1.0, alpha / 2.0) } else { 0.0 };
    let high = if x < n { inv_beta_reg(x + 1.0, n - x, 1.0 - alpha / 2.0) } else { 1.0 };
    (low, high)
}
