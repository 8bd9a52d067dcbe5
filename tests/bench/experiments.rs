//! The simulations of `tests/experiment` in full: 5,000 experiments with 200 looks each. Prints what it found, and fails where a bound is not kept.
//!
//! `cargo bench --no-default-features --bench experiments`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "../experiment/simulate.rs"]
mod simulate;

use std::process::ExitCode;

use groundwire::experiment::Plan;
use groundwire::stats::exact_share;
use simulate::{LOOKS, Tally, many, mismatches, mixed, ripening};

const RUNS: u64 = 5000;

/// Says what was found, and whether it is as it must be.
struct Findings {
    kept: bool,
}

impl Findings {
    fn row(&mut self, kept: bool, what: &str, found: &str) {
        println!("{} {what}: {found}", if kept { "ok  " } else { "FAIL" });
        self.kept &= kept;
    }

    /// A chance that must be .05 or less, and would not be with intervals .7 times as wide.
    fn at_most_one_in_twenty(&mut self, what: &str, tally: &Tally, count: u64) {
        let share = |count: u64| 100.0 * count as f64 / tally.runs as f64;
        let (_, high) = tally.bounds(count);
        self.row(
            high <= 0.05,
            what,
            &format!("{:.2} % of {} runs, upper bound {:.2} %", share(count), tally.runs, 100.0 * high),
        );
        let (low, _) = tally.bounds(tally.missed_by_narrower);
        let found = format!("{:.2} %, lower bound {:.2} %", share(tally.missed_by_narrower), 100.0 * low);
        self.row(low > 0.05, &format!("{what}, intervals .7 times as wide (must be above 5 %)"), &found);
    }
}

fn main() -> ExitCode {
    let mut findings = Findings { kept: true };
    for (share, units) in [(0.6, 4000), (0.9, 4000), (0.5, 1000), (0.05, 4000)] {
        let tally = many(RUNS, units, share, 0.0);
        let what = format!("false alarms of A/A, {share} resolved, {units} units, {LOOKS} looks");
        findings.at_most_one_in_twenty(&what, &tally, tally.found);
        let width = tally.width();
        findings.row(width <= 1.6, "width at the horizon over that of one look (at most 1.6)", &format!("{width:.3}"));
    }
    let tally = many(RUNS, 4000, 0.6, 0.05);
    findings.at_most_one_in_twenty("truth outside of the interval at some look, +5 points", &tally, tally.missed);

    for power in [0.8, 0.9] {
        let planned = Plan { power, ..Plan::of_share(0.6, 0.1, 2000.0) }.work_out().unwrap();
        let tally = many(RUNS, planned.horizon, 0.6, 0.05);
        let found = tally.found as f64 / tally.runs as f64;
        let text =
            format!("found {:.1} %, planned {:.1} %, {} units", 100.0 * found, 100.0 * planned.power, planned.horizon);
        findings.row((found - planned.power).abs() <= 0.03, "power to find +5 points (within 3 points)", &text);
    }

    let (refused, suspected) = mismatches(RUNS, 10_000, 0.5);
    let high = exact_share(refused, RUNS, 0.1).1;
    let text = format!("{refused} refused (upper bound {:.2} %), {suspected} suspected", 100.0 * high);
    findings.row(
        high <= 0.01 && exact_share(suspected, RUNS, 0.1).1 <= 0.01,
        "sample ratio as it should be (at most 1 %)",
        &text,
    );
    let (refused, _) = mismatches(500, 25_000, 0.52);
    findings.row(refused >= 475, "52 to 48 after 25,000 units (at least 95 % found)", &format!("{refused} of 500"));

    let shown = ripening(500, 4000, 8, [1, 8]);
    findings.row(
        exact_share(shown, 500, 0.1).1 <= 0.05,
        "effects of arms that ripen at different speed",
        &format!("{shown} of 500"),
    );
    let naive = ripening(50, 4000, 1, [1, 8]);
    findings.row(naive >= 48, "the same with a window that closes too early (must show)", &format!("{naive} of 50"));

    let standing = mixed(20_000, true);
    let left_out: u64 = standing.health.mixed.values().sum();
    findings.row(left_out == 2000, "units in both arms are left out", &standing.verdict.sentence);
    if findings.kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
