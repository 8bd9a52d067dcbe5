//! Sample-ratio mismatch: are units split among arms as the weights say?

use statrs::function::gamma::ln_gamma;

/// How tightly the alternative is concentrated around the weights: as after this many units that fit them.
///
/// Ten thousand, the default of the authors' own implementation (PyPI `ssrm-test`), is for millions of units. With one thousand a
/// split of 60/40 falls below .001 after some 820 units and one of 52/48 after 11,120; with ten thousand after 2,060 and 15,260.
const CONCENTRATION: f64 = 1000.0;

/// The anytime-valid p-value of counts that should be split in proportion to `weights`.
///
/// `1 / e`, at most 1, where the e-value is the Bayes factor of a Dirichlet-multinomial alternative with
/// `a = 1000 * weights / sum(weights)` to the multinomial of the weights:
///
/// ```text
/// e = Γ(sum a) / Γ(sum a + n) * prod Γ(a_i + n_i) / Γ(a_i) / prod w_i^n_i
/// ```
///
/// (Lindon & Malek, *Anytime-Valid Inference for Multinomial Count Data*, NeurIPS 2022, <https://arxiv.org/abs/2011.03567>). If the
/// split is as it should be, the chance that it is *ever* below `alpha`, however often one looks, is at most `alpha`.
/// A chi-square test looked at daily has no such bound.
///
/// `1.0` where nothing can be said: no counts, no weights, or other numbers of them. A count where the weight is zero gives 0.
///
/// ```
/// use groundwire::stats::sample_ratio_p;
///
/// assert_eq!(sample_ratio_p(&[5000, 5050], &[1.0, 1.0]), 1.0);
/// assert!(sample_ratio_p(&[10_400, 9600], &[50.0, 50.0]) < 0.001);
/// ```
pub fn sample_ratio_p(counts: &[u64], weights: &[f64]) -> f64 {
    let sum: f64 = weights.iter().sum();
    if counts.len() != weights.len() || sum.is_nan() || sum <= 0.0 {
        return 1.0;
    }
    if counts.iter().zip(weights).any(|(count, weight)| *count > 0 && *weight <= 0.0) {
        return 0.0;
    }
    let n = counts.iter().sum::<u64>() as f64;
    let mut log_e = ln_gamma(CONCENTRATION) - ln_gamma(CONCENTRATION + n);
    for (count, weight) in counts.iter().zip(weights).filter(|(count, _)| **count > 0) {
        let (count, share) = (*count as f64, weight / sum);
        let a = CONCENTRATION * share;
        log_e += ln_gamma(a + count) - ln_gamma(a) - count * share.ln();
    }
    (-log_e).exp().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_authors_implementation() {
        // `sequential_p_values([[…]], […], dirichlet_concentration=1000)[-1]` of PyPI ssrm-test 0.1.5; `tests/stats/agree.py` asks it.
        for (counts, weights, p) in [
            (&[5000, 5200][..], &[0.5, 0.5][..], 0.5611404165673182),
            (&[10_400, 9600], &[0.5, 0.5], 1.1002094952879824e-06),
            (&[1020, 3100, 5880], &[0.1, 0.3, 0.6], 0.69443035724348),
            (&[620, 380], &[0.5, 0.5], 7.559301924439788e-07),
        ] {
            let ours = sample_ratio_p(counts, weights);
            assert!((ours - p).abs() < 1e-6 * p.max(1e-3), "{counts:?}: {ours} {p}");
        }
    }

    #[test]
    fn nothing_to_compare_is_no_mismatch() {
        assert_eq!(sample_ratio_p(&[], &[]), 1.0);
        assert_eq!(sample_ratio_p(&[0, 0], &[1.0, 1.0]), 1.0);
        assert_eq!(sample_ratio_p(&[7], &[0.0]), 1.0);
        assert_eq!(sample_ratio_p(&[7, 1], &[1.0, 0.0]), 0.0, "an arm that gets nobody has somebody");
    }
}
