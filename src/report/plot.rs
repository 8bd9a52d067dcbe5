//! The effect over time, as inline SVG.

use std::fmt::Write;

use super::show;
use crate::experiment::{Interval, Look, Scale};

/// Width and height in user units; the page scales it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 280.0;

/// Room for the labels: left, top, right, bottom.
const ROOM: (f64, f64, f64, f64) = (64.0, 12.0, 12.0, 34.0);

/// The effect of `arm` with its interval at every look. `name` says what it is, for those who do not see it.
pub(super) fn effect(looks: &[Look], scale: Scale, name: &str) -> String {
    let known: Vec<(&Look, Interval)> = looks.iter().filter_map(|look| Some((look, look.interval?))).collect();
    let (Some((first, _)), Some((last, now))) = (known.first(), known.last()) else {
        return "<p class=\"quiet\">Too few units are ripe for an interval.</p>".to_owned();
    };
    // The first intervals are very wide: the plot shows four times the present one, and what is beyond is cut.
    let reach = 4.0 * (now.high - now.low).max(f64::MIN_POSITIVE);
    let middle = (now.high + now.low) / 2.0;
    let bound = |x: f64| x.clamp(middle - reach, middle + reach);
    let low = known.iter().map(|(_, i)| bound(i.low)).fold(0.0, f64::min);
    let high = known.iter().map(|(_, i)| bound(i.high)).fold(0.0, f64::max);
    let (left, top, right, bottom) = ROOM;
    let (from, span) = (first.at as f64, (last.at - first.at).max(1) as f64);
    let x = |at: u64| left + (at as f64 - from) / span * (WIDTH - left - right);
    let y = |effect: f64| top + (high - bound(effect)) / (high - low).max(f64::MIN_POSITIVE) * (HEIGHT - top - bottom);
    let path = |points: &mut dyn Iterator<Item = (f64, f64)>| {
        points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
    };
    let mut upper = known.iter().map(|(look, i)| (x(look.at), y(i.high)));
    let mut lower = known.iter().rev().map(|(look, i)| (x(look.at), y(i.low)));
    let band = format!("{} {}", path(&mut upper), path(&mut lower));
    let line = path(&mut known.iter().map(|(look, _)| (x(look.at), y(look.effect))));
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\" preserveAspectRatio=\"xMidYMid meet\">",
        super::html::escaped(name)
    );
    // Writing to a string cannot fail.
    for tick in ticks(low, high) {
        let at = y(tick);
        let class = if tick == 0.0 { "zero" } else { "grid" };
        let _ = write!(
            svg,
            "<line class=\"{class}\" x1=\"{left}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>",
            WIDTH - right
        );
        let label = show::tick(scale, tick);
        let _ = write!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", left - 8.0, at + 4.0);
    }
    let _ = write!(svg, "<polygon class=\"band\" points=\"{band}\"/><polyline class=\"line\" points=\"{line}\"/>");
    let (x1, y1) = (x(last.at), y(last.effect));
    let _ = write!(svg, "<circle class=\"dot\" cx=\"{x1:.1}\" cy=\"{y1:.1}\" r=\"4\"/>");
    let base = HEIGHT - 10.0;
    let _ = write!(svg, "<text x=\"{left}\" y=\"{base}\">{}</text>", show::moment(first.at));
    let _ = write!(
        svg,
        "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{}</text></svg>",
        WIDTH - right,
        show::moment(last.at)
    );
    svg
}

/// Round numbers between two, zero among them, some five in all.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    if !(rough > 0.0 && rough.is_finite()) {
        return vec![0.0];
    }
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough).unwrap_or(rough);
    let (from, to) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (from..=to).map(|i| i as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_hold_zero() {
        for (low, high) in [(-0.03, 0.11), (-120.0, 3.0), (0.0, 1e-4), (-1.0, 0.0)] {
            let ticks = ticks(low, high);
            assert!((2..=8).contains(&ticks.len()) && ticks.contains(&0.0), "{low} {high}: {ticks:?}");
        }
        assert_eq!(ticks(0.0, 0.0), [0.0]);
    }
}
