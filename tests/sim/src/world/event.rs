//! What is going to happen.

use tidemark_model::opening::Opening;
use tidemark_model::{Epoch, Sku};
use tidemark_sync::message::{Hello, Instruction, OpeningTaken, Session, ToBox, ToCentre};
use tidemark_sync::{Payload, ProduceId};

use crate::disk::ToldOpening;
use crate::people::{Answer, PaperId};
use crate::rates::Fault;
use crate::shop::{BoxNo, Life, StreamKey};

/// What is going to happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// Somebody makes a paper.
    Make,
    /// A paper is handed in, or handed in again.
    HandIn(PaperId),
    /// It arrives at the box.
    AtBox(PaperId),
    /// The answer arrives, or the word that it is not saved.
    Answered(PaperId, BoxNo, Option<Answer>),
    /// Somebody counts.
    Count(Vec<Sku>, PaperId),
    /// A box's writer looks at its queue.
    Write(Life),
    Synced(Life),
    SessionSynced(Life, Session),
    Keep(Life),
    Connected(StreamKey),
    ToCentre(StreamKey, ToCentre),
    ToBox(StreamKey, ToBox),
    HungUp(StreamKey),
    Ended(StreamKey),
    LookUp(StreamKey, Hello, bool),
    Produce(StreamKey, ProduceId, Payload),
    OpenEpoch(StreamKey, ProduceId, Hello),
    /// What the box of a stream let go is looked for.
    NameTrimmed(StreamKey),
    /// That an opening is taken goes into the stream.
    TookOpening(Epoch, OpeningTaken),
    /// An applier decides what comes next; or commits it.
    Apply(u32, usize),
    Commit(u32, usize),
    Level(Sku, crate::centre::CachedLevel),
    Poll(u32),
    StartCentre,
    /// The boxes are told what codes mean.
    Tell,
    /// A case holds more or less.
    ChangeCase,
    /// A box fetches its opening, and takes it.
    FetchOpening(Life, ToldOpening),
    /// A box gives the opening it took back to the centre.
    GiveOpening(Life),
    TakeOpening(Life, ToldOpening, Box<Opening>),
    /// A box does what head office wants.
    CarryOut(Life, Instruction),
    /// A box that was taken out is plugged in again.
    PlugIn(BoxNo),
    /// All that can be read of a damaged journal was taken over.
    EndSalvage(Life),
    /// The disk of the box is set back to its image.
    Restore,
    /// The second of two boxes is taken out.
    Unplug,
    /// The line is taken from the one of two boxes in use and given to the other.
    MoveLine,
    /// A box that found out that its disk is a copy begins a new epoch.
    Fork(Life),
    /// The backup is put back, if it is not too old.
    PutBack,
    /// A fault begins; or is over.
    Begin(Fault),
    End(Fault),
}
