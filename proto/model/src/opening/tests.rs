//! Openings against boxes that never ended.

mod anew;
mod chain;
mod folded;
mod forked;
mod groundless;
mod late;
mod parts;
mod to_count;
mod unsettled;
