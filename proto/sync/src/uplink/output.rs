//! What the uplink wants done.

use std::fmt;

use tidemark_model::{Epoch, Seq, SeqSet};

use crate::message::{Handled, Instruction, OpeningReady, Refusal, RefusalCode, Session, ToCentre, Welcome};
use crate::uplink::input::ReadId;
use crate::uplink::outgoing::ReceivedBlocks;
use crate::uplink::search::Attempt;

/// What the uplink wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open a connection and a stream on it; answer `Connected` or
    /// `Disconnected`. Several attempts may be open at once.
    Connect {
        /// Its name.
        attempt: Attempt,
    },
    /// Let an attempt go that did not become the connection.
    Abandon {
        /// Which.
        attempt: Attempt,
    },
    /// End the connection, after what was to be sent on it.
    Disconnect {
        /// Which.
        attempt: Attempt,
        /// Why.
        because: Leaving,
    },
    /// Put this session number on disk, synced; answer `SessionSynced`.
    SyncSession(Session),
    /// Send on the present connection.
    Send(ToCentre),
    /// Read these positions, ascending, until `max_bytes` are reached but at
    /// least one record; answer `Records`.
    Read {
        /// Its name.
        read: ReadId,
        /// The epoch.
        epoch: Epoch,
        /// The seqs.
        seqs: SeqSet,
        /// Payload bytes to stay below.
        max_bytes: u64,
    },
    /// Keep what the stream holds of these blocks, each whole; it need not be
    /// synced.
    RememberReceived {
        /// The epoch.
        epoch: Epoch,
        /// The blocks.
        blocks: ReceivedBlocks,
    },
    /// The stream is open. The journal takes generation and blocks in place of
    /// all it knew, and compares its own sums with them.
    Welcomed(Welcome),
    /// The journal takes these blocks, each whole, compares its own sums with
    /// them and may trim what is handled and proven.
    Handled(Handled),
    /// The centre has handled all of an earlier epoch up to there: it can be
    /// let go. Answer `Earlier` if it was.
    EarlierHandled {
        /// The epoch.
        epoch: Epoch,
        /// The last seq of it.
        through: Seq,
    },
    /// Gather the facts of a heartbeat; answer `Facts`.
    TakeFacts {
        /// The position whose age is wanted; none if all is handled.
        oldest: Option<Seq>,
    },
    /// The catalogue's version at the centre.
    CatalogueVersion(u64),
    /// Head office wants something done.
    Instruction(Instruction),
    /// The opening of the epoch can be fetched.
    OpeningReady(OpeningReady),
    /// A trouble began, or its detail changed.
    Raise(Trouble),
    /// A trouble is over.
    Clear(TroubleKind),
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// The agent stops.
    Stopping,
    /// The centre refused or asked to come later.
    Refused,
    /// No answer came for too long.
    NoAnswer,
    /// An earlier epoch was found that its `Hello` did not speak of.
    EarlierEpoch,
    /// The centre speaks of another history now.
    OtherGeneration,
    /// This journal and the centre hold different things.
    Forked,
}

/// A trouble of the uplink, with what is the case here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The centre is not reached.
    NotReached {
        /// The last cause.
        cause: String,
    },
    /// The centre asked to come later.
    Slowed,
    /// The centre refused.
    Refused(Refusal),
    /// The disk may be a restored one or a copy.
    Suspect,
    /// Another box took the shop over.
    Closed,
    /// Another journal sent what the centre holds under this one's epoch.
    Forked {
        /// What differs.
        detail: String,
    },
}

/// The kind of a trouble, by which it is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TroubleKind {
    /// [`Trouble::NotReached`]
    NotReached,
    /// [`Trouble::Slowed`]
    Slowed,
    /// [`Trouble::Refused`], but for a second box
    Refused,
    /// [`Trouble::Refused`] for a second box of the store
    SecondBox,
    /// [`Trouble::Suspect`]
    Suspect,
    /// [`Trouble::Closed`]
    Closed,
    /// [`Trouble::Forked`]
    Forked,
}

impl Trouble {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> TroubleKind {
        match self {
            Self::NotReached { .. } => TroubleKind::NotReached,
            Self::Slowed => TroubleKind::Slowed,
            Self::Refused(Refusal { code: RefusalCode::SecondBox, .. }) => TroubleKind::SecondBox,
            Self::Refused(_) => TroubleKind::Refused,
            Self::Suspect => TroubleKind::Suspect,
            Self::Closed => TroubleKind::Closed,
            Self::Forked { .. } => TroubleKind::Forked,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReached { cause } => write!(f, "head office is not reached: {cause}"),
            Self::Slowed => f.write_str("head office asked to come again later"),
            Self::Refused(refusal) => write!(f, "head office refused this box: {refusal}"),
            Self::Suspect => f.write_str("the session number did not grow: the disk may be a restored one or a copy"),
            Self::Closed => {
                f.write_str("another box took this shop over; what is sold here reaches head office as late")
            }
            Self::Forked { detail } => {
                write!(f, "head office holds movements under this journal's epoch that it did not send: {detail}")
            }
        }
    }
}
