//! What the shell tells a receiver.

use std::collections::{BTreeMap, BTreeSet};

use tidemark_model::{BoxId, Epoch, EpochOrdinal, Generation, StoreId, StreamId, StreamPlace, WallTime};

use crate::message::{Blocks, Instruction, Limits, OpeningReady, Refusal, Session, ToCentre};
use crate::time::Millis;

/// What does not change while the stream lasts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The store named by the box's certificate; none on loopback, where no
    /// credential is needed.
    pub identity: Option<StoreId>,
    /// What the centre takes.
    pub limits: Limits,
}

/// Which produce an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProduceId(pub u64);

/// How far an applier is, as the shell read it. Position first, blocks
/// second: what a block does not name below `offset` was not handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Which life of the log the ledger's position speaks of.
    pub stream: StreamId,
    /// The store's partition.
    pub partition: u32,
    /// The offset the applier takes next.
    pub offset: u64,
    /// The offset the stream gives next; none if it could not be asked.
    pub end: Option<u64>,
    /// When `end` was asked for, by the clock of `now`: the moment before the
    /// question was sent.
    pub asked_at: Millis,
}

/// What the ledger knows of a store whose box says `Hello`.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which history of the ledger this is.
    pub generation: Generation,
    /// How the epoch stands.
    pub standing: Standing,
    /// Every epoch of the store, so that salvaged records may come under
    /// their own.
    pub epochs: BTreeSet<Epoch>,
    /// The highest session heard of this epoch before this `Hello`; the shell
    /// stores the new one with the same look.
    pub last_session: Option<Session>,
    /// Handled blocks of the epoch from the block of `trimmed_below` on, read
    /// after `reached`.
    pub blocks: Blocks,
    /// Handled blocks of the earlier epochs that the `Hello` speaks of and the
    /// store knows, each from the block of its first seq on, read after
    /// `reached`.
    pub earlier: BTreeMap<Epoch, Blocks>,
    /// How far the applier of the store's partition is.
    pub reached: Reached,
    /// Another stream of the store that was welcomed and not yet left.
    pub rival: Option<Rival>,
    /// The database's clock, a label.
    pub server_time: WallTime,
}

/// How an epoch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The store does not know it.
    Unknown,
    /// It is the store's present one.
    Open(EpochOrdinal),
    /// A later one closed it.
    Closed(EpochOrdinal),
}

/// Another stream of the same store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rival {
    /// Its box.
    pub box_id: BoxId,
    /// How long ago it was heard, in milliseconds of the database's clock.
    pub heard_ms: u64,
}

/// The answer to a `LookUp`.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// The store is known.
    Found(Box<Found>),
    /// There is no such store.
    UnknownStore,
    /// The store is closed for good.
    ClosedStore,
    /// The database is down.
    Unavailable,
    /// Others are admitted first.
    NotNow {
        /// When it is this box's turn.
        retry_after_ms: u32,
    },
}

/// What the shell tells a receiver.
#[derive(Clone, Debug)]
pub enum Input {
    /// The box spoke.
    Message(ToCentre),
    /// The box sent bytes that are no message, or too many of them; what it
    /// is told.
    Unreadable(Refusal),
    /// The answer to `LookUp`. From here on every change of the store's blocks
    /// comes by `Polled`.
    LookedUp(Lookup),
    /// The stream holds what was produced; the place of its last record.
    Produced {
        /// Which.
        produce: ProduceId,
        /// Where.
        place: StreamPlace,
    },
    /// The stream did not take it, or it is not known whether it did.
    NotProduced {
        /// Which.
        produce: ProduceId,
        /// Why, for people.
        cause: String,
    },
    /// The ledger was looked at; while the database is down, nothing comes.
    Polled {
        /// Which history of the ledger spoke.
        generation: Generation,
        /// How far the applier is, read first.
        reached: Reached,
        /// The store's blocks that changed since the last look, each whole,
        /// read second.
        blocks: BTreeMap<Epoch, Blocks>,
    },
    /// The credit office gave the shop its turn.
    Granted {
        /// Payload bytes.
        bytes: u64,
    },
    /// The catalogue's version; sent once the stream is open.
    CatalogueVersion(u64),
    /// An instruction that is not answered yet.
    Instruct(Instruction),
    /// The opening of the box's epoch can be fetched.
    OpeningReady(OpeningReady),
    /// A later stream of the same box took over.
    Superseded,
    /// The connection is gone.
    Disconnected,
    /// The centre stops.
    Stop,
}
