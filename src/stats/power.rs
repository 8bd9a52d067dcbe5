//! The power of a confidence sequence that is looked at again and again.

use super::{ConfidenceSequence, normal_below, normal_quantile};

/// Points of the grid to a standard deviation of one step.
const FINENESS: f64 = 5.0;

/// Standard deviations beyond which a step does not go.
const REACH: f64 = 6.0;

/// The chance that the sequence has left zero out at one of `looks` equally spaced looks, the last of them after `horizon`
/// units, where the effect is `drift` standard errors of that last look. `first` is the number of units before which no interval is
/// given. With `drift` 0 it is the chance of a false alarm.
///
/// Partial sums of independent units are a Brownian motion with drift in the limit. Its density among the paths that have not
/// left yet is carried from look to look by numerical integration (Armitage, McPherson & Rowe 1969; Jennison & Turnbull 1999,
/// ch. 19), on a grid of a fifth of a step's standard deviation: right to about a thousandth.
///
/// ```
/// use groundwire::stats::{ConfidenceSequence, sequential_power};
///
/// let sequence = ConfidenceSequence::tuned(0.05, 2000.0);
/// // One look is the normal distribution's: Φ(4 - 3.035) + Φ(-4 - 3.035).
/// assert!((sequential_power(&sequence, 2000.0, 1, 0.0, 4.0) - 0.8327).abs() < 2e-3);
/// // More looks find more, and without an effect still less than one in twenty.
/// assert!(sequential_power(&sequence, 2000.0, 100, 0.0, 4.0) > 0.84);
/// assert!(sequential_power(&sequence, 2000.0, 100, 0.0, 0.0) < 0.05);
/// ```
pub fn sequential_power(sequence: &ConfidenceSequence, horizon: f64, looks: u32, first: f64, drift: f64) -> f64 {
    let step = 1.0 / f64::from(looks.max(1));
    let deviation = step.sqrt();
    // The grid is as wide as the widest look at which one can stop.
    let bound = |look: u32| {
        let time = f64::from(look) * step;
        if time * horizon < first { f64::INFINITY } else { sequence.critical(time * horizon) * time.sqrt() }
    };
    let last = f64::from(looks.max(1)).sqrt() * deviation;
    let width = (drift.abs() + REACH) * last;
    let h = deviation / FINENESS;
    let half = (width / h).ceil() as usize;
    let near = (REACH * FINENESS).ceil() as usize;
    // The chance of each whole number of grid steps in one step of time.
    let kernel: Vec<f64> = (0..=2 * near)
        .map(|k| {
            let at = |edge: f64| normal_below(edge * h / deviation);
            let k = k as f64 - near as f64;
            at(k + 0.5) - at(k - 0.5)
        })
        .collect();
    // The drift moves the boundary in place of the grid.
    let cells = 2 * half + 1;
    let mut density = vec![0.0; cells];
    density[half] = 1.0;
    let mut stopped = 0.0;
    let mut next = vec![0.0; cells];
    for look in 1..=looks.max(1) {
        next.fill(0.0);
        for (i, mass) in density.iter().enumerate().filter(|(_, mass)| **mass > 1e-15) {
            // The part of the kernel that falls on the grid.
            let from = i.saturating_sub(near);
            let kernel = kernel.get(near + from - i..).unwrap_or_default();
            next[from..].iter_mut().zip(kernel).for_each(|(cell, chance)| *cell += mass * chance);
        }
        let (bound, moved) = (bound(look), drift * f64::from(look) * step);
        for (i, mass) in next.iter_mut().enumerate() {
            let centre = (i as f64 - half as f64) * h + moved;
            // The part of the cell that lies beyond the boundary stops.
            let beyond = ((centre.abs() + h / 2.0 - bound) / h).clamp(0.0, 1.0);
            stopped += *mass * beyond;
            *mass *= 1.0 - beyond;
        }
        std::mem::swap(&mut density, &mut next);
    }
    stopped.min(1.0)
}

/// The drift (the effect in standard errors at the horizon) that is found with a chance of `power`; `None` where `power` is no
/// chance that a test can have.
///
/// ```
/// use groundwire::stats::{ConfidenceSequence, drift_for, sequential_power};
///
/// let sequence = ConfidenceSequence::tuned(0.05, 2000.0);
/// let drift = drift_for(&sequence, 2000.0, 50, 0.0, 0.8).unwrap();
/// assert!((sequential_power(&sequence, 2000.0, 50, 0.0, drift) - 0.8).abs() < 1e-3);
/// ```
pub fn drift_for(sequence: &ConfidenceSequence, horizon: f64, looks: u32, first: f64, power: f64) -> Option<f64> {
    if !(power > 0.0 && power < 1.0) {
        return None;
    }
    // On the scale of the normal distribution power is nearly the drift less a constant, so that a few steps are enough.
    let wanted = normal_quantile(power);
    let mut drift = (sequence.critical(horizon) + wanted).max(0.1);
    for _ in 0..20 {
        let found = sequential_power(sequence, horizon, looks, first, drift).clamp(1e-9, 1.0 - 1e-9);
        let step = wanted - normal_quantile(found);
        drift = (drift + step).max(0.0);
        if step.abs() < 1e-4 {
            break;
        }
    }
    Some(drift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_looks_are_those_of_the_tables() {
        // A constant boundary of 2.178 at two looks has a type I error of .05 (Pocock 1977). Ours is not constant, so the
        // sequence is taken at its own two boundaries and compared with a fine sum over the first look.
        let sequence = ConfidenceSequence::tuned(0.05, 100.0);
        let (first, second) = (sequence.critical(50.0), sequence.critical(100.0));
        let n = 200_000;
        let h = 2.0 * first / f64::from(n);
        let stays: f64 = (0..n)
            .map(|i| {
                let z = -first + (f64::from(i) + 0.5) * h;
                let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
                // z2 = (z1 + w) / sqrt 2.
                let edge = second * std::f64::consts::SQRT_2;
                density * (normal_below(edge - z) - normal_below(-edge - z)) * h
            })
            .sum();
        let ours = sequential_power(&sequence, 100.0, 2, 0.0, 0.0);
        assert!((ours - (1.0 - stays)).abs() < 1e-4, "{ours} {}", 1.0 - stays);
    }

    #[test]
    fn early_looks_that_are_not_taken_stop_nothing() {
        let sequence = ConfidenceSequence::tuned(0.05, 1000.0);
        let at_the_end = sequential_power(&sequence, 1000.0, 10, 1000.0, 3.0);
        assert!((at_the_end - sequential_power(&sequence, 1000.0, 1, 0.0, 3.0)).abs() < 1e-3, "{at_the_end}");
        assert_eq!(drift_for(&sequence, 1000.0, 10, 0.0, 1.0), None);
    }
}
