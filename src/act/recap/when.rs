//! Dates, weekdays, times of day.

use super::number::number;
use super::token::Token;

#[rustfmt::skip]
const MONTHS: &[&str] = &[
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
];
#[rustfmt::skip]
const DAYS: &[&str] = &[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mon", "tue", "wed", "thu", "fri", "sat",
    "sun",
];
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "today", "tomorrow", "tonight", "yesterday", "weekend", "weekends", "noon", "midnight", "christmas", "easter", "midday",
    "spring", "summer", "autumn", "winter", "lunchtime", "dawn", "dusk", "halloween", "thanksgiving",
];
#[rustfmt::skip]
const PARTS: &[&str] = &[
    "morning", "afternoon", "evening", "night", "mornings", "evenings",
];
/// What may stand between two words about one time.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "at", "in", "the", "on", "of", ",",
];

/// How many tokens from the first on say when; 0 where the first does not.
pub(super) fn when(tokens: &[Token<'_>]) -> usize {
    let mut end = word(tokens);
    if end == 0 {
        return 0;
    }
    loop {
        let links = tokens[end..].iter().take(2).take_while(|token| token.is_any(LINKS)).count();
        let next = tokens.get(end + links..).map_or(0, |rest| later_word(rest, links));
        if next == 0 {
            return end;
        }
        end += links + next;
    }
}

/// A word about time that may follow another: parts of the day and bare hours, too.
fn later_word(tokens: &[Token<'_>], links: usize) -> usize {
    let Some(first) = tokens.first() else { return 0 };
    if first.is_any(PARTS) {
        return 1;
    }
    // "Tuesday at nine", and not "Tuesday two".
    let hour =
        number(tokens).filter(|number| links == 1 && number.suffix.is_empty() && (1.0..=24.0).contains(&number.value));
    match hour {
        Some(hour) if word(tokens) == 0 => hour.tokens,
        _ => word(tokens),
    }
}

fn word(tokens: &[Token<'_>]) -> usize {
    let Some(first) = tokens.first() else { return 0 };
    let next = tokens.get(1);
    if is_day(first) || first.is_any(WORDS) && !is_sort(first, next) {
        return 1;
    }
    if is_date(&first.lower) || is_clock(&first.lower) {
        return 1 + usize::from(next.is_some_and(is_half_of_day));
    }
    if first.is_any(&["next", "this", "last", "coming"]) {
        let period = [
            "week",
            "month",
            "year",
            "weekend",
            "quarter",
            "spring",
            "summer",
            "autumn",
            "winter",
            "morning",
            "evening",
            "afternoon",
        ];
        return match next {
            // "Last" of a period is a span of the past; "this" is mostly the present.
            Some(next) if next.is_any(&period) || is_day(next) || is_month(next) => 2,
            _ => 0,
        };
    }
    if is_month(first) {
        let day = next.filter(|next| day_of_month(&next.lower));
        return match day {
            Some(_) => 2,
            None if first.is("may") && !first.is_capitalised() => 0,
            None => 1,
        };
    }
    let half = next.is_some_and(is_half_of_day);
    if day_of_month(&first.lower) {
        // "30 June", "1st of May", "3 pm", "the 14th".
        let of = usize::from(next.is_some_and(|next| next.is("of")));
        if tokens.get(1 + of).is_some_and(is_month) {
            return 2 + of;
        }
        return if half { 2 } else { usize::from(is_ordinal(&first.lower)) };
    }
    match number(tokens) {
        Some(hour) if tokens.get(hour.tokens).is_some_and(|next| is_half_of_day(next) || next.is("o'clock")) => {
            hour.tokens + 1
        }
        Some(hour) if hour.value <= 12.0 && ["am", "pm"].contains(&hour.suffix.as_str()) => 1,
        _ => 0,
    }
}

/// Whether a word about time only says of what sort the next thing is: "a summer fair", "the weekend trip".
fn is_sort(token: &Token<'_>, next: Option<&Token<'_>>) -> bool {
    let sorts = [
        "spring",
        "summer",
        "autumn",
        "winter",
        "christmas",
        "easter",
        "weekend",
        "halloween",
        "thanksgiving",
        "midnight",
    ];
    let links = next.is_some_and(|next| PARTS.contains(&next.lower.as_str()) || is_day(next) || is_month(next));
    token.is_any(&sorts) && next.is_some_and(|next| next.is_content() && !next.is_mark() && !links)
}

fn is_half_of_day(token: &Token<'_>) -> bool {
    token.is_any(&["am", "pm", "a.m", "p.m"])
}

fn is_day(token: &Token<'_>) -> bool {
    let plain = token.lower.strip_suffix('s').unwrap_or(&token.lower);
    let short = plain.len() <= 3;
    (DAYS.contains(&plain) || DAYS.contains(&token.lower.as_str())) && (!short || token.is_capitalised())
}

fn is_month(token: &Token<'_>) -> bool {
    // "Mar" is a month and "mar" none; "March" is one and "march" mostly none.
    let sure = token.is_capitalised() || token.lower.len() > 3 && !token.is("march");
    sure && MONTHS.contains(&token.lower.as_str())
}

fn is_ordinal(lower: &str) -> bool {
    let digits = lower.trim_end_matches(|c: char| c.is_alphabetic());
    ["st", "nd", "rd", "th"].contains(&&lower[digits.len()..]) && !digits.is_empty()
}

fn day_of_month(lower: &str) -> bool {
    let digits = lower.trim_end_matches(|c: char| c.is_alphabetic());
    let day = digits.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day));
    day && (digits.len() == lower.len() || is_ordinal(lower))
}

/// "2026-06-30", "30.6.2026", "6/30".
fn is_date(lower: &str) -> bool {
    let mark = ['-', '/', '.'].into_iter().find(|mark| lower.contains(*mark));
    let Some(mark) = mark else { return false };
    let parts: Vec<&str> = lower.split(mark).collect();
    let numbers =
        parts.iter().all(|part| !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit()));
    numbers && (parts.len() == 3 || parts.len() == 2 && mark == '/' && parts.iter().all(|part| part.len() <= 2))
}

/// "9:30", "19:00", "7pm" is a number with a suffix.
fn is_clock(lower: &str) -> bool {
    let clock = lower.trim_end_matches("am").trim_end_matches("pm");
    let Some((hour, minute)) = clock.split_once(':') else { return false };
    hour.parse::<u8>().is_ok_and(|hour| hour <= 24)
        && minute.len() == 2
        && minute.parse::<u8>().is_ok_and(|minute| minute < 60)
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    #[test]
    fn a_time_is_as_long_as_it_is_said() {
        for (text, long) in [
            ("Monday noon", 2),
            ("Tuesday at nine is fine", 3),
            ("Thursday morning now", 2),
            ("30 June, from here", 2),
            ("1 March", 2),
            ("March 3rd at 9:30 am", 5),
            ("1st of May", 3),
            ("the 14th", 0),
            ("14th", 1),
            ("7 pm for two", 2),
            ("7pm", 1),
            ("2026-06-30 please", 1),
            ("next Friday", 2),
            ("next week", 2),
            ("Friday the 12th", 3),
            ("April", 1),
            ("may I", 0),
            ("May", 1),
            ("Saturday evening.", 2),
            ("two people", 0),
            ("30 guests", 0),
            ("tomorrow at 5", 3),
            ("sun cream", 0),
            ("3.4 kg", 0),
        ] {
            assert_eq!(when(&tokens(text)), long, "{text}");
        }
    }
}
