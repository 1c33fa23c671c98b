//! The trading day of a moment.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use tidemark_model::{Label, WallTime};

/// The day of a moment in a shop: it changes at 04:00 of the shop's time.
pub(crate) fn of(wall: WallTime, zone: &TimeZone) -> Option<Label> {
    let moment = Timestamp::from_millisecond(wall.0).ok()?;
    let day = moment.to_zoned(zone.clone()).checked_sub(Span::new().hours(4)).ok()?.date();
    Label::new(&day.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_changes_at_four_in_the_morning_of_the_shop() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let day = |text: &str| of(WallTime(text.parse::<Timestamp>().unwrap().as_millisecond()), &zone).unwrap();
        assert_eq!(day("2026-11-24T02:59:59Z").as_str(), "2026-11-23");
        assert_eq!(day("2026-11-24T03:00:00Z").as_str(), "2026-11-24");
    }
}
