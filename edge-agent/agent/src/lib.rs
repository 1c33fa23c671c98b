//! The daemon of a shop's box.

#![cfg_attr(not(test), expect(dead_code, reason = "the daemon around it is being built"))]
mod intake;
mod lane;
mod page;
mod status;
