//! The protocol between box and centre as state machines; pure.

pub mod limits;
pub mod message;
