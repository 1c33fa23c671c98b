//! Each stock rule as a sentence, and the promises as properties.

pub(crate) mod any;
mod counts;
mod identity;
mod mending;
mod properties;
pub(crate) mod shop;
mod table;
mod tallies;
mod trade;
mod voids;
