//! What is to be made of it, in one word and one sentence; and what is wrong with the data.

use super::super::{ArmFunnel, Comparison, Design, Health, Interval, MetricStanding, Scale, Verdict, VerdictKind};
use super::compare::LEAST_UNITS;
use super::tally::ArmTally;
use crate::stats::normal_below;

/// Below this, nothing can be concluded from a split.
const REFUSED: f64 = 0.001;

/// Below this, a split is to be looked into.
const SUSPECT: f64 = 0.01;

pub(super) fn of(
    design: &Design,
    primary: &MetricStanding,
    guardrails: &[MetricStanding],
    health: &Health,
    funnel: &[ArmFunnel],
) -> Verdict {
    let verdict = |kind, arm: Option<&str>, sentence: String| Verdict { kind, arm: arm.map(str::to_owned), sentence };
    for (which, ratio) in [("enrolled", &health.enrolled), ("triggered", &health.triggered)] {
        if ratio.p < REFUSED {
            let counts: Vec<String> = ratio.counts.iter().map(|(arm, n)| format!("{arm} {n}")).collect();
            let sentence = format!(
                "Nothing can be concluded: {which} units are not split as the weights say ({}; p {:.1e}), so something \
                 treats the arms differently before anything is measured.",
                counts.join(", "),
                ratio.p
            );
            return verdict(VerdictKind::Refused, None, sentence);
        }
    }
    let known: Vec<&Comparison> = primary.comparisons.iter().filter(|c| c.interval.is_some()).collect();
    if known.is_empty() {
        let fewest = funnel.iter().map(|arm| arm.ripe).min().unwrap_or(0);
        let sentence = format!(
            "Too early: the smallest arm has {fewest} ripe units, and an interval takes {LEAST_UNITS} in each arm with both \
             outcomes among them; {} more wait for their window to close.",
            health.unripe
        );
        return verdict(VerdictKind::TooEarly, None, sentence);
    }
    let name = &primary.metric.name;
    let gain = |c: &&&Comparison| c.effect.map_or(0.0, |effect| primary.metric.better.gain(effect));
    let best = known.iter().filter(|c| c.better == Some(true)).max_by(|a, b| gain(a).total_cmp(&gain(b)));
    if let Some(best) = best {
        let hurt: Vec<String> = guardrails
            .iter()
            .filter(|guardrail| guardrail.comparisons.iter().any(|c| c.arm == best.arm && c.better == Some(false)))
            .map(|guardrail| guardrail.metric.name.to_string())
            .collect();
        let found =
            format!("{} is better than {} in {name}: {}", best.arm, design.baseline, told(design, primary, best));
        return if hurt.is_empty() {
            verdict(VerdictKind::Better, Some(&best.arm), format!("{found}; no guardrail is known to be hurt."))
        } else {
            let sentence = format!("{found}; but it is worse in {}.", hurt.join(", "));
            verdict(VerdictKind::Costly, Some(&best.arm), sentence)
        };
    }
    let worse = known.iter().find(|c| c.better == Some(false));
    match worse.filter(|_| primary.comparisons.iter().all(|c| c.better == Some(false))) {
        Some(worst) => {
            let told = told(design, primary, worst);
            let sentence = format!("{} is worse than {} in {name}: {told}.", worst.arm, design.baseline);
            verdict(VerdictKind::Worse, Some(&worst.arm), sentence)
        }
        None => {
            let open = known.iter().find(|c| c.better.is_none()).or(known.first());
            let told = open.map(|open| format!("{} {}", open.arm, told(design, primary, open))).unwrap_or_default();
            let sentence =
                format!("Undecided: the effect on {name} may still be none ({told} against {}).", design.baseline);
            verdict(VerdictKind::Undecided, None, sentence)
        }
    }
}

/// The effect with its interval, in points where the outcome is yes or no.
fn told(design: &Design, primary: &MetricStanding, comparison: &Comparison) -> String {
    let (scale, unit, digits) = match primary.scale {
        Scale::Share => (100.0, " points", 1),
        Scale::Number => (1.0, "", 3),
        Scale::Micros => (1e-3, " ms", 1),
    };
    let Some(effect) = comparison.effect else { return String::new() };
    let Interval { low, high } = comparison.interval.unwrap_or(Interval { low: f64::NAN, high: f64::NAN });
    let numbers = format!(
        "{:+.digits$}{unit} ({:.0} % interval {:+.digits$} to {:+.digits$}, valid at every look, {} units)",
        effect * scale,
        100.0 * (1.0 - design.alpha),
        low * scale,
        high * scale,
        comparison.units
    );
    numbers.replace('-', "\u{2212}")
}

/// What is wrong with the data, or could be.
pub(super) fn warnings(design: &Design, health: &Health, arms: &[ArmTally]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (which, ratio) in [("Enrolled", &health.enrolled), ("Triggered", &health.triggered)] {
        if ratio.p < SUSPECT {
            warnings.push(format!(
                "{which} units are not split as the weights say (p {:.1e}): look for the cause.",
                ratio.p
            ));
        }
    }
    let mixed: u64 = health.mixed.values().sum();
    if mixed > 0 {
        warnings.push(format!(
            "{mixed} units were seen in more than one arm and are left out: look for a unit that changes within a \
             conversation, or for weights that changed without a new version."
        ));
    }
    if health.strangers > 0 {
        warnings
            .push(format!("{} units are in arms that the design does not have, and are left out.", health.strangers));
    }
    if health.crowded > 0 {
        warnings.push(format!(
            "{} units took part in {} conversations or more (at most {}): one value may stand for many people. Look where the \
             unit comes from.",
            health.crowded, design.crowd, health.most_conversations
        ));
    }
    if let Some(warning) = missing(design, arms) {
        warnings.push(warning);
    }
    warnings
}

/// Whether the primary outcome is missing more often in one arm than in the baseline: then those who are left differ, too.
fn missing(design: &Design, arms: &[ArmTally]) -> Option<String> {
    let of =
        |name: &str| arms.iter().find(|tally| tally.arm == name).map(|tally| (&tally.metrics[0], tally.ripe as f64));
    let (base, n) = of(&design.baseline)?;
    for arm in design.treatments() {
        let (other, m) = of(arm)?;
        let (x, y) = (base.missing as f64, other.missing as f64);
        let pooled = (x + y) / (n + m);
        let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
        let z = (y / m - x / n) / error;
        // Two sides.
        if error > 0.0 && 2.0 * normal_below(-z.abs()) < SUSPECT {
            return Some(format!(
                "{} is not known of {:.1} % of the units of {arm} and {:.1} % of those of {}: those it is known of may not be \
                 alike.",
                design.primary.name,
                100.0 * y / m,
                100.0 * x / n,
                design.baseline
            ));
        }
    }
    None
}
