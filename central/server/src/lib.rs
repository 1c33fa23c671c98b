//! The daemon of the centre.
