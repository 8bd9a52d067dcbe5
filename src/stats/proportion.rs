//! Shares of counted things, with intervals that know that things of one conversation resemble each other.

use serde::Serialize;

use super::{Z95, t95};

/// A share and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// How many were counted.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// `count / of`.
    pub share: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// The share of all counted things in clusters of `(count, of)`, say the turns of one conversation each.
///
/// `None` if there is nothing to count. The interval is Wilson's score interval (Wilson 1927) at the *effective* number
/// of observations: with `p = sum(x) / sum(n)` over `m` clusters, the linearised variance of the ratio is
/// `v = m / (m - 1) * sum((x_i - p * n_i)^2) / N^2` (Cochran 1977, 11.8), and `n_eff = N / deff` with the design effect
/// `deff = v / (p (1 - p) / (N - 1))`, at least 1, times `(t(N - 1) / t(m - 1))^2` for the few degrees of freedom (Korn & Graubard 1998, with Wilson's interval as
/// in Franco et al. 2019). Where `v` cannot be estimated, with one cluster or a share of 0 or 1, each cluster counts once.
///
/// ```
/// use groundwire::stats::share_by_cluster;
///
/// // Twenty conversations of one turn: Wilson's interval, 5 of 20.
/// let apart = share_by_cluster((0..20).map(|i| (u64::from(i < 5), 1))).unwrap();
/// assert!((apart.low - 0.1119).abs() < 1e-4 && (apart.high - 0.4687).abs() < 1e-4);
/// // The same turns in four conversations, of which one holds all five: much less is known.
/// let together = share_by_cluster([(5, 5), (0, 5), (0, 5), (0, 5)]).unwrap();
/// assert!(together.high - together.low > 1.5 * (apart.high - apart.low));
/// ```
pub fn share_by_cluster(clusters: impl IntoIterator<Item = (u64, u64)>) -> Option<Share> {
    let clusters: Vec<(u64, u64)> = clusters.into_iter().filter(|(_, of)| *of > 0).collect();
    let count: u64 = clusters.iter().map(|(count, _)| count).sum();
    let of: u64 = clusters.iter().map(|(_, of)| of).sum();
    if of == 0 {
        return None;
    }
    let (m, n) = (clusters.len() as f64, of as f64);
    let p = count as f64 / n;
    let squares: f64 = clusters.iter().map(|(x, k)| (*x as f64 - p * *k as f64).powi(2)).sum();
    let variance = m / (m - 1.0) * squares / (n * n);
    let effect = variance / (p * (1.0 - p) / (n - 1.0));
    let freedom = (t95(n - 1.0) / t95(m - 1.0)).powi(2);
    let effective = if effect.is_finite() { n / effect.max(1.0) * freedom } else { m };
    let (low, high) = wilson(p, effective);
    Some(Share { count, of, share: p, low, high })
}

/// Wilson's score interval at 95 % for a share of `p` in `n` observations.
fn wilson(p: f64, n: f64) -> (f64, f64) {
    let z2 = Z95 * Z95;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // The ends touch p at 0 and 1; rounding must not push them past it.
    ((centre - half).clamp(0.0, p), (centre + half).clamp(p, 1.0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_examples_of_wilson() {
        // Newcombe 1998, table I, method 3: 81/263, 15/148, 0/20, 1/29.
        for (x, n, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let (l, h) = wilson(f64::from(x) / f64::from(n), f64::from(n));
            assert!((l - low).abs() < 1e-4 && (h - high).abs() < 1e-4, "{x}/{n}: {l} {h}");
        }
    }

    #[test]
    fn nothing_counted_is_no_share() {
        assert_eq!(share_by_cluster([]), None);
        assert_eq!(share_by_cluster([(0, 0), (0, 0)]), None);
    }

    proptest! {
        #[test]
        fn intervals_hold_their_share_and_clusters_only_widen_them(
            clusters in prop::collection::vec((0_u64..6, 1_u64..6).prop_map(|(x, n)| (x.min(n), n)), 1..40),
        ) {
            let share = share_by_cluster(clusters.iter().copied()).unwrap();
            prop_assert!(0.0 <= share.low && share.low <= share.share && share.share <= share.high && share.high <= 1.0);
            let (low, high) = wilson(share.share, share.of as f64);
            prop_assert!(share.high - share.low >= high - low - 1e-12);
        }
    }
}
