//! Our statistics beside reference implementations, on the same data to 1e-6: PyPI gbstats and ssrm-test. `tests/stats/agree.py` asks them.

use groundwire::stats::{ConfidenceSequence, Estimate, Moments, sample_ratio_p};
use serde_json::Value;

/// What `agree.py` tells the references.
const ALPHA: f64 = 0.05;
const HORIZON: f64 = 500.0;

fn reference() -> Value {
    serde_json::from_str(include_str!("../data/stats/reference.json")).unwrap()
}

/// Arm, numerator, denominator, covariate, flag.
fn units() -> Vec<(bool, [f64; 4])> {
    let rows = include_str!("../data/stats/units.csv").lines().skip(1);
    let units = rows.map(|row| {
        let (arm, numbers) = row.split_once(',').unwrap();
        let numbers: Vec<f64> = numbers.split(',').map(|number| number.parse().unwrap()).collect();
        (arm == "treated", numbers.try_into().unwrap())
    });
    units.collect()
}

fn arms(value: impl Fn(&[f64; 4]) -> [f64; 3]) -> [Moments; 2] {
    let mut arms = [Moments::default(); 2];
    for (treated, unit) in units() {
        let [y, m, x] = value(&unit);
        arms[usize::from(treated)].add(y, m, x);
    }
    arms
}

fn near(what: &str, ours: f64, theirs: &Value) {
    let theirs = theirs.as_f64().unwrap();
    assert!((ours - theirs).abs() <= 1e-6 * theirs.abs().max(1e-3), "{what}: {ours} and {theirs}");
}

/// Effect, interval and p-value.
fn agrees(what: &str, effect: &Estimate, theirs: &Value) {
    let sequence = ConfidenceSequence::tuned(ALPHA, HORIZON);
    let half = sequence.half_width(effect.error(), effect.n);
    near(what, effect.value, &theirs["effect"]);
    near(what, effect.value - half, &theirs["low"]);
    near(what, effect.value + half, &theirs["high"]);
    near(what, sequence.p(effect.value, effect.error(), effect.n), &theirs["p"]);
}

#[test]
fn means_ratios_and_adjusted_means_agree_with_gbstats() {
    let reference = reference();
    let less = |arms: [Option<Estimate>; 2]| arms[1].unwrap().less(&arms[0].unwrap());
    let plain = arms(|[y, ..]| [*y, 1.0, 0.0]);
    agrees("mean", &less(plain.map(|arm| arm.mean())), &reference["mean"]);
    let ratio = arms(|[y, m, ..]| [*y, *m, 0.0]);
    agrees("ratio", &less(ratio.map(|arm| arm.ratio())), &reference["ratio"]);
    let flags = arms(|[.., flag]| [*flag, 1.0, 0.0]);
    agrees("flag", &less(flags.map(|arm| arm.mean())), &reference["flag"]);
    let adjusted = arms(|[y, _, x, _]| [*y, 1.0, *x]);
    let mut both = adjusted[0];
    both.merge(&adjusted[1]);
    near("theta", both.theta(), &reference["adjusted"]["theta"]);
    let at = both.mean_of_covariate();
    agrees("adjusted", &less(adjusted.map(|arm| arm.adjusted(both.theta(), at))), &reference["adjusted"]);
}

/// Where the method differs: they divide the variance of a share by n, we by n - 1, as of any number.
#[test]
fn shares_differ_from_gbstats_by_what_the_manual_says() {
    let theirs = &reference()["proportion"];
    let flags = arms(|[.., flag]| [*flag, 1.0, 0.0]);
    let by_n = flags.map(|arm| {
        let mean = arm.mean().unwrap();
        Estimate { variance: mean.variance * (mean.n - 1.0) / mean.n, ..mean }
    });
    agrees("proportion", &by_n[1].less(&by_n[0]), theirs);
    let ours = flags[1].mean().unwrap().less(&flags[0].mean().unwrap());
    let half = ConfidenceSequence::tuned(ALPHA, HORIZON).half_width(ours.error(), ours.n);
    let width = (theirs["high"].as_f64().unwrap() - theirs["low"].as_f64().unwrap()) / 2.0;
    assert!(half > width && half / width < 1.003, "{half} {width}");
}

#[test]
fn splits_agree_with_ssrm_test() {
    let reference = reference();
    for split in reference["splits"].as_array().unwrap() {
        let counts: Vec<u64> = split["counts"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        let weights: Vec<f64> = split["weights"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
        near("split", sample_ratio_p(&counts, &weights), &split["p"]);
    }
}
