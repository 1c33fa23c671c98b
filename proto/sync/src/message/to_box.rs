//! What the centre says to a box on its stream.

use bytes::Bytes;
use tidemark_model::{
    DocumentId, Epoch, EpochOrdinal, Generation, Label, Note, Position, Quantity, Seq, SeqSet, Sku, Source, StreamId,
    StreamPlace, WallTime,
};

use super::{Blocks, Refusal};
use crate::limits;

/// A message from the centre to a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToBox {
    /// The stream is open; what the centre holds.
    Welcome(Welcome),
    /// The stream has these, with all acknowledgements.
    Received(Received),
    /// The database has these.
    Handled(Handled),
    /// How far the applier is.
    AppliedThrough(AppliedThrough),
    /// More backlog may come.
    Credit(Credit),
    /// Not now.
    Slow(Slow),
    /// Not so.
    Refused(Refusal),
    /// The catalogue's version at the centre.
    CatalogueVersion(u64),
    /// What head office wants done.
    Instruction(Instruction),
    /// The opening of the box's epoch can be fetched.
    OpeningReady(OpeningReady),
}

/// The stream is open. All earlier credit is void; what the centre says here
/// replaces what the box knew of handled positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Which history of the ledger speaks.
    pub generation: Generation,
    /// The session number did not grow: the disk may be a restored one or a
    /// copy.
    pub suspect: bool,
    /// The epoch was closed by another box: sales are taken as stragglers.
    pub closed: bool,
    /// The ordinal of the box's epoch.
    pub ordinal: EpochOrdinal,
    /// Handled blocks with digests, of all that the box has not trimmed;
    /// blocks of which nothing is handled are left out.
    pub blocks: Blocks,
    /// What the centre takes.
    pub limits: Limits,
    /// The centre's wall clock, a label.
    pub server_time: WallTime,
}

/// What the centre takes on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Movements in one batch.
    pub batch_movements: u32,
    /// Payload bytes in one batch.
    pub batch_bytes: u32,
    /// Payload bytes sent and not yet received.
    pub in_flight_bytes: u64,
    /// Live movements in a second that need no credit.
    pub live_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_movements: limits::BATCH_MOVEMENTS,
            batch_bytes: limits::BATCH_BYTES,
            in_flight_bytes: limits::IN_FLIGHT_BYTES,
            live_per_second: limits::LIVE_PER_SECOND,
        }
    }
}

/// The stream holds these positions, with all acknowledgements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Their epoch.
    pub epoch: Epoch,
    /// The seqs.
    pub seqs: SeqSet,
    /// The place of the last of them; the others lie before it.
    pub place: StreamPlace,
}

/// The database holds these positions: applied, parked or lost by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handled {
    /// Which history of the ledger speaks; another than the `Welcome`'s ends
    /// the stream.
    pub generation: Generation,
    /// Their epoch.
    pub epoch: Epoch,
    /// Changed blocks, each whole.
    pub blocks: Blocks,
}

/// How far the applier of the store's partition is. The centre reads the
/// position first and the blocks second, and sends the blocks first: a
/// position below `offset` that no block names is not going to be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliedThrough {
    /// Which life of the log.
    pub stream: StreamId,
    /// Which partition.
    pub partition: u32,
    /// The offset the applier takes next: all below are decided.
    pub offset: u64,
    /// The offset the stream gives next, asked after the last `Received` that
    /// was sent before this; none if it could not be asked.
    pub end: Option<u64>,
}

impl AppliedThrough {
    /// Whether a record at `place` has to be sent again if it is not handled:
    /// another life of the log, passed by the applier, or beyond the log's
    /// end.
    #[must_use]
    pub fn gives_up(&self, place: &StreamPlace) -> bool {
        place.stream != self.stream
            || place.partition != self.partition
            || place.offset < self.offset
            || self.end.is_some_and(|end| end <= place.offset)
    }
}

/// Payload bytes of backlog that may be sent beyond what was granted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Payload bytes.
    pub bytes: u64,
}

/// Not now: the stream ends, come again after that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slow {
    /// Milliseconds to stay away.
    pub retry_after_ms: u32,
}

/// What head office wants a box to do. It is sent again with each `Welcome`
/// until its result is in the ledger; the box does it once by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its identity.
    pub id: Label,
    /// What is to be done.
    pub body: InstructionBody,
    /// Who wants it.
    pub author: Option<Label>,
    /// Why, in that person's words.
    pub reason: Option<Note>,
}

impl Instruction {
    /// An instruction that nobody in particular gives.
    #[must_use]
    pub const fn of(id: Label, body: InstructionBody) -> Self {
        Self { id, body, author: None, reason: None }
    }
}

/// What is to be done. The box answers each with movements about the
/// instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstructionBody {
    /// The body has this many bytes and is fetched by itself
    /// ([`super::FetchInstruction`]).
    Fetch {
        /// Bytes of the body as the wire encodes it.
        bytes: u64,
    },
    /// Opening stock: on-hand becomes these quantities, basis counted.
    OpenStock {
        /// One line an item.
        lines: Vec<InstructionLine>,
    },
    /// An effect that was wrong is put right.
    Correct {
        /// The movement it is about, if it is about one.
        about: Option<Position>,
        /// By how much on-hand changes, an item each.
        lines: Vec<InstructionLine>,
    },
    /// A document is reversed.
    Void {
        /// Who submitted it.
        source: Source,
        /// Its id.
        id: DocumentId,
    },
    /// A document that was parked counts after all.
    Accept {
        /// Its first parked movement.
        about: Position,
    },
    /// Movements of an older epoch that came when it was closed: they are
    /// committed once more, unless the box holds them already.
    Late(LateMovements),
    /// These items are to be counted by somebody in the shop.
    Count {
        /// The items.
        skus: Vec<Sku>,
    },
    /// What a line that was parked means: it is decided as if it had come so.
    Settle(Settlement),
    /// All that is not handled is sent once more.
    Resend,
    /// What helps somebody who is asked for help is kept at the box.
    SupportFile,
    /// Something a newer centre asks for, which this release does not know:
    /// it stays open until the box is updated.
    Unknown {
        /// The number of its field on the wire.
        kind: u32,
    },
}

/// What a line that was parked means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The parked movement.
    pub about: Position,
    /// The item.
    pub sku: Sku,
    /// Base units in one of what was given.
    pub units_per_scan: Quantity,
    /// How much was meant; as given without it.
    pub quantity: Option<Quantity>,
}

/// Movements of an older epoch that came when it was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateMovements {
    /// The epoch.
    pub epoch: Epoch,
    /// Its ordinal.
    pub ordinal: EpochOrdinal,
    /// Its movements, by ascending seq.
    pub movements: Vec<(Seq, Bytes)>,
}

/// An item and a quantity in base units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionLine {
    /// The item.
    pub sku: Sku,
    /// How much.
    pub quantity: Quantity,
}

/// The opening of the box's epoch can be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningReady {
    /// The ordinal of the epoch it was made for.
    pub ordinal: EpochOrdinal,
    /// Bytes of it as the wire encodes them, for a progress bar.
    pub bytes: u64,
    /// How long ago, in milliseconds of the centre's clock, anything in it was
    /// applied last; none if nothing was, or an older centre does not say.
    pub older_ms: Option<u64>,
}
