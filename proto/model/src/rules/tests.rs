//! Each stock rule as a sentence, and the promises as properties.

mod any;
mod counts;
mod identity;
mod mending;
mod properties;
mod shop;
mod table;
mod trade;
mod voids;
