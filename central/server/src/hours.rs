//! Opening hours of a store, in the words of schema.org's `openingHours`:
//! `Mo-Fr 08:00-20:00; Sa 09:00-13:00,14:00-18:00; 2026-12-24 08:00-14:00;
//! 2026-12-25/2026-12-26 off`. Of a day the last rule that names it holds, and
//! a date stands above a day of the week. Times are the shop's own; `24:00` is
//! the end of the day, and an end that is not after its begin is on the next
//! day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Bytes of all rules of a store.
const RULES_BYTES: usize = 2_048;
const MINUTES_OF_DAY: u16 = 24 * 60;
const DAYS_OF_YEAR: i32 = 366;
const DAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

/// From and until in minutes of the day; `until` may lie on the next day.
type Span = (u16, u16);

/// When a store is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hours {
    /// By the day of the week, Monday first.
    week: [Vec<Span>; 7],
    /// Days that differ.
    dates: BTreeMap<Date, Vec<Span>>,
}

impl Hours {
    /// Reads the rules; what is wrong with the first faulty one otherwise.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text.len() > RULES_BYTES {
            return Err(format!("opening hours have at most {RULES_BYTES} bytes"));
        }
        let mut hours = Self::default();
        for rule in text.split(';').map(str::trim).filter(|rule| !rule.is_empty()) {
            hours.take(rule).ok_or_else(|| fault(rule))?;
        }
        Ok(hours)
    }

    /// Takes one rule; none if it can't be understood.
    fn take(&mut self, rule: &str) -> Option<()> {
        let (days, spans) = rule.split_once(char::is_whitespace)?;
        let spans = spans_of(spans.trim())?;
        if let Some((first, last)) = dates_of(days) {
            let dates = first.series(1.day()).take_while(|date| *date <= last);
            self.dates.extend(dates.map(|date| (date, spans.clone())));
            return Some(());
        }
        for days in days.split(',') {
            let (first, last) = days.split_once('-').unwrap_or((days, days));
            let (first, last) = (day_of(first)?, day_of(last)?);
            for day in (0..=(last + 7 - first) % 7).map(|after| (first + after) % 7) {
                self.week.get_mut(day)?.clone_from(&spans);
            }
        }
        Some(())
    }

    /// Whether the store is open at this moment of its own time zone.
    pub(crate) fn is_open(&self, zone: &TimeZone, at_ms: i64) -> bool {
        let Ok(at) = Timestamp::from_millisecond(at_ms) else { return true };
        let local = zone.to_datetime(at);
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let today = self.of(local.date()).iter().any(|&(from, until)| from <= minute && minute < until);
        let begun = local.date().yesterday().is_ok_and(|day| {
            self.of(day).iter().any(|&(_, until)| until > MINUTES_OF_DAY && minute < until - MINUTES_OF_DAY)
        });
        today || begun
    }

    fn of(&self, date: Date) -> &[Span] {
        let week = || self.week.get(usize::from(date.weekday().to_monday_zero_offset().unsigned_abs()));
        self.dates.get(&date).or_else(week).map_or(&[], Vec::as_slice)
    }
}

fn fault(rule: &str) -> String {
    format!("{rule:?} is no rule such as \"Mo-Fr 08:00-20:00\", \"Su off\" or \"2026-12-24 08:00-14:00\"")
}

/// One day or, between a `/`, the first and last of several of a year at most.
fn dates_of(text: &str) -> Option<(Date, Date)> {
    let (first, last) = text.split_once('/').unwrap_or((text, text));
    let (first, last) = (first.parse::<Date>().ok()?, last.parse::<Date>().ok()?);
    let days = first.until(last).ok()?.get_days();
    (0..=DAYS_OF_YEAR).contains(&days).then_some((first, last))
}

fn day_of(name: &str) -> Option<usize> {
    DAYS.iter().position(|known| *known == name)
}

