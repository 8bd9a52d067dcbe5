//! The report as one HTML page that loads nothing: light and dark, for a phone and for a reader that speaks.

use std::fmt::{Display, Write};

use super::plural::units;
use super::{plot, show};
use crate::experiment::{ArmFunnel, MetricStanding, Standing, VerdictKind};

const STYLE: &str = include_str!("page.css");

/// The standing as a page.
pub fn html(standing: &Standing) -> String {
    let title = format!("{}, version {}", standing.experiment, standing.version);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src \
         'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n<title>{title}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        kind(standing.verdict.kind),
        title = escaped(&title),
    );
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "<h1>{}</h1>\n<p class=\"quiet\">As of {}, compared with {}</p>\n<p class=\"verdict {class}\">{}</p>\n",
        escaped(&title),
        show::moment(standing.at),
        escaped(&standing.baseline),
        escaped(&standing.verdict.sentence),
        class = class(standing.verdict.kind),
    );
    if !standing.health.warnings.is_empty() {
        let items = standing.health.warnings.iter().map(|warning| format!("<li>{}</li>", escaped(warning)));
        let _ = writeln!(page, "<ul class=\"warnings\">{}</ul>", items.collect::<String>());
    }
    primary(&standing.primary, &mut page);
    guardrails(&standing.guardrails, &mut page);
    funnel(&standing.funnel, &mut page);
    health(standing, &mut page);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn kind(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Refused => "No conclusion",
        VerdictKind::TooEarly => "Too early",
        VerdictKind::Undecided => "Undecided",
        VerdictKind::Better => "Better",
        VerdictKind::Costly => "Better, at a cost",
        VerdictKind::Worse => "Worse",
    }
}

fn class(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Refused => "refused",
        VerdictKind::Better => "better",
        VerdictKind::Costly => "costly",
        VerdictKind::Worse => "worse",
        _ => "open",
    }
}

fn primary(standing: &MetricStanding, page: &mut String) {
    let meaning = match &*standing.metric.meaning {
        "" => "The primary outcome".to_owned(),
        meaning => format!("The primary outcome: {meaning}"),
    };
    let _ =
        writeln!(page, "<h2>{}</h2>\n<p class=\"quiet\">{}</p>", escaped(&show::title(standing)), escaped(&meaning));
    let rows = standing.arms.iter().map(|arm| {
        let value = arm.value.map_or_else(|| "none yet".to_owned(), |value| show::value(standing.scale, value));
        let error = arm.error.map_or_else(String::new, |error| format!("± {}", show::value(standing.scale, error)));
        vec![arm.arm.clone(), value, error, show::count(arm.units), show::count(arm.missing)]
    });
    let head = ["Arm", "Value", "Standard error", "Ripe units", "Without a value"];
    table(page, "In each arm, ripe units only", &head, rows.collect(), None);
    for comparison in &standing.comparisons {
        let (Some(effect), arm) = (comparison.effect, &comparison.arm) else { continue };
        let name = show::title(standing);
        let _ = writeln!(page, "<h3>{} beside the baseline</h3>", escaped(arm));
        let said = show::outcome(&standing.metric, comparison);
        let class = if comparison.better.is_some() { said } else { "" };
        let interval = comparison
            .interval
            .map_or_else(String::new, |i| format!(", interval {} at every look", show::interval(standing.scale, i)));
        let p = comparison.p.map_or_else(String::new, |p| format!(", {}", show::p(p)));
        let saved = comparison.variance_saved.filter(|saved| saved.abs() >= 0.005).map_or_else(String::new, |saved| {
            format!("; adjusted by a covariate, which takes {:.0} % off its variance", 100.0 * saved)
        });
        let summary = format!("{}{interval}{p}{saved}", show::effect(standing.scale, effect));
        let _ = writeln!(page, "<p><b class=\"{class}\">{said}</b>: {}</p>", escaped(&summary));
        let spoken = format!("Effect of {arm} on {name} over time: {summary}");
        let svg = plot::effect(&comparison.looks, standing.scale, &spoken);
        let unit = match show::unit(standing.scale) {
            "" => String::new(),
            unit => format!(", in {unit}"),
        };
        let _ = writeln!(
            page,
            "<figure>{svg}<figcaption>Effect on {}{unit}, with the interval that holds at every look. Where the band leaves the \
             zero line, there is an effect.</figcaption></figure>",
            escaped(&name)
        );
        let rows = comparison.looks.iter().map(|look| {
            let interval = look.interval.map_or_else(String::new, |i| show::interval(standing.scale, i));
            vec![show::moment(look.at), show::count(look.units), show::effect(standing.scale, look.effect), interval]
        });
        page.push_str("<details><summary>The data behind the plot</summary>");
        table(
            page,
            &format!("Every look at {arm}"),
            &["Look", "Ripe units", "Effect", "Interval"],
            rows.collect(),
            None,
        );
        page.push_str("</details>\n");
    }
}

