//! Values as tills write them: numbers, days, times.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// A number as we write it; what is none stays as it is, with words that
/// keep anybody from reading it as one.
pub(super) fn number(text: &str, decimal: char, thousands: Option<char>) -> String {
    plain(text, decimal, thousands).unwrap_or_else(|| {
        if text.contains(|c: char| c.is_ascii_digit()) {
            format!("{text} (decimal sign {decimal})")
        } else {
            text.to_owned()
        }
    })
}

/// Sign, digits, and decimals without zeros at their end.
fn plain(text: &str, decimal: char, thousands: Option<char>) -> Option<String> {
    let text: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}')).collect();
    // Some write the sign behind the number.
    let (minus, digits) = match (text.strip_prefix('-'), text.strip_suffix('-')) {
        (Some(digits), _) | (None, Some(digits)) => (true, digits),
        (None, None) => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, part) = digits.split_once(decimal).unwrap_or((digits, ""));
    let whole = without_groups(whole, thousands)?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(&whole) || !is_digits(part) || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let part = part.trim_end_matches('0');
    let sign = if minus && (whole != "0" || !part.is_empty()) { "-" } else { "" };
    Some(if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") })
}

/// Whole digits without the signs between groups of three.
fn without_groups(whole: &str, thousands: Option<char>) -> Option<String> {
    let Some(sign) = thousands.filter(|sign| whole.contains(*sign)) else { return Some(whole.to_owned()) };
    let mut groups = whole.split(sign);
    let first = groups.next().filter(|first| (1..=3).contains(&first.len()))?;
    let rest: Vec<&str> = groups.collect();
    rest.iter().all(|group| group.len() == 3).then(|| format!("{first}{}", rest.concat()))
}

/// A day as YYYY-MM-DD, by a format or as ISO 8601 writes it.
pub(super) fn day(text: &str, format: Option<&str>) -> Option<String> {
    let date = match format {
        Some(format) => strtime::parse(format, text).ok()?.to_date().ok()?,
        None => text.parse::<Date>().ok()?,
    };
    Some(date.to_string())
}

/// A moment, by a format or as ISO 8601 writes it; in the shop's time if it
/// says no other.
pub(super) fn moment(text: &str, format: Option<&str>, zone: &TimeZone) -> Option<Timestamp> {
    if let Some(format) = format {
        let read = strtime::parse(format, text).ok()?;
        return read.to_timestamp().ok().or_else(|| in_zone(read.to_datetime().ok()?, zone));
    }
    text.parse::<Timestamp>().ok().or_else(|| in_zone(text.parse::<DateTime>().ok()?, zone))
}

fn in_zone(time: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_they_are_written_in_the_country() {
        let german = |text| number(text, ',', Some('.'));
        assert_eq!(german("1.234,500"), "1234.5");
        assert_eq!(german("0,385"), "0.385");
        assert_eq!(german("-1"), "-1");
        assert_eq!(german("12,5-"), "-12.5");
        assert_eq!(german("1 000"), "1000");
        assert_eq!(german("007"), "7");
        assert_eq!(number("+2.50", '.', None), "2.5");
        assert_eq!(number("-0", '.', None), "0");
    }

    #[test]
    fn what_is_no_number_by_the_mapping_is_read_as_none_by_anybody() {
        assert_eq!(number("1.5", ',', None), "1.5 (decimal sign ,)");
        assert_eq!(number("1.5", ',', Some('.')), "1.5 (decimal sign ,)");
        assert_eq!(number("12.34.567", ',', Some('.')), "12.34.567 (decimal sign ,)");
        assert_eq!(number("two", '.', None), "two");
        assert_eq!(number("", '.', None), "");
    }

    #[test]
    fn days_and_moments_are_read_by_their_format_or_as_iso() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(day("24.11.2026", Some("%d.%m.%Y")).as_deref(), Some("2026-11-24"));
        assert_eq!(day("2026-11-24", None).as_deref(), Some("2026-11-24"));
        assert_eq!(day("24/11/2026", None), None);
        let at = |text, format| moment(text, format, &zone).map(|moment| moment.to_string());
        assert_eq!(at("24.11.2026 09:15:00", Some("%d.%m.%Y %H:%M:%S")).as_deref(), Some("2026-11-24T08:15:00Z"));
        assert_eq!(at("2026-11-24T09:15:00", None).as_deref(), Some("2026-11-24T08:15:00Z"));
        assert_eq!(at("2026-11-24 09:15", None).as_deref(), Some("2026-11-24T08:15:00Z"));
        assert_eq!(at("2026-11-24T09:15:00Z", None).as_deref(), Some("2026-11-24T09:15:00Z"));
        assert_eq!(at("soon", None), None);
    }

    proptest! {
        #[test]
        fn a_number_written_with_groups_and_decimals_reads_as_the_same(whole in 0_u32..2_000_000_000, part in 0_u32..1000, minus: bool) {
            let mut digits = whole.to_string();
            let mut at = digits.len();
            while at > 3 {
                at -= 3;
                digits.insert(at, '.');
            }
            let sign = if minus { "-" } else { "" };
            let written = format!("{sign}{digits},{part:03}");
            let read: f64 = number(&written, ',', Some('.')).parse().unwrap();
            let meant: f64 = format!("{sign}{whole}.{part:03}").parse().unwrap();
            prop_assert_eq!(read, meant);
        }
    }
}
