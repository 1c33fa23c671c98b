//! Openings against boxes that never ended.

mod anew;
mod chain;
mod folded;
mod forked;
mod late;
mod parts;
mod unsettled;
