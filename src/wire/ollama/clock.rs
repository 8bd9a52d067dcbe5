//! Times as Ollama writes them.

/// A time in UTC by RFC 3339, to the nanosecond: `2025-10-09T08:53:20.000000001Z`.
///
/// The calendar is computed as in Howard Hinnant's
/// [chrono-compatible algorithms](https://howardhinnant.github.io/date_algorithms.html#civil_from_days): years begin in March,
/// so that the leap day is their last, and 400 of them are 146,097 days.
pub(super) fn rfc3339(seconds: u64, nanos: u32) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // 719,468 days lie between March 1st of the year 0 and 1970.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year + era * 400 + next;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        for (seconds, time) in [
            (0, "1970-01-01T00:00:00.000000007Z"),
            (951_782_399, "2000-02-28T23:59:59.000000007Z"),
            (951_782_400, "2000-02-29T00:00:00.000000007Z"),
            (951_868_800, "2000-03-01T00:00:00.000000007Z"),
            (1_760_000_000, "2025-10-09T08:53:20.000000007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000007Z"),
        ] {
            assert_eq!(rfc3339(seconds, 7), time);
        }
    }

    #[cfg(feature = "proxy")]
    proptest::proptest! {
        #[test]
        fn any_time_is_what_a_crate_makes_of_it(seconds in 0u64..253_402_300_800, nanos in 0u32..1_000_000_000) {
            use time::OffsetDateTime;
            use time::format_description::well_known::Rfc3339;
            let time = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).unwrap()).unwrap();
            let whole = time.format(&Rfc3339).unwrap();
            let ours = rfc3339(seconds, nanos);
            proptest::prop_assert_eq!(ours.replace(&format!(".{nanos:09}"), ""), whole);
        }
    }
}
