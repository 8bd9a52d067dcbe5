//! Statistics: pure functions of numbers, each with its formula and its source.

mod agreement;
mod interval;
mod moments;
mod off_policy;
mod power;
mod proportion;
mod quantile;
mod sample_ratio;
mod sequential;
mod several;

pub use agreement::{Kappa, Table, kappa_by_cluster};
pub use interval::{exact_share, normal_below, normal_quantile, t_quantile};
pub use moments::{Estimate, Moments};
pub use off_policy::{Logged, OffPolicy, doubly_robust, ips, snips};
pub use power::{drift_for, sequential_power};
pub use proportion::{Share, share_by_cluster};
pub use quantile::{Times, bucket, bucket_start};
pub use sample_ratio::sample_ratio_p;
pub use sequential::ConfidenceSequence;
pub use several::holm;

/// The 97.5 % quantile of the normal distribution: two-sided intervals of 95 %.
pub(crate) const Z95: f64 = 1.959_963_984_540_054;

/// The 97.5 % quantile of Student's t with `df` degrees of freedom.
///
/// Exact for one and two; beyond, the expansion in `1 / df` of Abramowitz & Stegun 26.7.5, right to .01 at three and better above.
pub(crate) fn t95(df: f64) -> f64 {
    if df < 1.5 {
        return 12.706_204_736;
    }
    if df < 2.5 {
        return 4.302_652_730;
    }
    let z = Z95;
    let powers = [z.powi(3), z.powi(5), z.powi(7), z.powi(9)];
    let [z3, z5, z7, z9] = powers;
    z + (z3 + z) / (4.0 * df)
        + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * df.powi(2))
        + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / (384.0 * df.powi(3))
        + (79.0 * z9 + 776.0 * z7 + 1482.0 * z5 - 1920.0 * z3 - 945.0 * z) / (92_160.0 * df.powi(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_t_are_those_of_the_tables() {
        for (df, t) in
            [(1.0, 12.706), (2.0, 4.303), (3.0, 3.182), (4.0, 2.776), (10.0, 2.228), (30.0, 2.042), (1e6, 1.960)]
        {
            assert!((t95(df) - t).abs() < 0.01, "{df}: {}", t95(df));
        }
    }
}
