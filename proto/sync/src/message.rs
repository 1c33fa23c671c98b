//! Every message of the protocol as plain types. The wire crate gives them
//! bytes; the state machines of this crate give them meaning.

mod refusal;
mod to_box;
mod to_centre;
mod unary;

pub use refusal::{Refusal, RefusalCode};
pub use to_box::{
    AppliedThrough, Credit, Handled, Instruction, InstructionBody, InstructionLine, LateMovements, Limits,
    OpeningReady, Received, Settlement, Slow, ToBox, Welcome,
};
pub use to_centre::{
    Batch, ConditionReport, DeviceFacts, EarlierEpoch, Goodbye, Heartbeat, Hello, OpenBlock, OpeningTaken, Record,
    ScannerFacts, Session, TillFacts, ToCentre, Unreadable,
};
pub use unary::{
    CatalogueChange, CatalogueCode, CatalogueEntry, CataloguePage, DigestPage, FetchCatalogue, FetchDigests,
    FetchInstruction, FetchOpening, InstructionPage, OpeningPage, OpeningPart, OpeningSent, SendOpening,
};

use tidemark_model::{Block, BlockIndex};

/// Blocks of one epoch, by index: what is handled of them, with the sums over
/// exactly those seqs.
pub type Blocks = std::collections::BTreeMap<BlockIndex, Block>;
