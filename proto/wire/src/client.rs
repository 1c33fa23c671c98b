//! The box's end: dials the centre and gives a [`Link`], one stream and the
//! calls beside it on one connection.
//!
//! A link that fails is dropped and another dialled; nothing here repeats
//! anything by itself. Dropping it lets the connection go at once;
//! [`Link::close`] first sends what is queued.

mod calls;
mod config;
mod dialer;
mod link;
mod pieces;
mod traffic;

pub use calls::Calls;
pub use config::{ClientConfig, ClientTls, ConfigError};
pub use dialer::Dialer;
pub use link::{Inbound, Link, LinkError, Outbound};
pub use pieces::Pieces;
pub use traffic::Traffic;
