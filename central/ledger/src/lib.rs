//! The ledger: movements, balances, blocks and dead letters in SQL, and what
//! else the centre keeps.
//!
//! - [`apply`] decides, without IO, what a batch of the stream does;
//! - [`Ledger`] carries it out in one transaction that begins with a
//!   compare-and-set of the stream's position, and answers questions;
//! - [`stream_file`] keeps the embedded stream.
//!
//! Invariants: a block's bitmap names a position exactly if its row or dead
//! letter is there; a balance is the sum of its rows' effects; both change in
//! the transaction that moves the position.

pub mod apply;
mod attention;
mod audit;
mod catalogue;
mod columns;
mod error;
mod instructions;
mod ledger;
mod letters;
mod levels;
mod people;
pub mod postgres;
mod pulse;
mod reservations;
mod rows;
mod sqlite;
mod steps;
pub mod stream_file;
#[cfg(test)]
mod tests;
mod transfers;

pub use attention::{
    CodeDecision, Decided, Deciding, StockList, StockPage, StoresToLookAt, SuspenseCode, SuspenseStore, TillDayRow,
};
pub use audit::{AuditEntry, AuditFilter, AuditRow};
pub use catalogue::{CatalogueDifference, CodeMeaning};
pub use error::{ApplyError, LedgerError};
pub use instructions::{Instructed, InstructionFilter, InstructionRow, InstructionTimes};
pub use ledger::Ledger;
pub use letters::{Claim, ClaimHow, JobRow, LetterFilter, LetterGroup, LetterState, News, Reapplied, Repair, Repaired};
pub use levels::Seen;
pub use people::{Kept, OpenSession, SessionRow, UserRow};
pub use reservations::{
    Expiry, HOLD_MILLIS, ReservationChanged, ReservationQuery, ReservationRequest, ReservationRow, ReservationState,
    ReservationStep, Reserved, SafetyRule,
};
pub use rows::{
    CatalogueItem, ChangedBlock, DeadLetterRow, EpochRow, HeartbeatRow, History, LatestMovement, LatestPage, LevelRow,
    LossRow, OpeningKept, PositionRow, Signature, Signed, StoreRecord, StoreRow, TokenRow, ToldRow, TryRow,
    UnsignedLosses,
};
pub use sqlite::{Applied, SqliteLedger, StoreLook};
pub use steps::{ChangedLevels, Follow, Followed};
pub use transfers::{
    Closed, Closing, DifferenceRow, TRANSIT_MILLIS, TransferQuery, TransferRow, TransferShown, TransferState,
    TransferStore, TransitItem,
};
