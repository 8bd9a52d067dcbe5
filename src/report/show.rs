//! Numbers and times as a report shows them.

use crate::experiment::{Comparison, Interval, Metric, MetricStanding, Scale};

/// A value on the scale of its metric.
pub(super) fn value(scale: Scale, value: f64) -> String {
    match scale {
        Scale::Share => format!("{:.1} %", 100.0 * value),
        Scale::Micros => millis(value),
        _ => number(value),
    }
}

/// The difference of two values, with its sign.
pub(super) fn effect(scale: Scale, effect: f64) -> String {
    signed(effect, &bare(scale, effect.abs()))
}

/// `digits` with the sign of `value`, unless they say zero.
fn signed(value: f64, digits: &str) -> String {
    let is_zero = !digits.bytes().any(|b| (b'1'..=b'9').contains(&b));
    format!("{}{digits}", if is_zero { "" } else { sign(value) })
}

/// An interval of differences.
pub(super) fn interval(scale: Scale, Interval { low, high }: Interval) -> String {
    format!("{} to {}", signed(low, &digits(scale, low.abs())), signed(high, &bare(scale, high.abs())))
}

/// A difference without its unit, for the ticks of a plot.
pub(super) fn tick(scale: Scale, effect: f64) -> String {
    signed(effect, &digits(scale, effect.abs()))
}

/// What differences are counted in.
pub(super) fn unit(scale: Scale) -> &'static str {
    match scale {
        Scale::Share => "points",
        Scale::Micros => "ms",
        _ => "",
    }
}

fn bare(scale: Scale, value: f64) -> String {
    let unit = unit(scale);
    let digits = digits(scale, value);
    if unit.is_empty() { digits } else { format!("{digits} {unit}") }
}

fn digits(scale: Scale, value: f64) -> String {
    match scale {
        Scale::Share => format!("{:.1}", 100.0 * value),
        Scale::Micros => number(value / 1000.0),
        _ => number(value),
    }
}

fn sign(value: f64) -> &'static str {
    if value < 0.0 { "\u{2212}" } else { "+" }
}

fn millis(micros: f64) -> String {
    format!("{} ms", number(micros / 1000.0))
}

/// Three significant digits, or all that stand before the point.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size >= 100.0 => thousands(value.round()),
        _ if size >= 10.0 => format!("{value:.1}"),
        _ if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A whole number with its thousands apart.
pub(super) fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0.0 { format!("-{out}") } else { out }
}

/// Text broken at spaces into lines of up to 96 characters, the later ones behind `indent` spaces.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    let (mut out, mut width) = (String::new(), 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 96 {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            width = indent;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out
}

/// A count.
pub(super) fn count(count: u64) -> String {
    thousands(count as f64)
}

/// A p-value, as far as it matters.
pub(super) fn p(p: f64) -> String {
    match p {
        _ if p < 0.0001 => "p < .0001".to_owned(),
        _ if p >= 0.9995 => "p 1".to_owned(),
        _ => format!("p {p:.4}").replacen("0.", ".", 1),
    }
}

/// What a comparison comes to, in words.
pub(super) fn outcome(metric: &Metric, comparison: &Comparison) -> &'static str {
    let worse = |interval: Interval| metric.better.gain(interval.low).max(metric.better.gain(interval.high)) < 0.0;
    match (comparison.better, comparison.interval) {
        (Some(true), _) => "better",
        (Some(false), _) => "worse",
        (None, Some(interval)) if metric.tolerance > 0.0 && worse(interval) => "worse, as is tolerated",
        (None, Some(_)) => "no difference shown",
        (None, None) if comparison.effect.is_none() => "nothing to compare with",
        (None, None) => "too few units",
    }
}

/// The name of a metric in words: `false_asks` is `false asks`.
pub(super) fn title(standing: &MetricStanding) -> String {
    standing.metric.name.replace('_', " ")
}

/// A moment in UTC, to the minute: `2026-11-24 16:40 UTC`.
pub(super) fn moment(unix_millis: u64) -> String {
    let nanos = i128::from(unix_millis) * 1_000_000;
    match time::OffsetDateTime::from_unix_timestamp_nanos(nanos) {
        Ok(at) => format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute()),
        Err(_) => format!("{unix_millis} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_people_write_them() {
        assert_eq!(value(Scale::Share, 0.6123), "61.2 %");
        assert_eq!(effect(Scale::Share, -0.051), "\u{2212}5.1 points");
        assert_eq!(interval(Scale::Share, Interval { low: -0.002, high: 0.09 }), "\u{2212}0.2 to +9.0 points");
        assert_eq!(value(Scale::Micros, 1_234_567.0), "1,235 ms");
        assert_eq!(value(Scale::Number, 1_234_567.4), "1,234,567");
        assert_eq!(
            (number(0.0), number(0.1234), number(12.34), number(-5.0)),
            ("0.00".into(), "0.123".into(), "12.3".into(), "-5.00".into())
        );
        assert_eq!((p(0.03), p(0.00001), p(1.0)), ("p .0300".into(), "p < .0001".into(), "p 1".into()));
        assert_eq!(moment(1_795_538_400_000), "2026-11-24 16:40 UTC");
    }
}
