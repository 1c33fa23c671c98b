//! Schemas, generated code and conversions of what travels and what is kept.

#[cfg(test)]
mod arbitrary;
pub mod batch;
pub mod control;
mod digits;
pub mod limits;
mod movement;
mod protobuf;
pub mod schema;

pub use control::{Control, EpochOpened, Opener, decode_control, encode_control};
pub use movement::{DecodeError, decode_movement, encode_movement};
