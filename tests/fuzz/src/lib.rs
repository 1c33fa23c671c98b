//! Throws broken inputs at a decoder and looks at what it makes of them.
//!
//! ```text
//! corpus ─► Mutator (seeded) ─► input ─► barcode::check ─► Seen, or what is wrong
//! ```
//!
//! - An input is a line of the corpus that was changed a few times: bits and
//!   bytes, pieces left out, doubled or put in from another line, words of the
//!   field (identifiers, separators, addresses), check digits made to fit, so
//!   that the code behind them is reached too.
//! - All is drawn from a seed: the same seed gives the same inputs, whatever
//!   the machine. A finding names its input; that line goes into the corpus.
//! - A property says what must hold of every input; a panic is a finding too.
//! - It runs on a stable toolchain and follows no coverage: the corpus is to
//!   hold one line for each thing that the decoder knows.

pub mod barcode;
pub mod command;
mod corpus;
mod mutation;
mod random;
mod run;

pub use corpus::{Corpus, CorpusError, escaped};
pub use mutation::Mutator;
pub use random::Random;
pub use run::{Finding, Tally, run};
