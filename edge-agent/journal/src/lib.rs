//! What a box keeps on disk: outbox, stock, documents, catalogue.
//!
//! The journal is one folder:
//!
//! - `db/`, a RocksDB database: everything, laid out as the table in
//!   `layout.rs` says;
//! - `tail`, the side file: how far the journal was, apart from the database
//!   (`side.rs`);
//! - `aside/`, damaged journals of this box, set aside whole (`aside.rs`);
//! - `damaged`, there while `db/` is to be set aside at the next open;
//! - `ballast`, there to be given up when the disk is full (`ballast.rs`);
//! - `lock`, held by the process that has it open.
//!
//! **Who owns what.** One thread, the writer, owns seq and tail and writes
//! everything. It takes what is queued, decides each document in view of the
//! batch being built ([`tidemark_model::decide`]), writes one batch with one
//! sync and then answers. Handles ([`Journal`]) send it commands and read the
//! database beside it.
//!
//! **What holds.**
//! - An answer [`Committed`] stands behind a sync that holds the movements,
//!   the stock change, the document's key, the block's sums, the tail and the
//!   odometer together.
//! - After a failed write nothing in memory is trusted: all in it are told
//!   [`NotSaved`], the database is closed and opened anew, tail and stock
//!   come from the disk. A document that survived is a duplicate when it is
//!   repeated; of a lane, where nobody repeats, it is voided.
//! - Seqs are dense from 1 inside an epoch; an epoch is 64 random bits drawn
//!   at the journal's birth.
//! - A movement goes only after the centre's sums over it were equal to the
//!   box's own, a grace of running later, and in whole blocks.
//! - What can't be read at open is set aside whole, and the box goes on at once
//!   in a new journal with a new epoch, never in memory. What is readable in the
//!   damaged one is taken over in the background under its own epoch
//!   (`salvage.rs`); what is not is named by position, after a second look.

/// Whether this build can be made wrong on purpose; never in a daemon.
pub const MUTANTS: bool = cfg!(feature = "mutants");

mod aside;
mod ballast;
mod books;
mod catalogue;
mod config;
mod counters;
mod handled;
mod journal;
mod layout;
pub mod limits;
mod lock;
mod odometer;
mod open;
mod opening;
mod progress;
mod reads;
mod records;
mod room;
mod salvage;
mod side;
mod state;
mod store;
mod submit;
mod writer;

pub use catalogue::{CatalogueState, LoadingState, NowKnown};
#[cfg(feature = "mutants")]
pub use config::Mutant;
pub use config::{Config, Retention};
pub use counters::{BATCH_CLASSES, Counts};
pub use handled::{HandledVerdict, HandledWord};
pub use journal::{Forked, Journal};
pub use layout::identity::Identity;
pub use layout::instructions::InstructionDone;
pub use odometer::{Clock, Reading};
pub use open::{Damage, OpenError};
pub use progress::Standing;
pub use reads::{DocumentView, ItemView, Till};
pub use records::Records;
pub use room::Room;
pub use salvage::{EarlierEpoch, Salvage, SetAside};
pub use store::ReadError;
pub use submit::{Committed, LaneState, NotSaved, Submission, Told};
pub use writer::{Health, StopError, Tail, Writer};
