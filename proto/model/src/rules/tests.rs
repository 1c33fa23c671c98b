//! Each stock rule as a sentence, and the promises as properties.

mod counts;
mod identity;
mod mending;
mod properties;
mod shop;
mod trade;
mod voids;
