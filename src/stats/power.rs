//! The power of a confidence sequence that is looked at again and again.

use super::{ConfidenceSequence, normal_below};

/// Points of the grid to a standard deviation of one step.
const FINENESS: f64 = 8.0;

/// Standard deviations beyond which a step does not go.
const REACH: f64 = 7.0;

/// The chance that the sequence has left zero out at one of `looks` equally spaced looks, the last of them after `horizon`
/// units, where the effect is `drift` standard errors of that last look. `first` is the number of units before which no interval is
/// given. With `drift` 0 it is the chance of a false alarm.
///
/// Partial sums of independent units are a Brownian motion with drift in the limit. Its density among the paths that have not
/// left yet is carried from look to look by numerical integration (Armitage, McPherson & Rowe 1969; Jennison & Turnbull 1999,
/// ch. 19), on a grid of an eighth of a step's standard deviation.
///
/// ```
/// use groundwire::stats::{ConfidenceSequence, sequential_power};
///
/// let sequence = ConfidenceSequence::tuned(0.05, 2000.0);
/// // One look is the normal distribution's: Φ(4 - 3.035) + Φ(-4 - 3.035).
/// assert!((sequential_power(&sequence, 2000.0, 1, 0.0, 4.0) - 0.8327).abs() < 1e-3);
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
    let half = (width / h).ceil() as i64;
    let near = (REACH * FINENESS).ceil() as i64;
    // The chance of each whole number of grid steps in one step of time, drift included.
    let kernel: Vec<f64> = (-near..=near)
        .map(|k| {
            let at = |edge: f64| normal_below(edge * h / deviation);
            at(k as f64 + 0.5) - at(k as f64 - 0.5)
        })
        .collect();
    // The drift moves the boundary in place of the grid.
    let cells = usize::try_from(2 * half + 1).unwrap_or(1);
    let mut density = vec![0.0; cells];
    density[usize::try_from(half).unwrap_or(0)] = 1.0;
    let mut stopped = 0.0;
    let mut next = vec![0.0; cells];
    for look in 1..=looks.max(1) {
        next.fill(0.0);
        for (i, mass) in density.iter().enumerate().filter(|(_, mass)| **mass > 1e-15) {
            for (k, chance) in kernel.iter().enumerate() {
                let to = i as i64 + k as i64 - near;
                if let Some(cell) = usize::try_from(to).ok().and_then(|to| next.get_mut(to)) {
                    *cell += mass * chance;
                }
            }
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
/// assert!((sequential_power(&sequence, 2000.0, 50, 0.0, drift) - 0.8).abs() < 1e-4);
/// ```
pub fn drift_for(sequence: &ConfidenceSequence, horizon: f64, looks: u32, first: f64, power: f64) -> Option<f64> {
    if !(power > 0.0 && power < 1.0) {
        return None;
    }
    let (mut low, mut high) = (0.0, 15.0);
    for _ in 0..32 {
        let middle = (low + high) / 2.0;
        if sequential_power(sequence, horizon, looks, first, middle) < power {
            low = middle
        } else {
            high = middle
        }
        if high - low < 1e-5 {
            break;
        }
    }
    Some(high)
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
