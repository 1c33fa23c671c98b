//! Moments of a shop's own clock, as prices take effect at them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tidemark_model::{LocalTime, Price};

const BEGINNING: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// Reads `2026-12-01` (its first minute) or `2026-12-01T06:00`.
#[must_use]
pub fn read(text: &str) -> Option<LocalTime> {
    let day = text.parse::<Date>().ok().filter(|_| text.len() == "2026-12-01".len());
    let minute = || text.parse::<DateTime>().ok().filter(|_| text.len() == "2026-12-01T06:00".len());
    let civil = day.map(|day| day.at(0, 0, 0, 0)).or_else(minute)?;
    Some(LocalTime(civil.duration_since(BEGINNING).as_secs()))
}

/// As [`read`] reads it, to the minute; of a moment beyond the calendar the
/// seconds.
#[must_use]
pub fn text(moment: LocalTime) -> String {
    civil(moment).map_or_else(|| moment.0.to_string(), |civil| civil.strftime("%Y-%m-%dT%H:%M").to_string())
}

/// Whether a moment has come where the zone is. One that the zone's clock
/// skips has come when the clock has skipped it, one that it shows twice when
/// it showed it first.
#[must_use]
pub fn has_come(moment: LocalTime, zone: &TimeZone, wall_ms: i64) -> bool {
    let come = civil(moment).and_then(|civil| zone.to_timestamp(civil).ok());
    come.zip(Timestamp::from_millisecond(wall_ms).ok()).is_some_and(|(come, now)| come <= now)
}

/// A price as the doors of box and centre tell it.
#[must_use]
pub fn price_json(price: &Price) -> Value {
    json!({ "minor": price.minor, "currency": price.currency.as_str(), "from": price.from.map(text) })
}

fn civil(moment: LocalTime) -> Option<DateTime> {
    BEGINNING.checked_add(jiff::SignedDuration::from_secs(moment.0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn a_moment_is_read_as_it_is_told() {
        for told in ["1970-01-01T00:00", "2026-12-01T06:00", "1969-12-31T23:59"] {
            assert_eq!(text(read(told).unwrap()), told);
        }
        assert_eq!(read("1970-01-02"), Some(LocalTime(86_400)));
        for wrong in
            ["", "2026-13-01", "2026-12-01T06", "2026-12-01T06:00Z", "2026-12-01 06:00:01", "01.12.2026", "20261201"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(text(LocalTime(i64::MAX)), i64::MAX.to_string());
    }

    #[test]
    fn it_comes_by_the_clock_of_the_shop() {
        let (berlin, utc) = (TimeZone::get("Europe/Berlin").unwrap(), TimeZone::UTC);
        let come = |text: &str, zone, now: &str| has_come(read(text).unwrap(), zone, at(now));
        assert!(!come("2026-12-01", &berlin, "2026-11-30T22:59:59Z"));
        assert!(come("2026-12-01", &berlin, "2026-11-30T23:00:00Z"));
        assert!(!come("2026-12-01", &utc, "2026-11-30T23:00:00Z"));
        assert!(!has_come(LocalTime(i64::MAX), &utc, at("2026-12-01T00:00:00Z")), "never");
    }

    #[test]
    fn a_moment_that_a_clock_shows_twice_comes_once_and_one_that_it_skips_comes() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let come = |text: &str, now: &str| has_come(read(text).unwrap(), &berlin, at(now));
        // From 03:00 of summer time to 02:00.
        assert!(!come("2026-10-25T02:30", "2026-10-25T00:29:59Z"));
        assert!(come("2026-10-25T02:30", "2026-10-25T00:30:00Z"));
        assert!(come("2026-10-25T02:30", "2026-10-25T01:10:00Z"), "02:10 for the second time");
        // From 02:00 to 03:00.
        assert!(!come("2026-03-29T02:30", "2026-03-29T00:59:59Z"));
        assert!(come("2026-03-29T02:30", "2026-03-29T01:30:00Z"));
    }
}
