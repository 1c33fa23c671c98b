//! What a scanned text says: symbology, GTIN, GS1 elements, command codes.
//!
//! Pure: no IO, no clock, no threads, and no allocation on the way from the
//! bytes of a scanner to a [`Scan`], which borrows from them. Nothing in the
//! bytes makes it panic.
//!
//! ```text
//! bytes ─ split() ─► AIM identifier? ─► identified() ─┐
//!                           └ none ───► guess()  ─────┤
//!                                                     ▼
//!                 Scan { symbology, confidence, content, supplement }
//!                                                     │ judge()
//!      Item(code) · IfCatalogued(text) · Command(..) · NotKept(why)
//! ```
//!
//! - A scanner that sends AIM symbology identifiers (ISO/IEC 15424: `]E0`,
//!   `]C1`, ...) is believed; without one the text is guessed at, and the
//!   [`Confidence`] says how safe the guess is.
//! - A GTIN has one spelling, 14 digits ([`Gtin`]). Restricted circulation
//!   numbers (prefixes 02, 04, 20-29, EAN-8 with 0 or 2) mean something only
//!   inside a company: they are kept as digits, never as a global GTIN, and
//!   say more only by the company's [`InStorePatterns`].
//! - GS1 elements come as an [`ElementString`] or in a GS1 Digital Link; both
//!   read alike. What each identifier holds is said as in GS1's own
//!   dictionary.
//! - [`Scan::judge`] says what may become a movement. Only item-like codes
//!   may; what else passes the scanner (licences, cards, addresses) is counted
//!   by [`Shape`] and never kept.
//! - Whoever gives no good signal does so because of a [`Rejection`], which
//!   says what was wrong, where, and what was expected.

mod aim;
mod command;
mod decode;
mod gs1;
mod guess;
mod in_store;
mod json;
mod judgement;
pub mod limits;
mod rejection;
mod repeat;
mod retail;

pub use aim::Symbology;
pub use command::{Command, CommandError, Verb};
pub use decode::{Confidence, Content, Scan, data_of, decode};
pub use gs1::{Ai, CheckPair, Companions, Element, ElementString, Elements, Gs1Error, LinkError, Measure, Unit};
pub use in_store::{InStoreError, InStoreItem, InStoreNumber, InStorePatterns, PatternError, PatternFault, Price};
pub use json::scan_line_to_json;
pub use judgement::{ItemCode, Judgement, NotKept, Shape};
pub use rejection::{DecodeError, Rejection};
pub use repeat::DoubleRead;
pub use retail::UpcEError;
pub use tidemark_model::{Gtin, GtinError};
