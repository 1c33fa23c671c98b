//! The journal as its callers see it, on a real disk.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing there"
)]

mod catalogue;
mod commit;
mod damage;
mod failing;
mod flips;
mod forked;
mod full;
mod handled;
mod kill;
mod model;
mod opening;
mod shop;
