//! Several comparisons at once.

/// Holm's adjusted p-values (Holm 1979), in the order given: `max over j <= i of (m - j + 1) p_(j)`, at most 1.
///
/// The chance that any true null falls below `alpha` is at most `alpha`, however the comparisons depend on each other; all of
/// ours share a control, so that a method which needs independence would not do. With anytime-valid p-values it holds over
/// all looks: to be the first true null that is ever rejected, one of the `m0` of them must fall below `alpha / m0` at some look,
/// and each does so with probability `alpha / m0` at most.
///
/// ```
/// use groundwire::stats::holm;
///
/// let adjusted = holm(&[0.01, 0.04, 0.03]);
/// assert!(adjusted.iter().zip([0.03, 0.06, 0.06]).all(|(ours, p)| (ours - p).abs() < 1e-12));
/// ```
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least: f64 = 0.0;
    for (rank, i) in order.into_iter().enumerate() {
        least = least.max(p[i] * (p.len() - rank) as f64).min(1.0);
        adjusted[i] = least;
    }
    adjusted
}