fn guardrails(all: &[MetricStanding], page: &mut String) {
    page.push_str("<h2>Guardrails</h2>\n");
    let mut rows = Vec::new();
    for guardrail in all {
        for comparison in &guardrail.comparisons {
            let of = |arm: &str| guardrail.arms.iter().find(|value| value.arm == arm).and_then(|value| value.value);
            let shown =
                |value: Option<f64>| value.map_or_else(|| "no data".to_owned(), |v| show::value(guardrail.scale, v));
            let baseline = guardrail.arms.iter().map(|arm| arm.arm.as_str());
            let baseline = baseline.filter(|arm| guardrail.comparisons.iter().all(|c| c.arm != *arm)).find_map(of);
            rows.push(vec![
                show::title(guardrail),
                comparison.arm.clone(),
                shown(baseline),
                shown(of(&comparison.arm)),
                comparison.effect.map_or_else(String::new, |effect| show::effect(guardrail.scale, effect)),
                comparison.interval.map_or_else(String::new, |i| show::interval(guardrail.scale, i)),
                show::outcome(&guardrail.metric, comparison).to_owned(),
            ]);
        }
    }
    let head =
        ["What must not get worse", "Arm", "Baseline", "In the arm", "Effect", "Interval at every look", "Outcome"];
    table(page, "Each at the same level as the primary outcome", &head, rows, Some(6));
    let known = all.iter().filter(|guardrail| !guardrail.metric.meaning.is_empty());
    let meanings: String = known
        .map(|guardrail| {
            format!("<dt>{}</dt><dd>{}</dd>", escaped(&show::title(guardrail)), escaped(&guardrail.metric.meaning))
        })
        .collect();
    let _ = writeln!(page, "<details><summary>What each of them is</summary><dl>{meanings}</dl></details>");
}

fn funnel(arms: &[ArmFunnel], page: &mut String) {
    page.push_str("<h2>Units</h2>\n");
    let most = arms.iter().map(|arm| arm.enrolled).max().unwrap_or(0).max(1) as f64;
    let rows = arms.iter().map(|arm| {
        let counts = [arm.enrolled, arm.triggered, arm.ripe, arm.asked, arm.answered, arm.resolved];
        let mut row = vec![format!("{} ({} %)", arm.arm, arm.weight)];
        row.extend(counts.map(show::count));
        row
    });
    let head = ["Arm (weight)", "Enrolled", "Triggered", "Ripe", "Asked", "Answered", "Resolved"];
    table(
        page,
        "How far they came: those that triggered and whose window has closed count",
        &head,
        rows.collect(),
        None,
    );
    for arm in arms {
        let bar = |name: &str, count: u64| {
            let per_cent = 100.0 * count as f64 / most;
            format!(
                "<li><span class=\"bar\" style=\"width:{per_cent:.1}%;max-width:60%\" aria-hidden=\"true\"></span> {name} {}</li>",
                show::count(count)
            )
        };
        let steps = [
            ("enrolled", arm.enrolled),
            ("triggered", arm.triggered),
            ("ripe", arm.ripe),
            ("asked", arm.asked),
            ("answered", arm.answered),
            ("resolved", arm.resolved),
        ];
        let bars: String = steps.iter().map(|(name, count)| bar(name, *count)).collect();
        let _ = writeln!(page, "<h3>{}</h3><ul class=\"funnel\">{bars}</ul>", escaped(&arm.arm));
    }
}

fn health(standing: &Standing, page: &mut String) {
    let health = &standing.health;
    page.push_str("<h2>Can it be trusted?</h2>\n");
    let split = |counts: &std::collections::BTreeMap<String, u64>| {
        counts.iter().map(|(arm, n)| format!("{arm} {}", show::count(*n))).collect::<Vec<_>>().join(", ")
    };
    let mixed: u64 = health.mixed.values().sum();
    let rows = vec![
        vec!["Split of enrolled units".to_owned(), split(&health.enrolled.counts), show::p(health.enrolled.p)],
        vec!["Split of triggered units".to_owned(), split(&health.triggered.counts), show::p(health.triggered.p)],
        vec!["Seen in more than one arm, left out".to_owned(), units(mixed), split(&health.mixed)],
        vec!["In no arm of the design, left out".to_owned(), units(health.strangers), String::new()],
        vec!["Window still open, not counted yet".to_owned(), units(health.unripe), String::new()],
        vec![
            "In implausibly many conversations".to_owned(),
            units(health.crowded),
            format!("at most {}", health.most_conversations),
        ],
    ];
    table(
        page,
        "A split below p .01 is to be looked into; below p .001 nothing is concluded",
        &["Check", "Found", "Detail"],
        rows,
        None,
    );
}

/// A table that scrolls by itself where the screen is narrow. The column `judged` says better or worse.
fn table(page: &mut String, caption: &str, head: &[&str], rows: Vec<Vec<String>>, judged: Option<usize>) {
    let cell = |tag: &str, scope: &str, class: &str, text: &dyn Display| {
        format!("<{tag}{scope}{class}>{}</{tag}>", escaped(&text.to_string()))
    };
    let name = escaped(caption);
    let _ = write!(
        page,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{name}\"><table><caption><span>{name}</span></caption><thead><tr>"
    );
    head.iter().for_each(|text| page.push_str(&cell("th", " scope=\"col\"", "", text)));
    page.push_str("</tr></thead><tbody>");
    for row in rows {
        page.push_str("<tr>");
        for (i, text) in row.iter().enumerate() {
            let class = match text.as_str() {
                "better" | "worse" if judged == Some(i) => format!(" class=\"{text}\""),
                _ => String::new(),
            };
            let (tag, scope) = if i == 0 { ("th", " scope=\"row\"") } else { ("td", "") };
            page.push_str(&cell(tag, scope, &class, text));
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table></div>\n");
}

/// Text that cannot become markup.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
