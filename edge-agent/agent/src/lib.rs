//! The daemon of a shop's box.
