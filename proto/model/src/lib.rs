//! The words of Tidemark and its stock rules.
//!
//! Pure: no clock, no files, no threads, no async. A box decides every effect
//! with [`decide`], over [`Books`] that its journal keeps; the centre only
//! adds effects. What is kept for ever (numbers of kinds, keys, digests,
//! bitmaps) is fixed here, and golden bytes in the tests hold it.
//!
//! - a [`Document`] is what is submitted, identity `(source, id)`;
//! - a [`Movement`] is one line's effect on one item, at a [`Position`];
//! - a [`Block`] is what is known of 1,024 consecutive seqs of an epoch;
//! - a [`Quantity`] is exact, in thousandths of the item's base unit.

pub mod block;
pub mod books;
pub mod box_id;
pub mod catalogue;
pub mod content;
pub mod digest;
pub mod document;
pub mod draft;
pub mod gtin;
mod kept;
pub mod key;
pub mod kind;
pub mod limits;
pub mod memory;
pub mod movement;
pub mod opening;
pub mod outcome;
pub mod place;
pub mod position;
pub mod quantity;
pub mod resolving;
mod rules;
pub mod seqs;
pub mod text;

pub use block::{Bitmap, Block};
pub use books::{Books, Change};
pub use box_id::BoxId;
pub use catalogue::{Item, ItemUnit, LocalTime, Lookup, Price};
pub use document::Document;
pub use draft::Draft;
pub use gtin::{Gtin, GtinError, code_spelling};
pub use key::{ContentDigest, DocumentKey};
pub use kind::{Basis, Disposition, Kind, Marks, ParkReason};
pub use memory::MemoryBooks;
pub use movement::{Movement, Placed};
pub use outcome::{Outcome, Stamp, Status, Warning};
pub use place::{ChangeStamp, EpochOrdinal, Generation, StreamId, StreamPlace};
pub use position::{BlockIndex, Epoch, Odometer, Position, Seq, WallTime};
pub use quantity::{Quantity, QuantityError};
pub use rules::decide;
pub use seqs::SeqSet;
pub use text::{Code, DocumentId, Label, Note, Reference, Sku, Source, StoreId, TextError};
