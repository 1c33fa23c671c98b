//! Schemas, generated code and conversions of what travels and what is kept.
//!
//! - `schema/` is the contract, field by field; [`schema`] is generated from
//!   it.
//! - A movement's bytes ([`encode_movement`], [`decode_movement`]) are made
//!   once, at commit, and never changed: box, stream and digests hold the same
//!   bytes. Control records ([`control`]) stand beside movements in the
//!   stream.
//! - [`batch`] packs records by column for the line and gives back the same
//!   bytes.
//! - [`client`] and [`server`] are the two ends of the protocol over gRPC.
//!   They speak the plain types of `tidemark_sync::message`; what comes from
//!   outside is checked field by field before anyone sees it.
//!
//! Everything that comes from outside has a bound ([`limits`]); no bytes make
//! this crate panic or take memory beyond it. The crate starts no threads and
//! one task a stream at the centre; it repeats nothing and keeps no state but
//! a stream's.

#[cfg(test)]
mod arbitrary;
pub mod batch;
pub mod client;
pub mod control;
mod convert;
mod digits;
mod error;
pub mod limits;
mod movement;
mod protobuf;
pub mod schema;
pub mod server;
mod status;

pub use control::{Control, EpochOpened, EpochTook, Opener, PositionsLost, decode_control, encode_control};
pub use convert::{decode_instruction_body, decode_opening_page, encode_instruction_body, encode_opening_page};
pub use error::{DecodeError, EncodeError};
pub use movement::{decode_movement, encode_movement};
