//! Intake: what tills and handhelds hand in, from JSON to a
//! [`tidemark_model::Document`].
//!
//! The edge of the box: everything behind it works on checked types. A
//! completed sale is never refused, so what can't be understood becomes a
//! parked line or document; only what can't even be held (no identity, too
//! many lines or bytes) is rejected, and broken JSON is refused as a whole.
//!
//! Pure: bytes in, documents out; the journal decides afterwards.

mod answer;
mod body;
mod clean;
mod envelope;
mod line;
mod member;
mod surrogates;

pub(crate) use answer::{Answer, answers_json};
pub(crate) use clean::mask_cards;
pub(crate) use envelope::{Content, Intake, Refusal, Submitted, read};

use tidemark_model::resolving::BOX_SOURCE;
use tidemark_model::{Source, WallTime};

/// The source of what head office asked for.
pub(crate) const CENTRE_SOURCE: &str = "centre";
/// What the source of a lane begins with.
pub(crate) const LANE_PREFIX: &str = "lane:";

/// Whether a source is the box's own: nobody else may use up its ids.
pub(crate) fn is_own(source: &Source) -> bool {
    let source = source.as_str();
    source == CENTRE_SOURCE || source == BOX_SOURCE || source.starts_with(LANE_PREFIX)
}

/// What intake needs to know of the box.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The store's time zone, for business days that were not given.
    pub(crate) time_zone: jiff::tz::TimeZone,
    /// The wall clock now.
    pub(crate) wall: WallTime,
}

/// A remark on a document that was taken all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    /// Its code, for machines.
    pub(crate) code: &'static str,
    /// One sentence, for people.
    pub(crate) detail: String,
    /// The line it is about, from 1.
    pub(crate) line: Option<u32>,
}

#[cfg(test)]
mod tests;
