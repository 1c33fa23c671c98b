//! The protocol between box and centre as state machines; pure.
