//! What a receiver wants done.

use tidemark_model::{Epoch, EpochOrdinal, Generation};

use crate::message::{Batch, Heartbeat, Hello, OpeningTaken, RefusalCode, ToBox, Unreadable};
use crate::receiver::input::ProduceId;

/// What a receiver wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Look the store up; answer `LookedUp`.
    LookUp {
        /// Who asks.
        hello: Hello,
        /// Whether this `Hello` was looked up before and is held: it has
        /// passed the gate, and its session is stored.
        again: bool,
    },
    /// The box knows more than the ledger, or of a later history: take a new
    /// generation above this one. The receiver looks again by itself.
    RaiseGeneration {
        /// The highest known.
        above: Generation,
    },
    /// Produce a control record by which the applier gives this epoch its
    /// ordinal; answer `Produced` or `NotProduced`. An applier that meets an
    /// epoch twice changes nothing the second time.
    OpenEpoch {
        /// Its name.
        produce: ProduceId,
        /// Who asks.
        hello: Hello,
    },
    /// Produce these, all of one store, in order; answer `Produced` or
    /// `NotProduced`.
    Produce {
        /// Its name.
        produce: ProduceId,
        /// What.
        payload: Payload,
    },
    /// Send to the box.
    Send(ToBox),
    /// The stream is open: the store is heard from now on, other streams of
    /// the same box are superseded, catalogue version and open instructions
    /// may be given.
    Opened {
        /// The epoch.
        epoch: Epoch,
        /// Its ordinal.
        ordinal: EpochOrdinal,
        /// Whether a later epoch closed it.
        closed: bool,
    },
    /// The box said how it is; keep it.
    Heard(Heartbeat),
    /// The box has taken its opening; keep it.
    OpeningTaken(OpeningTaken),
    /// Tell the credit office.
    Wants(Wants),
    /// End the connection, after what was to be sent on it.
    Close(Closing),
}

/// What goes into the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Movements.
    Records(Batch),
    /// Positions that are lost by name.
    Unreadable(Unreadable),
}

/// What a shop needs from the credit office.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Whether it has backlog.
    pub backlog: bool,
    /// Credit it was given and has not used.
    pub outstanding: u64,
}

/// Why a stream ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It was refused.
    Refused(RefusalCode),
    /// The box was asked to come later.
    Slowed,
    /// The stream did not take what the box sent.
    NotProduced {
        /// Why.
        cause: String,
    },
    /// The ledger has another history now.
    OtherGeneration,
    /// A later stream of the same box took over.
    Superseded,
    /// The box left on purpose: it is offline at once.
    Goodbye,
    /// The box was not heard for too long.
    Silent,
    /// The connection is gone.
    Disconnected,
    /// The centre stops.
    Stopping,
}
