//! From logits to probabilities that hold at the operator's own base rate.
//!
//! A model is calibrated at one prior, the shares of the needs in the traffic it was fitted for. Where another share
//! of turns needs a question, Bayes' rule moves every posterior by the ratio of the priors (Saerens, Latinne and
//! Decaestecker, *Adjusting the outputs of a classifier to new a priori probabilities*, Neural Computation 14, 2002,
//! equation 4): in logits, by adding `ln(new / old)`.

use crate::dialogue::{Label, Need};
use crate::error::{Error, Result};

/// The base rate that is assumed where none is configured: published rates of human clarification are about 6 % of
/// turns, prompts to assistants are more complete.
pub(super) const BASE_RATE: f64 = 0.03;
/// Base rates from here on leave too little for turns that are clear.
const LIMIT: f64 = 0.4;

/// The move from one prior of the needs to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PriorShift([f64; Need::ALL.len()]);

impl PriorShift {
    /// From `prior` to the one where a share of `base_rate` of the turns needs a question.
    ///
    /// `assume` keeps its proportion to `ask`, and `proceed` takes the rest.
    ///
    /// # Errors
    /// If `base_rate` is not between 0 and 0.4, or so large that nothing is left for `proceed`.
    pub(super) fn new(prior: [f64; Need::ALL.len()], base_rate: f64) -> Result<Self> {
        if !(base_rate > 0.0 && base_rate < LIMIT) {
            return Err(Error::config(format!("base-rate is {base_rate}; it must be above 0 and below {LIMIT}")));
        }
        let [proceed, assume, ask] = prior;
        let new_assume = base_rate * assume / ask;
        let new_proceed = 1.0 - base_rate - new_assume;
        if new_proceed <= 0.0 {
            let most = ask / (ask + assume);
            return Err(Error::config(format!("base-rate is {base_rate}; with this model it must be below {most:.3}")));
        }
        Ok(Self([(new_proceed / proceed).ln(), (new_assume / assume).ln(), (base_rate / ask).ln()]))
    }

    /// The probabilities of the needs at the new prior.
    pub(super) fn softmax(&self, logits: &[f64]) -> Vec<f32> {
        let moved: Vec<f64> = logits.iter().zip(self.0).map(|(z, offset)| z + offset).collect();
        softmax(&moved)
    }
}

/// Probabilities of exclusive labels.
pub(super) fn softmax(logits: &[f64]) -> Vec<f32> {
    // Taking the largest off first keeps every exponential at or below one.
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|z| (z - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| (power / sum) as f32).collect()
}

/// The probability of a label that stands for itself.
pub(super) fn sigmoid(logit: f64) -> f32 {
    (1.0 / (1.0 + (-logit).exp())) as f32
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PRIOR: [f64; 3] = [0.93, 0.04, 0.03];

    fn close(a: &[f32], b: &[f32]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6)
    }

    #[test]
    fn base_rates_out_of_range_are_refused() {
        for rate in [0.0, -0.1, 0.4, 1.0, f64::NAN, f64::INFINITY] {
            assert!(PriorShift::new(PRIOR, rate).unwrap_err().is_config(), "{rate}");
        }
        let error = PriorShift::new([0.5, 0.4, 0.1], 0.3).unwrap_err();
        assert!(error.to_string().contains("below 0.200"), "{error}");
    }

    #[test]
    fn a_model_that_knows_nothing_answers_with_the_prior() {
        let logits: Vec<f64> = PRIOR.iter().map(|p: &f64| p.ln()).collect();
        let shift = PriorShift::new(PRIOR, 0.06).unwrap();
        assert!(close(&shift.softmax(&logits), &[0.86, 0.08, 0.06]));
    }

    #[test]
    fn logits_of_any_size_are_stable() {
        assert!(close(&softmax(&[1e30, -1e30, 0.0]), &[1.0, 0.0, 0.0]));
        assert_eq!((sigmoid(1e30), sigmoid(-1e30), sigmoid(0.0)), (1.0, 0.0, 0.5));
    }

    proptest! {
        #[test]
        fn probabilities_sum_to_one(z in prop::collection::vec(-80.0..80.0, 3), rate in 0.001..0.399) {
            let p = PriorShift::new(PRIOR, rate).unwrap().softmax(&z);
            prop_assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            prop_assert!(p.iter().all(|p| (0.0..=1.0).contains(p)));
        }

        #[test]
        fn the_models_own_base_rate_changes_nothing(z in prop::collection::vec(-20.0..20.0, 3)) {
            prop_assert!(close(&PriorShift::new(PRIOR, 0.03).unwrap().softmax(&z), &softmax(&z)));
        }

        #[test]
        fn a_higher_base_rate_never_lowers_ask(
            z in prop::collection::vec(-20.0..20.0, 3), low in 0.001..0.399, more in 0.0..0.3,
        ) {
            let ask = |rate: f64| PriorShift::new(PRIOR, rate.min(0.399)).unwrap().softmax(&z)[2];
            prop_assert!(ask(low + more) >= ask(low) - 1e-7);
        }

        #[test]
        fn shifts_compose(z in prop::collection::vec(-20.0..20.0, 3), a in 0.01..0.3, b in 0.01..0.3) {
            let there = PriorShift::new(PRIOR, a).unwrap();
            let prior = [1.0 - a - a * 4.0 / 3.0, a * 4.0 / 3.0, a];
            let on = PriorShift::new(prior, b).unwrap();
            let moved: Vec<f64> = z.iter().zip(there.0).map(|(z, offset)| z + offset).collect();
            prop_assert!(close(&on.softmax(&moved), &PriorShift::new(PRIOR, b).unwrap().softmax(&z)));
        }
    }
}
