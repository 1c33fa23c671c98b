//! A movement's bytes, read or left alone.

use bytes::Bytes;
use tidemark_model::{Movement, ParkReason};
use tidemark_wire::decode_movement;

/// How a movement's bytes become one; else why it is parked.
pub(super) type Decode = fn(&Bytes) -> Result<Movement, (ParkReason, String)>;

pub(super) fn read(bytes: &Bytes) -> Result<Movement, (ParkReason, String)> {
    decode_movement(bytes).map_err(|error| (ParkReason::Undecodable, error.to_string()))
}

pub(super) fn leave_unread(_bytes: &Bytes) -> Result<Movement, (ParkReason, String)> {
    Err((ParkReason::Poison, "the centre died of it twice: it is kept as it came, and nobody has read it".to_owned()))
}
