//! The report as text, for a terminal of eighty columns or more.

use super::plural::units;
use super::show;
use crate::experiment::{MetricStanding, Standing};

/// The standing as plain text.
pub fn text(standing: &Standing) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(format!("{}, version {}, as of {}", standing.experiment, standing.version, show::moment(standing.at)));
    line(String::new());
    line(show::wrapped(&standing.verdict.sentence, 0));
    for warning in &standing.health.warnings {
        line(show::wrapped(&format!("! {warning}"), 2));
    }
    line(String::new());
    metric(&standing.primary, &mut line);
    line(String::new());
    line("Guardrails".to_owned());
    line(String::new());
    for guardrail in &standing.guardrails {
        if guardrail.arms.iter().all(|arm| arm.units == 0) {
            line(format!("  {:<14} no data", show::title(guardrail)));
            continue;
        }
        for (i, comparison) in guardrail.comparisons.iter().enumerate() {
            let name = if i == 0 { show::title(guardrail) } else { String::new() };
            let alone = guardrail.arms.iter().find(|arm| arm.arm == comparison.arm).and_then(|arm| arm.value);
            let alone = alone.map(|value| show::value(guardrail.scale, value)).unwrap_or_default();
            let effect = comparison.effect.map_or(alone, |effect| show::effect(guardrail.scale, effect));
            let interval =
                comparison.interval.map(|interval| show::interval(guardrail.scale, interval)).unwrap_or_default();
            let said = show::outcome(&guardrail.metric, comparison);
            line(format!("  {name:<14} {:<12} {effect:>14}  {interval:<24} {said}", comparison.arm));
        }
    }
    line(String::new());
    line("Units".to_owned());
    line(String::new());
    let head = ["arm", "weight", "enrolled", "triggered", "ripe", "asked", "answered", "resolved"];
    line(cells(head.map(str::to_owned)));
    for arm in &standing.funnel {
        let counts = [arm.enrolled, arm.triggered, arm.ripe, arm.asked, arm.answered, arm.resolved].map(show::count);
        let [enrolled, triggered, ripe, asked, answered, resolved] = counts;
        line(cells([arm.arm.clone(), arm.weight.to_string(), enrolled, triggered, ripe, asked, answered, resolved]));
    }
    line(String::new());
    let health = &standing.health;
    let split = format!(
        "Split of enrolled units {}, of triggered ones {}. {} wait for their window; {} in two arms, {} of no arm, {} crowded (at most {} \
         conversations).",
        show::p(health.enrolled.p),
        show::p(health.triggered.p),
        units(health.unripe),
        health.mixed.values().sum::<u64>(),
        health.strangers,
        health.crowded,
        health.most_conversations
    );
    line(show::wrapped(&split, 0));
    out
}

fn cells([arm, rest @ ..]: [String; 8]) -> String {
    let rest: Vec<String> = rest.iter().map(|cell| format!("{cell:>10}")).collect();
    format!("  {arm:<14}{}", rest.concat())
}

/// The primary metric in every arm, and each arm beside the baseline.
fn metric(standing: &MetricStanding, line: &mut impl FnMut(String)) {
    line(format!("{} ({})", show::title(standing), standing.metric.meaning).replace(" ()", ""));
    line(String::new());
    for arm in &standing.arms {
        let value = arm.value.map(|value| show::value(standing.scale, value)).unwrap_or_else(|| "none yet".to_owned());
        let missing = if arm.missing > 0 { format!(", {} without", show::count(arm.missing)) } else { String::new() };
        line(format!("  {:<14} {value:>10}   {}{missing}", arm.arm, units(arm.units)));
    }
    line(String::new());
    for comparison in &standing.comparisons {
        let Some(effect) = comparison.effect else { continue };
        let effect = show::effect(standing.scale, effect);
        let interval = match comparison.interval {
            Some(interval) => format!("{} at every look", show::interval(standing.scale, interval)),
            None => "too few units for an interval".to_owned(),
        };
        let p = comparison.p.map(|p| format!(", {}", show::p(p))).unwrap_or_default();
        line(format!(
            "  {:<14} {effect}, {interval}{p}: {}",
            comparison.arm,
            show::outcome(&standing.metric, comparison)
        ));
        if let Some(saved) = comparison.variance_saved.filter(|saved| saved.abs() >= 0.005) {
            line(format!("  {:<14} adjusted by a covariate, which takes {:.0} % off its variance", "", 100.0 * saved));
        }
    }
}