fn spans_of(text: &str) -> Option<Vec<Span>> {
    if text == "off" || text == "closed" {
        return Some(Vec::new());
    }
    text.split(',').map(|span| span_of(span.trim())).collect()
}

fn span_of(text: &str) -> Option<Span> {
    let (from, until) = text.split_once('-')?;
    let (from, until) = (minute_of(from.trim())?, minute_of(until.trim())?);
    let until = if until <= from { until + MINUTES_OF_DAY } else { until };
    (from < MINUTES_OF_DAY).then_some((from, until))
}

fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |text: &str| {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= MINUTES_OF_DAY).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "Mo-Fr 08:00-20:00; Sa 09:00-13:00,14:00-18:00; 2026-12-24 08:00-14:00; \
                        2026-12-25/2026-12-26 off; 2026-12-31 18:00-02:00";

    fn is_open(text: &str, zone: &str, local: &str) -> bool {
        let zone = TimeZone::get(zone).unwrap();
        let at = zone.to_timestamp(local.parse().unwrap()).unwrap();
        Hours::read(text).unwrap().is_open(&zone, at.as_millisecond())
    }

    #[test]
    fn a_shop_is_open_by_its_own_clock_and_a_date_stands_above_a_day() {
        for (local, open) in [
            ("2026-11-30T07:59", false), // Monday
            ("2026-11-30T08:00", true),
            ("2026-11-30T20:00", false),
            ("2026-12-05T13:30", false), // Saturday, its break
            ("2026-12-05T17:59", true),
            ("2026-12-06T12:00", false), // Sunday
            ("2026-12-24T13:59", true),  // Thursday, until 14:00
            ("2026-12-24T14:00", false),
            ("2026-12-25T12:00", false), // Friday and a holiday
            ("2026-12-26T12:00", false),
            ("2026-12-31T12:00", false),
            ("2026-12-31T23:59", true),
            ("2027-01-01T01:59", true), // of the day before
            ("2027-01-01T02:00", false),
            ("2027-01-01T08:00", true),
        ] {
            for zone in ["Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata"] {
                assert_eq!(is_open(SHOP, zone, local), open, "{local} {zone}");
            }
        }
    }

    #[test]
    fn days_may_be_listed_go_over_the_weeks_end_and_be_open_around_the_clock() {
        for day in ["2026-11-28", "2026-11-29", "2026-11-30"] {
            assert!(is_open("Sa-Mo 00:00-24:00", "UTC", &format!("{day}T23:59")), "{day}");
        }
        assert!(!is_open("Sa-Mo 00:00-24:00", "UTC", "2026-12-01T00:00"));
        assert!(is_open("Mo,We 10:00-11:00", "UTC", "2026-12-02T10:30"));
        assert!(!is_open("Mo,We 10:00-11:00; We closed", "UTC", "2026-12-02T10:30"), "the last rule holds");
        assert!(!is_open("", "UTC", "2026-12-02T10:30"), "nothing said here means never; the caller knows better");
    }

    #[test]
    fn rules_that_cannot_be_understood_are_refused_with_what_they_are() {
        for rule in [
            "Mo",
            "Mo 8-20",
            "Mo 08:00",
            "Mo 08:60-20:00",
            "Mo 24:00-25:00",
            "Mo 24:00-02:00",
            "Monday 08:00-20:00",
            "Mo-Xx 08:00-20:00",
            "2026-02-30 off",
            "2026-12-26/2026-12-25 off",
            "2026-01-01/2028-01-01 off",
            "Mo 08:00-20:00,",
            "Mo +8:00-20:00",
        ] {
            let fault = Hours::read(&format!("Tu 08:00-20:00; {rule}")).unwrap_err();
            assert!(fault.contains(&format!("{rule:?}")), "{fault}");
        }
        assert!(Hours::read(&"Mo off;".repeat(RULES_BYTES)).unwrap_err().contains("2048"));
    }
}
