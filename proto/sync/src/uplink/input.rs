//! What the shell tells the uplink.

use tidemark_model::{BlockIndex, BoxId, Epoch, Generation, Odometer, Seq, SeqSet, StoreId};

use crate::limits;
use crate::message::{
    Blocks, ConditionReport, DeviceFacts, EarlierEpoch, Limits, OpenBlock, OpeningTaken, Record, Session, TillFacts,
    ToBox,
};
use crate::uplink::outgoing::ReceivedBlocks;
use crate::uplink::search::Attempt;

/// What does not change while the agent runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The shop.
    pub store: StoreId,
    /// The box.
    pub box_id: BoxId,
    /// The version of the program, a label.
    pub agent_version: String,
    /// Whether the line is paid by volume.
    pub metered: bool,
    /// Seed of the jitter, drawn anew at each start.
    pub seed: u64,
}

impl Config {
    pub(crate) const fn heartbeat_ms(&self) -> u64 {
        if self.metered { limits::METERED_HEARTBEAT_MS } else { limits::HEARTBEAT_MS }
    }

    pub(crate) fn first_limits() -> Limits {
        Limits::default()
    }
}

/// What the journal holds at the start.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The life of the journal.
    pub epoch: Epoch,
    /// The last session that was synced; 0 if none.
    pub session: Session,
    /// The last committed seq; 0 if none.
    pub tail: Seq,
    /// The lowest seq still held; 1 if nothing was trimmed.
    pub trimmed_below: Seq,
    /// The highest generation heard of; 0 if none.
    pub generation: Generation,
    /// What is handled of the untrimmed blocks, by the centre's last word.
    pub handled: Blocks,
    /// What was received of the untrimmed blocks, as last remembered.
    pub received: ReceivedBlocks,
    /// The opening of the epoch, if it was taken.
    pub opening: Option<OpeningTaken>,
    /// Earlier epochs of this box that are taken over from damaged journals.
    pub earlier: Vec<EarlierFacts>,
}

/// What the journal holds of an earlier epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierFacts {
    /// Which, and how much of it.
    pub of: EarlierEpoch,
    /// Whether all that can be found of it was found: until then nothing of it
    /// is sent, and nothing named as lost.
    pub ready: bool,
    /// What was received of it, as last remembered.
    pub received: ReceivedBlocks,
}

/// Which read an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadId(pub u64);

/// What the shell found when it was asked for the facts of a heartbeat. The
/// uplink adds tail, mark and backlog.
#[derive(Clone, Debug, Default)]
pub struct BoxFacts {
    /// The block of the tail with its sums.
    pub open_block: Option<OpenBlock>,
    /// The age of the position that was asked about, in milliseconds of
    /// running.
    pub oldest_age_ms: Option<u64>,
    /// How long the box has run.
    pub odometer: Odometer,
    /// The catalogue in use; 0 if none.
    pub catalogue: u64,
    /// The troubles the box has.
    pub conditions: Vec<ConditionReport>,
    /// What the box runs on.
    pub device: DeviceFacts,
    /// Its tills.
    pub tills: Vec<TillFacts>,
}

/// What the shell tells the uplink.
#[derive(Clone, Debug)]
pub enum Input {
    /// The journal committed: synced up to `tail`.
    Committed {
        /// The last committed seq.
        tail: Seq,
    },
    /// The journal trimmed.
    Trimmed {
        /// The lowest seq still held.
        below: Seq,
    },
    /// An attempt became a connection with an open stream.
    Connected {
        /// Which.
        attempt: Attempt,
    },
    /// An attempt failed, or the connection it became was lost.
    Disconnected {
        /// Which.
        attempt: Attempt,
        /// Why, for people.
        cause: String,
    },
    /// The session number is on disk.
    SessionSynced(Session),
    /// The centre spoke.
    Message {
        /// On which connection.
        attempt: Attempt,
        /// What it said.
        message: ToBox,
    },
    /// The answer to a `Read`: records ascending by seq, at least one if any
    /// of the seqs can be read, perhaps fewer than asked for.
    Records {
        /// Which read.
        read: ReadId,
        /// The records.
        records: Vec<Record>,
        /// Seqs among those asked for that can't be read any more.
        unreadable: SeqSet,
        /// Wrapping sum of their digests, if it is known.
        unreadable_digest: Option<u64>,
    },
    /// The answer to `TakeFacts`.
    Facts(BoxFacts),
    /// How it stands with earlier epochs now; those left out are settled.
    Earlier(Vec<EarlierFacts>),
    /// The box's conditions changed: the centre should hear soon.
    ConditionsChanged,
    /// The journal took the opening of its epoch.
    OpeningTaken(OpeningTaken),
    /// The journal's own sums under the centre's bitmap differ: what the
    /// centre holds was not sent by this journal.
    Differs {
        /// The block.
        block: BlockIndex,
    },
    /// The agent stops.
    Stop {
        /// Why, for people.
        reason: String,
    },
}
