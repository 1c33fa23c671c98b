//! The simulator: the real pure cores in a seeded world that breaks.
//!
//! One shop with its tills, counters and a box, a line, and a centre with a
//! stream, appliers, a ledger and a cache, moved by one virtual clock. Real
//! are the stock rules ([`tidemark_model::decide`]), the protocol
//! ([`tidemark_sync::Uplink`], [`tidemark_sync::Receiver`], gate and credit
//! office), the bytes ([`tidemark_wire`]) and the applier's decision
//! ([`tidemark_ledger::apply`]). Models are the disk, the stream, the
//! database and the people.
//!
//! - A seed draws how often each fault comes ([`Rates`]), then everything
//!   else. The same seed gives the same run, to the byte.
//! - The faults end after some virtual minutes; the world heals, and has a
//!   deadline to come to rest ([`World::run`]).
//! - Then the promises are checked ([`Violation`]) against a plain reference:
//!   what the tills were answered, and what lies on the shelf.
//! - A [`Mutant`] is a world with one mistake built in. It has to be caught.
//!
//! [`trial`] runs one seed, [`try_all`] many, [`shrink`] leaves out the faults a failing seed
//! does not need.

mod chance;
mod check;
mod command;
mod disk;
mod line;
mod mutant;
mod people;
mod rates;
mod shelf;
mod shop;
mod trace;
mod trial;
mod world;

mod centre;

pub use check::{Promise, Violation};
pub use command::main;
pub use mutant::Mutant;
pub use rates::{Fault, Rates};
pub use trial::{Report, Trial, Tried, once_failed, shrink, trial, try_all};
pub use world::World;
