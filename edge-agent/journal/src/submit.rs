//! What is submitted to the journal, and what it answers.

use tidemark_model::opening::Replay;
use tidemark_model::{
    Basis, Code, Document, Kind, Label, Marks, Movement, Odometer, ParkReason, Position, Quantity, Seq, Sku, Status,
    Warning,
};
use tokio::sync::oneshot;

use crate::store::ReadError;
use crate::writer::Unsaved;

/// A document with what is to be written in the same batch.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The document.
    pub document: Document,
    /// The lane it comes from, with the lane's state after it.
    pub lane: Option<LaneState>,
    /// The instruction it is the result of: done once by its id.
    pub instruction: Option<Label>,
    /// Items that this instruction wants counted.
    pub count_list: Option<Vec<Sku>>,
    /// How it was committed, if it is committed once more.
    pub replay: Option<Box<Replay>>,
}

impl Submission {
    /// A document alone.
    #[must_use]
    pub const fn of(document: Document) -> Self {
        Self { document, lane: None, instruction: None, count_list: None, replay: None }
    }

    /// A document that is committed once more.
    #[must_use]
    pub fn again(replay: Replay) -> Self {
        let document = replay.document().clone();
        Self { replay: Some(Box::new(replay)), ..Self::of(document) }
    }
}

/// A lane's state; its bytes are the agent's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneState {
    /// Which lane.
    pub lane: Label,
    /// Its state.
    pub state: Vec<u8>,
}

/// A document stands behind a sync: taken now, or held already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Taken now or held already.
    pub status: Status,
    /// Its first position.
    pub first: Position,
    /// How many movements it has.
    pub lines: u32,
    /// What the submitter should know; none for a duplicate.
    pub warnings: Vec<Warning>,
    /// What it did, line by line; none for a duplicate.
    pub movements: Vec<Told>,
    /// The odometer at its commit.
    pub odometer: Odometer,
}

/// What one movement did, for feedback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its seq.
    pub seq: Seq,
    /// What it is.
    pub kind: Kind,
    /// The item, if it is known.
    pub sku: Option<Sku>,
    /// The code as given, if it was one.
    pub code: Option<Code>,
    /// What was given.
    pub quantity: Quantity,
    /// What it did to on-hand.
    pub effect: Quantity,
    /// The item's on-hand after it.
    pub on_hand_after: Option<Quantity>,
    /// Whether on-hand stands on a count.
    pub basis: Basis,
    /// Its marks.
    pub marks: Marks,
    /// Why it was parked.
    pub parked: Option<ParkReason>,
}

impl Told {
    pub(crate) fn of(seq: Seq, movement: &Movement) -> Self {
        Self {
            seq,
            kind: movement.kind,
            sku: movement.sku.clone(),
            code: movement.code.clone(),
            quantity: movement.quantity,
            effect: movement.effect,
            on_hand_after: movement.on_hand_after,
            basis: movement.basis,
            marks: movement.marks,
            parked: movement.parked.as_ref().map(|parked| parked.reason),
        }
    }
}

/// A document or change is not saved. Nothing was answered for it; should
/// parts of it have reached the disk all the same, a retry is a duplicate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSaved {
    /// The disk can't be written. The journal opens again by itself.
    #[error("NOT SAVED: the disk can't be written: {cause}; check free space and the disk, then repeat")]
    Write {
        /// The storage's word.
        cause: String,
    },
    /// What the decision needs can't be read.
    #[error("NOT SAVED: the books can't be read: {cause}; repeat, and if it stays so look at the disk")]
    Read {
        /// What failed.
        cause: ReadError,
    },
    /// The agent is stopping.
    #[error("NOT SAVED: the journal is closed because the agent is stopping; repeat when it runs again")]
    Stopped,
}

impl From<ReadError> for NotSaved {
    fn from(cause: ReadError) -> Self {
        Self::Read { cause }
    }
}

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, NotSaved>>;

/// A submission on its way to the writer.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) submission: Submission,
    /// The odometer when it arrived.
    pub(crate) arrived: Odometer,
    pub(crate) reply: Reply<Committed>,
    /// What it voids, if it is the writer's own void.
    pub(crate) voids: Option<Unsaved>,
}

impl Ticket {
    pub(crate) const fn new(submission: Submission, arrived: Odometer, reply: Reply<Committed>) -> Self {
        Self { submission, arrived, reply, voids: None }
    }
}
