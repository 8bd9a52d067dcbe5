//! Experiments in memory, many at a time, through the analysis that reports use: seeds are fixed.

use groundwire::experiment::{Analysis, Design, Direction, Metric, Name, Standing, UnitRow, Value};
use groundwire::stats::{exact_share, sample_ratio_p};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) const HOUR: u64 = 3_600_000;

/// Looks at one experiment, an hour apart.
pub(crate) const LOOKS: u64 = 200;

pub(crate) fn design(arms: &[&str], horizon: u64) -> Design {
    let weight = 100 / u32::try_from(arms.len()).unwrap();
    let mut design = Design::new("simulated", 1, arms.iter().map(|arm| ((*arm).to_owned(), weight)));
    design.horizon = horizon;
    design.guardrails = Vec::new();
    design.window_millis = HOUR;
    design
}

/// An experiment of `units` triggered units over [`LOOKS`] hours, in which each arm resolves its share.
pub(crate) fn run(random: &mut ChaCha8Rng, design: &Design, units: u64, shares: &[(&str, f64)]) -> Standing {
    let mut analysis = Analysis::new(design.clone(), (LOOKS + 2) * HOUR);
    let mut row = UnitRow { conversations: 1, ..UnitRow::default() };
    row.outcomes.insert(Name::Borrowed("resolved"), Value::Flag(false));
    for unit in 0..units {
        let (arm, share) = shares[random.random_range(0..shares.len())];
        arm.clone_into(&mut row.arm);
        row.enrolled = unit * LOOKS / units * HOUR;
        row.triggered = Some(row.enrolled);
        if let Some(value) = row.outcomes.get_mut("resolved") {
            *value = Value::Flag(random.random_bool(share));
        }
        analysis.add(&row);
    }
    analysis.standing()
}

/// What came of many experiments.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) runs: u64,
    /// Looks of the first run.
    pub(crate) looks: u64,
    /// Runs in which the truth lay outside of the interval at some look.
    pub(crate) missed: u64,
    /// The same had the intervals been .7 times as wide.
    pub(crate) missed_by_narrower: u64,
    /// Runs in which zero lay outside at some look.
    pub(crate) found: u64,
    /// The sum of the widths at the last look, over those of an interval of one look at the same number of units.
    widths: f64,
}

impl Tally {
    /// `(low, high)`: the exact interval of level .9, whose ends are one-sided bounds of 95 %.
    pub(crate) fn bounds(&self, count: u64) -> (f64, f64) {
        exact_share(count, self.runs, 0.1)
    }

    pub(crate) fn width(&self) -> f64 {
        self.widths / self.runs as f64
    }

    fn add(&mut self, standing: &Standing, truth: f64) {
        let comparison = &standing.primary.comparisons[0];
        let (mut missed, mut narrower, mut found) = (false, false, false);
        for look in &comparison.looks {
            let Some(interval) = look.interval else { continue };
            let half = (interval.high - interval.low) / 2.0;
            missed |= (look.effect - truth).abs() > half;
            narrower |= (look.effect - truth).abs() > 0.7 * half;
            found |= look.effect.abs() > half;
        }
        if self.runs == 0 {
            self.looks = comparison.looks.len() as u64;
        }
        self.runs += 1;
        self.missed += u64::from(missed);
        self.missed_by_narrower += u64::from(narrower);
        self.found += u64::from(found);
        let interval = comparison.interval.unwrap();
        let error = standing.primary.arms.iter().map(|arm| arm.error.unwrap().powi(2)).sum::<f64>().sqrt();
        self.widths += (interval.high - interval.low) / (2.0 * 1.959_964 * error);
    }
}

/// `runs` experiments of `units` triggered units, tuned to as many: the baseline resolves `share`, the other arm `effect` more.
pub(crate) fn many(runs: u64, units: u64, share: f64, effect: f64) -> Tally {
    let design = design(&["control", "treated"], units);
    let mut random = ChaCha8Rng::seed_from_u64(14);
    let mut tally = Tally::default();
    for _ in 0..runs {
        let standing = run(&mut random, &design, units, &[("control", share), ("treated", share + effect)]);
        tally.add(&standing, effect);
    }
    tally
}

/// Of `runs` experiments whose units fall into the first of two equal arms with this chance: how many are refused (p < .001) at one of
/// [`LOOKS`] looks, and how many are suspected (p < .01).
pub(crate) fn mismatches(runs: u64, units: u64, chance: f64) -> (u64, u64) {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let (mut refused, mut suspected) = (0, 0);
    for _ in 0..runs {
        let mut counts = [0_u64; 2];
        let mut least: f64 = 1.0;
        for look in 0..LOOKS {
            for _ in look * units / LOOKS..(look + 1) * units / LOOKS {
                counts[usize::from(!random.random_bool(chance))] += 1;
            }
            least = least.min(sample_ratio_p(&counts, &[1.0, 1.0]));
        }
        refused += u64::from(least < 0.001);
        suspected += u64::from(least < 0.01);
    }
    (refused, suspected)
}

/// Two arms that resolve alike in the end, but in which failures show after `shows` hours of a window of `window`. The analysis is made
/// anew at every look from what is known by then. Returns of how many runs some look showed an effect.
pub(crate) fn ripening(runs: u64, units: u64, window: u64, shows: [u64; 2]) -> u64 {
    let mut design = design(&["control", "treated"], units);
    design.window_millis = window * HOUR;
    let mut random = ChaCha8Rng::seed_from_u64(21);
    let mut found = 0;
    for _ in 0..runs {
        let drawn: Vec<(usize, bool)> =
            (0..units).map(|_| (random.random_range(0..2), random.random_bool(0.6))).collect();
        let shown = (10..=40).step_by(2).any(|hour| {
            let mut analysis = Analysis::new(design.clone(), hour * HOUR);
            let mut row = UnitRow { conversations: 1, ..UnitRow::default() };
            for (i, (arm, resolved)) in drawn.iter().enumerate() {
                let began = i as u64 * 40 / units;
                ["control", "treated"][*arm].clone_into(&mut row.arm);
                (row.enrolled, row.triggered) = (began * HOUR, Some(began * HOUR));
                // Until a failure shows, the unit looks resolved.
                let known = began + shows[*arm] <= hour;
                row.outcomes.insert(Name::Borrowed("resolved"), Value::Flag(*resolved || !known));
                analysis.add(&row);
            }
            let standing = analysis.standing();
            standing.primary.comparisons[0].better.is_some()
        });
        found += u64::from(shown);
    }
    found
}

/// An experiment without an effect in which every tenth unit got into both arms. Those that were first in the treated one fail for it.
pub(crate) fn mixed(units: u64, flagged: bool) -> Standing {
    let mut design = design(&["control", "treated"], units);
    design.primary = Metric::named("kept", Direction::Higher);
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut analysis = Analysis::new(design, (LOOKS + 2) * HOUR);
    for unit in 0..units {
        let arm = if unit % 2 == 0 { "control" } else { "treated" };
        let both = unit % 20 < 2;
        let row = UnitRow {
            arm: arm.to_owned(),
            enrolled: unit * LOOKS / units * HOUR,
            triggered: Some(unit * LOOKS / units * HOUR),
            mixed: both && flagged,
            conversations: 1,
            outcomes: [(Name::Borrowed("kept"), Value::Flag(!(both && arm == "treated") && random.random_bool(0.6)))]
                .into(),
            ..UnitRow::default()
        };
        analysis.add(&row);
    }
    analysis.standing()
}
