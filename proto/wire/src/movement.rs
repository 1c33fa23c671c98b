//! A movement's bytes: encoded once, at commit, and kept as they are in the
//! outbox, as a Kafka record's value and under every digest. The schema is
//! `schema/tidemark/inventory/v1/movement.proto`.
//!
//! One movement has exactly one encoding: fields ascend, each stands once,
//! defaults are left out, a GTIN and a day spelled `YYYY-MM-DD` are numbers.
//! What a newer release adds is passed over in reading, and stays in the
//! bytes, which nobody writes anew.

mod decode;
mod encode;
mod raw;

pub use decode::decode_movement;
pub use encode::encode_movement;

use crate::error::DecodeError;
pub(crate) use raw::{document, field};

#[cfg(test)]
mod tests;
