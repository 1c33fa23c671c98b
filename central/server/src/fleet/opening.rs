//! Whether a shop is open, read from its books once for all times that they
//! stay the same.

use jiff::tz::TimeZone;
use tidemark_ledger::StoreRow;

use crate::hours::Hours;

/// The opening hours of one shop.
#[derive(Clone, Debug, Default)]
pub(super) struct Opening {
    /// What it was read from: hours and time zone.
    from: (String, String),
    /// None if nobody gave hours.
    hours: Option<(Hours, TimeZone)>,
}

impl Opening {
    /// Whether the shop is closed at this moment: then nobody misses its box.
    pub(super) fn is_closed(&mut self, books: &StoreRow, wall: i64) -> bool {
        let StoreRow { opening_hours, time_zone, .. } = books;
        if self.from.0 != *opening_hours || self.from.1 != *time_zone {
            self.from = (opening_hours.clone(), time_zone.clone());
            // Imports take no others; hours that can't be read hide no trouble.
            let hours = Hours::read(opening_hours).ok().filter(|_| !opening_hours.is_empty());
            self.hours = hours.zip(TimeZone::get(time_zone).ok());
        }
        self.hours.as_ref().is_some_and(|(hours, zone)| !hours.is_open(zone, wall))
    }
}
