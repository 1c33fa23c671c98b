//! What a box says to the centre on its stream.

use bytes::Bytes;
use tidemark_model::{
    BlockIndex, BoxId, Epoch, EpochOrdinal, Generation, Label, Odometer, Seq, SeqSet, Source, StoreId, WallTime,
};

/// A message from a box to the centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToCentre {
    /// Who speaks; the first message of a stream and only the first.
    Hello(Hello),
    /// Movements.
    Batch(Batch),
    /// Seqs that the box committed and can no longer read.
    Unreadable(Unreadable),
    /// How the box is.
    Heartbeat(Heartbeat),
    /// The box has taken the opening of its epoch.
    OpeningTaken(OpeningTaken),
    /// The box leaves on purpose.
    Goodbye(Goodbye),
}

/// A counter of the box, one more and synced before each [`Hello`]: a number
/// that does not grow betrays a restored or cloned disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session(pub u64);

impl Session {
    /// The session after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Who speaks, and what its journal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The shop.
    pub store: StoreId,
    /// The box in it.
    pub box_id: BoxId,
    /// The life of the box's journal.
    pub epoch: Epoch,
    /// Which attempt to speak this is.
    pub session: Session,
    /// The last committed seq; 0 if none.
    pub tail: Seq,
    /// The lowest seq the box still holds: all below are trimmed, which means
    /// handled. 1 if nothing was trimmed.
    pub trimmed_below: Seq,
    /// The opening this epoch began with, if it was taken.
    pub opening: Option<OpeningTaken>,
    /// How many positions from `trimmed_below` on the box knows handled, by
    /// the last word of `generation`.
    pub handled: u64,
    /// The highest generation the box has heard of; 0 if none.
    pub generation: Generation,
    /// The protocol spoken, see [`crate::limits::PROTOCOL`].
    pub protocol: u32,
    /// The version of the program, a label.
    pub agent_version: String,
    /// Earlier epochs of this box of which something is to come, because its
    /// journal was damaged and set aside. The centre says what it holds of
    /// each right after `Welcome`.
    pub earlier: Vec<EarlierEpoch>,
}

/// An earlier epoch of a box, as far as it is not known to be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlierEpoch {
    /// The epoch.
    pub epoch: Epoch,
    /// The lowest seq that is not known to be handled.
    pub first: Seq,
    /// The highest that is known to have been committed.
    pub tail: Seq,
}

/// Movements of one epoch, ascending by seq, perhaps with gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The epoch; another than the stream's own for salvaged records.
    pub epoch: Epoch,
    /// Live needs no credit, backlog does.
    pub live: bool,
    /// The movements.
    pub records: Vec<Record>,
}

impl Batch {
    /// Payload bytes: the sum of the records' bytes, by which windows and
    /// credit are counted.
    #[must_use]
    pub fn payload(&self) -> u64 {
        self.records.iter().map(Record::payload).sum()
    }

    /// The seqs in it.
    #[must_use]
    pub fn seqs(&self) -> SeqSet {
        self.records.iter().map(|record| record.seq).collect()
    }
}

/// One movement's bytes as they were encoded at commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its seq.
    pub seq: Seq,
    /// Its movement digest, where the reader has it at hand; it need not
    /// travel, since the other end can sum it anew.
    pub digest: Option<u64>,
    /// Its bytes.
    pub bytes: Bytes,
}

impl Record {
    /// Its length in bytes.
    #[must_use]
    pub fn payload(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }
}

/// Seqs that were committed and cannot be read any more: lost by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Their epoch.
    pub epoch: Epoch,
    /// The seqs.
    pub seqs: SeqSet,
    /// Wrapping sum of their movement digests, as the block sums tell it;
    /// none if the sums are lost too.
    pub digest: Option<u64>,
}

/// How the box is, every ten seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// The last committed seq.
    pub tail: Seq,
    /// The lowest seq still held.
    pub trimmed_below: Seq,
    /// The block of the tail with its sums; none if nothing was committed.
    pub open_block: Option<OpenBlock>,
    /// Movements that wait in the box to be sent: neither handled nor
    /// received nor in flight.
    pub backlog: u64,
    /// By how much the oldest unhandled movement is older than `odometer`, in
    /// milliseconds of running; none if everything is handled.
    pub oldest_age_ms: Option<u64>,
    /// How long the box has run.
    pub odometer: Odometer,
    /// The catalogue in use; 0 if none.
    pub catalogue: u64,
    /// The troubles the box has at present, ascending by code.
    pub conditions: Vec<ConditionReport>,
    /// What the box runs on.
    pub device: DeviceFacts,
    /// Its tills.
    pub tills: Vec<TillFacts>,
}

/// The count and sums of the block that holds the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenBlock {
    /// Which block.
    pub index: BlockIndex,
    /// How many seqs of it are committed.
    pub count: u32,
    /// Wrapping sum of their movement digests.
    pub digest: u64,
    /// Wrapping sum of their stock digests.
    pub stock: u64,
}

/// One condition as the box reports it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConditionReport {
    /// The number of `TM-nnnn`.
    pub code: u16,
    /// One sentence of what is the case here.
    pub detail: String,
}

/// What the box runs on; labels for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFacts {
    /// Operating system and release.
    pub system: String,
    /// Version of the agent.
    pub agent_version: String,
    /// The wall clock of the box.
    pub wall: WallTime,
    /// Free disk space where the journal lies, in MiB.
    pub disk_free_mib: u64,
    /// Size of that disk, in MiB.
    pub disk_total_mib: u64,
    /// Bytes of the journal on disk, in MiB.
    pub journal_mib: u64,
    /// Resident memory of the agent, in MiB.
    pub memory_mib: u64,
    /// Whether the line is paid by volume.
    pub metered: bool,
    /// Its scanners.
    pub scanners: Vec<ScannerFacts>,
}

/// One scanner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannerFacts {
    /// The lane it belongs to.
    pub lane: Label,
    /// The port it is bound to.
    pub path: String,
    /// Whether it answers.
    pub present: bool,
    /// Scans since the agent started.
    pub scans: u64,
}

/// One till as the box knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillFacts {
    /// Its source.
    pub source: Source,
    /// Hash of its token, so that a swapped box may let it in; none on
    /// loopback.
    pub token: Option<[u8; 32]>,
    /// Milliseconds of running since its last document; none if it never
    /// spoke.
    pub heard_ms: Option<u64>,
    /// Documents taken from it.
    pub documents: u64,
}

/// The box has taken the opening of its epoch: its own documents stand over
/// it from here on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningTaken {
    /// The ordinal of the epoch the opening was made for.
    pub ordinal: EpochOrdinal,
    /// The seq of its last restatement: above it, movements know the opening.
    pub seq: Seq,
}

/// The box leaves on purpose: it is offline at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goodbye {
    /// Why, for people.
    pub reason: String,
}
